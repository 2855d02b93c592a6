import type { components } from "@octokit/openapi-types";
import { z } from "zod";
import { defineTool } from "../api.ts";
import { cursorPageInput } from "../page-input.ts";
import { lookFirst } from "../unanswered.ts";
import { part, partInput, partOutput } from "./body-text.ts";
import { plainText } from "./git-input.ts";
import { idInput } from "./id-input.ts";
import { pageOutput } from "./page-output.ts";
import { projectParameters, projectRoute } from "./project-route.ts";
import { repositoryInput } from "./repository-input.ts";

type Schemas = components["schemas"];

const toolset = "projects";

const ownerInput = {
  owner_type: z.enum(["org", "user"]).describe("Whether the project belongs to an organisation or a person"),
  owner: repositoryInput.owner.describe("Login of the organisation or person"),
};
const projectInput = {
  ...ownerInput,
  project: z.int().min(1).max(2_000_000_000).describe("Number of the project, of list_projects"),
};
const fieldsInput = z
  .array(idInput("a field, of list_project_fields"))
  .max(50)
  .default([])
  .describe("Ids of the fields whose values are wanted; the title alone when left out");

const project = z.object({
  number: z.int(),
  title: z.string(),
  state: z.string().optional(),
  public: z.boolean(),
  template: z.boolean().optional(),
  creator: z.string(),
  summary: z.string().optional(),
  status: z.string().optional().describe("Of the latest status update"),
  created_at: z.string(),
  updated_at: z.string(),
  closed_at: z.string().optional(),
});

function projectOf(from: Schemas["projects-v2"]): z.input<typeof project> {
  return {
    number: from.number,
    title: from.title,
    state: from.state,
    public: from.public,
    template: from.is_template,
    creator: from.creator.login,
    summary: from.short_description ?? undefined,
    status: from.latest_status_update?.status ?? undefined,
    created_at: from.created_at,
    updated_at: from.updated_at,
    closed_at: from.closed_at ?? undefined,
  };
}

export const listProjects = defineTool({
  name: "list_projects",
  title: "List projects",
  description:
    "Lists the projects (boards and tables of issues) of an organisation or a person. What is on one: list_project_items.",
  scope: "github:read",
  toolset,
  readOnly: true,
  input: z.strictObject({
    ...ownerInput,
    query: plainText.optional().describe('Words of the title, or "is:open", "is:closed", "is:template"'),
    ...cursorPageInput,
  }),
  output: z.object({ projects: z.array(project), ...pageOutput }),
  async run({ query, limit, cursor, ...owner }, { upstream, signal }) {
    const route = projectRoute("GET /orgs/{org}/projectsV2", owner);
    const parameters = { ...projectParameters(owner), q: query };
    const { data, nextCursor } = await upstream.page(route, parameters, { limit, cursor }, signal);
    return { projects: data.map(projectOf), next_cursor: nextCursor };
  },
});

export const getProject = defineTool({
  name: "get_project",
  title: "Get a project",
  description:
    "Reads what a project is for and how it stands. Its columns: list_project_fields; what is on it: list_project_items.",
  scope: "github:read",
  toolset,
  readOnly: true,
  input: z.strictObject({ ...projectInput, ...partInput }),
  output: project.extend(partOutput),
  async run({ owner, owner_type, project, ...text }, { upstream, signal }) {
    const name = { owner, owner_type, project };
    const route = projectRoute("GET /orgs/{org}/projectsV2/{project_number}", name);
    const found = await upstream.request(route, projectParameters(name), signal);
    return { ...projectOf(found), ...part(found.description, text) };
  },
});

const field = z.object({
  id: z.int(),
  name: z.string(),
  type: z.string(),
  options: z
    .array(z.object({ id: z.string(), name: z.string() }))
    .optional()
    .describe("What a single select can be, or the iterations: their ids are the values for update_project_item"),
});

function fieldOf(from: Schemas["projects-v2-field"]): z.input<typeof field> {
  const options = [
    ...(from.options ?? []).map(({ id, name }) => ({ id, name: name.raw })),
    ...(from.configuration?.iterations ?? []).map(({ id, title }) => ({ id, name: title.raw })),
  ];
  return { id: from.id, name: from.name, type: from.data_type, ...(options.length > 0 && { options }) };
}

