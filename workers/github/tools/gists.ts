import { ToolError } from "@hybrid-mcp/service-kit/tool";
import { z } from "zod";
import { type DataOf, defineTool } from "../api.ts";
import { numberedPageInput } from "../page-input.ts";
import { lookFirst } from "../unanswered.ts";
import { part } from "./body-text.ts";
import { timeInput } from "./id-input.ts";
import { pageOutput } from "./page-output.ts";
import { login } from "./user-input.ts";

type Gist = DataOf<"GET /gists">[number] | DataOf<"GET /gists/{gist_id}">;

const toolset = "gists";

const gistInput = {
  gist_id: z
    .string()
    .regex(/^[0-9A-Za-z]{1,64}$/, "must be the id of a gist")
    .describe("Id of the gist, of list_gists"),
};

const fileName = z
  .string()
  .min(1)
  .max(255)
  .refine((name) => !/[/\p{Cc}]/u.test(name), "must be a file's name, without a slash");

const summary = {
  id: z.string(),
  description: z.string().optional(),
  owner: z.string().optional(),
  public: z.boolean(),
  comments: z.int(),
  created_at: z.string(),
  updated_at: z.string(),
  url: z.string(),
};
const file = { name: z.string(), language: z.string().optional(), size: z.int() };

function summaryOf(gist: Gist) {
  return {
    id: gist.id ?? "",
    description: gist.description ?? undefined,
    owner: gist.owner?.login,
    public: gist.public ?? false,
    comments: gist.comments ?? 0,
    created_at: gist.created_at ?? "",
    updated_at: gist.updated_at ?? "",
    url: gist.html_url ?? "",
  };
}

function filesOf(gist: Gist) {
  return Object.values(gist.files ?? {}).flatMap((each) => {
    if (!each) return [];
    return [{ name: each.filename ?? "", language: each.language ?? undefined, size: each.size ?? 0 }];
  });
}

const listed = z.object({
  ...summary,
  files: z.array(z.object(file)),
  more_files: z.int().optional().describe("How many more files there are than are listed"),
});

/** Files that are listed of each gist, which may have hundreds. */
const MAX_LISTED = 20;

function listedOf(gist: Gist): z.input<typeof listed> {
  const files = filesOf(gist);
  const more = files.length - MAX_LISTED;
  return { ...summaryOf(gist), files: files.slice(0, MAX_LISTED), ...(more > 0 && { more_files: more }) };
}

export const listGists = defineTool({
  name: "list_gists",
  title: "List gists",
  description: "Lists the person's gists, secret ones too, or somebody else's public ones. The texts: get_gist.",
  scope: "github:read",
  toolset,
  readOnly: true,
  input: z.strictObject({
    login: login.optional().describe("Whose public gists; the person's own when left out"),
    since: timeInput("Only what was updated after this time"),
    ...numberedPageInput,
  }),
  output: z.object({ gists: z.array(listed), ...pageOutput }),
  async run({ login, since, ...page }, { upstream, signal }) {
    const { data, nextCursor } = login
      ? await upstream.page("GET /users/{username}/gists", { username: login, since }, page, signal)
      : await upstream.page("GET /gists", { since }, page, signal);
    return { gists: data.map(listedOf), next_cursor: nextCursor };
  },
});

export const getGist = defineTool({
  name: "get_gist",
  title: "Get a gist",
  description: "Reads a gist with the texts of its files; long ones in parts.",
  scope: "github:read",
  toolset,
  readOnly: true,
  input: z.strictObject({
    ...gistInput,
    file: fileName.optional().describe("Only this file of it"),
    offset: z.int().min(0).default(0).describe("Character of each text to begin at"),
    max_length: z.int().min(1000).max(50_000).default(20_000).describe("How much of all texts together, in characters"),
  }),
  output: z.object({
    ...summary,
    files: z.array(
      z.object({
        ...file,
        text: z.string().optional(),
        next_offset: z.int().optional().describe("There is more: ask for this file with this offset"),
        note: z.string().optional(),
      }),
    ),
  }),
  async run({ gist_id, file, offset, max_length }, { upstream, signal }) {
    const gist = await upstream.request("GET /gists/{gist_id}", { gist_id }, signal);
    const all = Object.values(gist.files ?? {}).flatMap((each) => each ?? []);
    const wanted = all.filter(({ filename }) => file === undefined || filename === file);
    if (file !== undefined && wanted.length === 0) {
      const names = all.map(({ filename }) => filename).join(", ");
      throw new ToolError(`The gist has no file ${JSON.stringify(file)}; it has ${names}.`);
    }
    let left = max_length;
    return {
      ...summaryOf(gist),
      files: wanted.map((each) => {
        const described = { name: each.filename ?? "", language: each.language ?? undefined, size: each.size ?? 0 };
        if (left === 0 && each.content) return { ...described, next_offset: offset };
        const { body, next_body_offset }: { body?: string; next_body_offset?: number } = part(each.content, {
          body_offset: offset,
          body_length: left,
        });
        left -= body?.length ?? 0;
        return {
          ...described,
          ...(body !== undefined && { text: body }),
          ...(next_body_offset !== undefined && { next_offset: next_body_offset }),
          ...(each.truncated && { note: "GitHub gives no more than the first megabyte of it here." }),
        };
      }),
    };
  },
});

