import { z } from "zod";
import { defineTool } from "../api.ts";
import { pageInput } from "../page-cursor.ts";
import { lookFirst } from "../unanswered.ts";
import { pageOutput } from "./page-output.ts";
import { repositoryInput } from "./repository-input.ts";

const labels = { toolset: "labels" } as const;

/** It goes into a path: `.` and `..` would lead elsewhere. */
const labelName = z
  .string()
  .trim()
  .min(1)
  .max(50)
  .refine((name) => !/^\.{1,2}$/.test(name) && name.isWellFormed(), "must be a label's name");
const color = z.string().regex(/^[0-9a-fA-F]{6}$/, "must be six hexadecimal digits, without #");
const description = z.string().max(100);

const labelOutput = z.object({ name: z.string(), color: z.string(), description: z.string().optional() });

const label = (each: { name: string; color: string; description: string | null }) => ({
  ...{ name: each.name, color: each.color, description: each.description ?? undefined },
});

/** https://docs.github.com/en/rest/issues/labels#list-labels-for-a-repository */
export const listLabels = defineTool({
  ...labels,
  name: "list_labels",
  title: "List labels",
  description: "Lists the labels of a repository.",
  scope: "github:read",
  readOnly: true,
  input: z.strictObject({ ...repositoryInput, ...pageInput }),
  output: z.object({ labels: z.array(labelOutput), ...pageOutput }),
  async run({ owner, repo, ...page }, { upstream, signal }) {
    const { data, nextCursor } = await upstream.page("GET /repos/{owner}/{repo}/labels", { owner, repo }, page, signal);
    return { labels: data.map(label), next_cursor: nextCursor };
  },
});

/** https://docs.github.com/en/rest/issues/labels#get-a-label */
export const getLabel = defineTool({
  ...labels,
  name: "get_label",
  title: "Get a label",
  description: "Shows one label of a repository: colour and description.",
  scope: "github:read",
  readOnly: true,
  input: z.strictObject({ ...repositoryInput, name: labelName.describe("Name of the label") }),
  output: labelOutput,
  run: async (name, { upstream, signal }) =>
    label(await upstream.request("GET /repos/{owner}/{repo}/labels/{name}", name, signal)),
});

/** https://docs.github.com/en/rest/issues/labels#create-a-label */
export const createLabel = defineTool({
  ...labels,
  name: "create_label",
  title: "Create a label",
  description: "Creates a label in a repository, to be given to issues with update_issue.",
  scope: "github:write",
  readOnly: false,
  input: z.strictObject({
    ...repositoryInput,
    name: labelName.describe("Name of the new label"),
    color: color.default("ededed").describe("Six hexadecimal digits"),
    description: description.optional().describe("What it means"),
  }),
  output: labelOutput,
  run: async (wanted, { upstream, signal }) =>
    label(await upstream.request("POST /repos/{owner}/{repo}/labels", wanted, signal, lookFirst("get_label"))),
});

/** https://docs.github.com/en/rest/issues/labels#update-a-label */
export const updateLabel = defineTool({
  ...labels,
  name: "update_label",
  title: "Change a label",
  description: "Changes the name, colour or description of a label, on all issues that have it.",
  scope: "github:write",
  readOnly: false,
  input: z
    .strictObject({
      ...repositoryInput,
      name: labelName.describe("Name of the label as it is"),
      new_name: labelName.optional().describe("A new name"),
      color: color.optional().describe("Six hexadecimal digits"),
      description: description.optional().describe("What it means"),
    })
    .refine((input) => Object.keys(input).length > 3, "name at least one thing to change"),
  output: labelOutput,
  run: async (wanted, { upstream, signal }) =>
    label(
      await upstream.request("PATCH /repos/{owner}/{repo}/labels/{name}", wanted, signal, lookFirst("list_labels")),
    ),
});

/** https://docs.github.com/en/rest/issues/labels#delete-a-label */
export const deleteLabel = defineTool({
  ...labels,
  name: "delete_label",
  title: "Delete a label",
  description: "Deletes a label and takes it off all issues that have it.",
  scope: "github:admin",
  readOnly: false,
  input: z.strictObject({ ...repositoryInput, name: labelName.describe("Name of the label") }),
  output: z.object({ deleted: z.boolean() }),
  async preview(name, { upstream, signal }) {
    const found = await upstream.request("GET /repos/{owner}/{repo}/labels/{name}", name, signal);
    return `Deletes the label ${found.name} of ${name.owner}/${name.repo}, and takes it off all issues that have it.`;
  },
  async run(name, { upstream, signal }) {
    await upstream.request("DELETE /repos/{owner}/{repo}/labels/{name}", name, signal, lookFirst("list_labels"));
    return { deleted: true };
  },
});

export const labelTools = [listLabels, getLabel, createLabel, updateLabel, deleteLabel];