export const listProjectFields = defineTool({
  name: "list_project_fields",
  title: "List a project's fields",
  description: "Lists the fields of a project, such as Status, with the ids that items are asked for and changed with.",
  scope: "github:read",
  toolset,
  readOnly: true,
  input: z.strictObject({ ...projectInput, ...cursorPageInput }),
  output: z.object({ fields: z.array(field), ...pageOutput }),
  async run({ limit, cursor, ...name }, { upstream, signal }) {
    const route = projectRoute("GET /orgs/{org}/projectsV2/{project_number}/fields", name);
    const { data, nextCursor } = await upstream.page(route, projectParameters(name), { limit, cursor }, signal);
    return { fields: data.map(fieldOf), next_cursor: nextCursor };
  },
});

export const getProjectField = defineTool({
  name: "get_project_field",
  title: "Get a project's field",
  description: "Reads one field of a project: its type, and what can be chosen.",
  scope: "github:read",
  toolset,
  readOnly: true,
  input: z.strictObject({ ...projectInput, field_id: idInput("the field, of list_project_fields") }),
  output: field,
  async run({ field_id, ...name }, { upstream, signal }) {
    const route = projectRoute("GET /orgs/{org}/projectsV2/{project_number}/fields/{field_id}", name);
    return fieldOf(await upstream.request(route, { ...projectParameters(name), field_id }, signal));
  },
});

const item = z.object({
  id: z.int().describe("Of the item in the project, not of the issue"),
  type: z.string().describe("Issue, PullRequest or DraftIssue"),
  title: z.string().optional(),
  number: z.int().optional().describe("Of the issue or pull request"),
  repository: z.string().optional(),
  state: z.string().optional(),
  url: z.string().optional(),
  archived: z.boolean(),
  fields: z
    .array(z.object({ id: z.int(), name: z.string(), type: z.string(), value: z.string().optional() }))
    .optional(),
  created_at: z.string(),
  updated_at: z.string(),
});

/** How much of a field's value is shown, in characters. */
const MAX_VALUE = 1000;

/** What an issue, pull request or draft has in common, of an object that the description leaves open. */
interface Content {
  title?: string;
  number?: number;
  state?: string;
  html_url?: string;
  repository_url?: string;
  base?: { repo?: { full_name?: string } };
  body?: string | null;
}

/** A field's value, likewise left open. */
interface FieldValue {
  id: number;
  name: string;
  data_type: string;
  value?: unknown;
}

function itemOf(
  from: Schemas["projects-v2-item-with-content"] | Schemas["projects-v2-item-simple"],
): z.input<typeof item> {
  const content = (from.content ?? {}) as Content;
  const fields = "fields" in from ? (from.fields as unknown as FieldValue[] | undefined) : undefined;
  return {
    id: from.id,
    type: from.content_type,
    title: content.title,
    number: content.number,
    repository: content.base?.repo?.full_name ?? /\/repos\/([^/]+\/[^/]+)$/.exec(content.repository_url ?? "")?.[1],
    state: content.state,
    url: content.html_url,
    archived: from.archived_at !== null,
    fields: fields?.map(({ id, name, data_type, value }) => ({
      ...{ id, name, type: data_type, value: textOf(value)?.slice(0, MAX_VALUE) },
    })),
    created_at: from.created_at,
    updated_at: from.updated_at,
  };
}

/** A field's value in a word: the name of what was chosen, the logins of people, the names of labels. */
function textOf(value: unknown): string | undefined {
  if (value === null || value === undefined) return undefined;
  if (Array.isArray(value)) return value.flatMap((each) => textOf(each) ?? []).join(", ") || undefined;
  if (typeof value !== "object") return String(value);
  const { raw, full_name, login, name, title, number } = value as Record<string, unknown>;
  return textOf(raw ?? full_name ?? login ?? name ?? title ?? number);
}

export const listProjectItems = defineTool({
  name: "list_project_items",
  title: "List a project's items",
  description:
    "Lists the issues, pull requests and drafts on a project, with the values of the fields that are asked for.",
  scope: "github:read",
  toolset,
  readOnly: true,
  input: z.strictObject({
    ...projectInput,
    query: plainText.optional().describe('A filter as in the project\'s search: "is:issue status:Todo"'),
    fields: fieldsInput,
    ...cursorPageInput,
  }),
  output: z.object({ items: z.array(item), ...pageOutput }),
  async run({ query, fields, limit, cursor, ...name }, { upstream, signal }) {
    const route = projectRoute("GET /orgs/{org}/projectsV2/{project_number}/items", name);
    const parameters = { ...projectParameters(name), q: query, ...wanted(fields) };
    const { data, nextCursor } = await upstream.page(route, parameters, { limit, cursor }, signal);
    return { items: data.map(itemOf), next_cursor: nextCursor };
  },
});