const texts = z.record(fileName, z.string().min(1).max(500_000));
const descriptionInput = z.string().max(256).optional().describe("What it is, in a line");

export const createGist = defineTool({
  name: "create_gist",
  title: "Create a gist",
  description:
    "Makes a gist of one or more files, secret unless asked otherwise: then only who has the link can read it, and everybody who has it.",
  scope: "github:write",
  toolset,
  readOnly: false,
  input: z.strictObject({
    files: texts
      .refine((files) => Object.keys(files).length > 0, "must have a file")
      .describe('Text of each file by its name: {"notes.md": "# Notes"}'),
    description: descriptionInput,
    public: z.boolean().default(false).describe("Everybody can find it; that cannot be changed later"),
  }),
  output: listed,
  async run({ files, ...rest }, { upstream, signal }) {
    const made = await upstream.request(
      "POST /gists",
      { files: Object.fromEntries(Object.entries(files).map(([name, content]) => [name, { content }])), ...rest },
      signal,
      lookFirst("list_gists"),
    );
    return listedOf(made);
  },
});

export const updateGist = defineTool({
  name: "update_gist",
  title: "Change a gist",
  description:
    "Changes a gist of the person's: texts take the place of those of the same name or are added, others stay. Earlier versions are kept by GitHub.",
  scope: "github:write",
  toolset,
  readOnly: false,
  idempotent: true,
  input: z.strictObject({
    ...gistInput,
    files: texts.default({}).describe('New text of files by their name: {"notes.md": "# Notes"}'),
    remove: z.array(fileName).max(100).default([]).describe("Names of files to take out"),
    description: descriptionInput,
  }),
  output: listed,
  async run({ gist_id, files, remove, description }, { upstream, signal }) {
    const changes = Object.fromEntries([
      ...Object.entries(files).map(([name, content]) => [name, { content }]),
      ...remove.map((name) => [name, null]),
    ]);
    if (Object.keys(changes).length === 0 && description === undefined) {
      throw new ToolError("Nothing to change was given: files, remove or description.");
    }
    const body = { description, ...(Object.keys(changes).length > 0 && { files: changes }) };
    return listedOf(await upstream.request("PATCH /gists/{gist_id}", { gist_id, ...body }, signal));
  },
});

export const deleteGist = defineTool({
  name: "delete_gist",
  title: "Delete a gist",
  description: "Deletes a gist of the person's with all its files, versions and comments for good.",
  scope: "github:admin",
  toolset,
  readOnly: false,
  idempotent: true,
  input: z.strictObject(gistInput),
  output: z.object({ gist_id: z.string(), deleted: z.literal(true) }),
  async preview(args, { upstream, signal }) {
    const gist = await upstream.request("GET /gists/{gist_id}", args, signal);
    const names = filesOf(gist).map(({ name }) => name);
    const called = gist.description ? ` "${gist.description}"` : "";
    return `Deletes the gist${called} with its files ${names.join(", ")} and ${gist.comments ?? 0} comments.`;
  },
  async run(args, { upstream, signal }) {
    await upstream.request("DELETE /gists/{gist_id}", args, signal);
    return { gist_id: args.gist_id, deleted: true as const };
  },
});

export const gistTools = [listGists, getGist, createGist, updateGist, deleteGist];