function wanted(fields: number[]) {
  return fields.length > 0 ? { fields: fields.join(",") } : {};
}

const itemInput = { ...projectInput, item_id: idInput("the item, of list_project_items") };

export const getProjectItem = defineTool({
  name: "get_project_item",
  title: "Get a project's item",
  description: "Reads one item of a project, with its text and the values of the fields that are asked for.",
  scope: "github:read",
  toolset,
  readOnly: true,
  input: z.strictObject({ ...itemInput, fields: fieldsInput, ...partInput }),
  output: item.extend(partOutput),
  async run({ item_id, fields, body_offset, body_length, ...name }, { upstream, signal }) {
    const route = projectRoute("GET /orgs/{org}/projectsV2/{project_number}/items/{item_id}", name);
    const found = await upstream.request(route, { ...projectParameters(name), item_id, ...wanted(fields) }, signal);
    const { body } = (found.content ?? {}) as Content;
    return { ...itemOf(found), ...part(body, { body_offset, body_length }) };
  },
});

export const addProjectItem = defineTool({
  name: "add_project_item",
  title: "Add an item to a project",
  description: "Puts an issue or pull request on a project. One that is on it already stays as it is.",
  scope: "github:write",
  toolset,
  readOnly: false,
  idempotent: true,
  input: z.strictObject({
    ...projectInput,
    type: z.enum(["Issue", "PullRequest"]).describe("What is added"),
    repo_owner: repositoryInput.owner,
    repo: repositoryInput.repo,
    number: z.int().min(1).max(2_000_000_000).describe("Number of the issue or pull request"),
  }),
  output: item,
  async run({ type, repo_owner, repo, number, ...name }, { upstream, signal }) {
    const route = projectRoute("POST /orgs/{org}/projectsV2/{project_number}/items", name);
    const added = { type, owner: repo_owner, repo, number };
    return itemOf(
      await upstream.request(route, { ...projectParameters(name), ...added }, signal, lookFirst("list_project_items")),
    );
  },
});

export const updateProjectItem = defineTool({
  name: "update_project_item",
  title: "Change a project's item",
  description:
    "Sets values of an item's fields, such as its Status: fields and their options have ids, of list_project_fields.",
  scope: "github:write",
  toolset,
  readOnly: false,
  idempotent: true,
  input: z.strictObject({
    ...itemInput,
    fields: z
      .array(
        z.strictObject({
          id: idInput("the field, of list_project_fields"),
          value: z
            .union([z.string().max(10_000), z.number(), z.null()])
            .describe("Text, number, date (2026-05-01) or the id of an option or iteration; null takes it away"),
        }),
      )
      .min(1)
      .max(50)
      .describe("The fields to set"),
  }),
  output: item,
  async run({ item_id, fields, ...name }, { upstream, signal }) {
    const route = projectRoute("PATCH /orgs/{org}/projectsV2/{project_number}/items/{item_id}", name);
    return itemOf(
      await upstream.request(
        route,
        { ...projectParameters(name), item_id, fields },
        signal,
        lookFirst("get_project_item"),
      ),
    );
  },
});

export const deleteProjectItem = defineTool({
  name: "delete_project_item",
  title: "Take an item off a project",
  description:
    "Takes an item off a project with its values there. The issue or pull request stays; a draft is gone for good.",
  scope: "github:admin",
  toolset,
  readOnly: false,
  idempotent: true,
  input: z.strictObject(itemInput),
  output: z.object({ item_id: z.int(), deleted: z.literal(true) }),
  async preview({ item_id, ...name }, { upstream, signal }) {
    const route = projectRoute("GET /orgs/{org}/projectsV2/{project_number}/items/{item_id}", name);
    const found = itemOf(await upstream.request(route, { ...projectParameters(name), item_id }, signal));
    const what = found.number ? `${found.repository}#${found.number}` : "the draft";
    const after = found.number ? "it stays in its repository" : "it cannot be had back";
    return `Takes ${what} "${found.title}" off the project, with its values there; ${after}.`;
  },
  async run({ item_id, ...name }, { upstream, signal }) {
    const route = projectRoute("DELETE /orgs/{org}/projectsV2/{project_number}/items/{item_id}", name);
    await upstream.request(route, { ...projectParameters(name), item_id }, signal);
    return { item_id, deleted: true as const };
  },
});

export const projectTools = [
  listProjects,
  getProject,
  listProjectFields,
  getProjectField,
  listProjectItems,
  getProjectItem,
  addProjectItem,
  updateProjectItem,
  deleteProjectItem,
];
