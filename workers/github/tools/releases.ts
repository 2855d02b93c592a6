import { ToolError } from "@hybrid-mcp/service-kit/tool";
import type { components } from "@octokit/openapi-types";
import { z } from "zod";
import { defineTool } from "../api.ts";
import { numberedPageInput } from "../page-input.ts";
import { lookFirst } from "../unanswered.ts";
import { beginning, beginningInput, beginningOutput, part, partInput, partOutput } from "./body-text.ts";
import { refName } from "./git-input.ts";
import { idInput } from "./id-input.ts";
import { pageOutput } from "./page-output.ts";
import { repositoryInput } from "./repository-input.ts";

type Release = components["schemas"]["release"];

const toolset = "releases";

/** A release may have many files; what is shown of them fits into an answer. */
const MAX_ASSETS = 50;

const release = z.object({
  id: z.int(),
  tag: z.string(),
  name: z.string().optional(),
  target: z.string().describe("Branch or commit that the tag is made of, if it is not there yet"),
  draft: z.boolean(),
  prerelease: z.boolean(),
  author: z.string(),
  created_at: z.string(),
  published_at: z.string().optional(),
  url: z.string(),
  assets: z.array(z.object({ name: z.string(), size: z.int(), downloads: z.int(), url: z.string() })).optional(),
  more_assets: z.int().optional().describe("How many more files there are than are listed"),
});

function releaseOf(from: Release): z.input<typeof release> {
  const more = from.assets.length - MAX_ASSETS;
  return {
    id: from.id,
    tag: from.tag_name,
    name: from.name ?? undefined,
    target: from.target_commitish,
    draft: from.draft,
    prerelease: from.prerelease,
    author: from.author.login,
    created_at: from.created_at,
    published_at: from.published_at ?? undefined,
    url: from.html_url,
    assets: from.assets.slice(0, MAX_ASSETS).map(({ name, size, download_count, browser_download_url }) => ({
      ...{ name, size, downloads: download_count, url: browser_download_url },
    })),
    ...(more > 0 && { more_assets: more }),
  };
}

const wholeRelease = release.extend(partOutput);

/** What there is of the notes after a change is a beginning: the tools that read have the rest. */
const changedRelease = release.extend(beginningOutput);
const changedOf = (from: Release) => ({ ...releaseOf(from), ...beginning(from.body, 1000) });

export const listReleases = defineTool({
  name: "list_releases",
  title: "List releases",
  description:
    "Lists the releases of a repository, newest first, with the beginning of their notes. All of one: get_release_by_tag.",
  scope: "github:read",
  toolset,
  readOnly: true,
  input: z.strictObject({ ...repositoryInput, body_length: beginningInput(300), ...numberedPageInput }),
  output: z.object({ releases: z.array(release.extend(beginningOutput)), ...pageOutput }),
  async run({ owner, repo, body_length, ...page }, { upstream, signal }) {
    const route = "GET /repos/{owner}/{repo}/releases";
    const { data, nextCursor } = await upstream.page(route, { owner, repo }, page, signal);
    const releases = data.map((each) => {
      const { assets: _, more_assets: __, ...rest } = releaseOf(each);
      return { ...rest, ...beginning(each.body, body_length) };
    });
    return { releases, next_cursor: nextCursor };
  },
});

export const getLatestRelease = defineTool({
  name: "get_latest_release",
  title: "Get the latest release",
  description: "Reads the latest release of a repository that is neither a draft nor a prerelease: notes and files.",
  scope: "github:read",
  toolset,
  readOnly: true,
  input: z.strictObject({ ...repositoryInput, ...partInput }),
  output: wholeRelease,
  async run({ owner, repo, ...text }, { upstream, signal }) {
    const found = await upstream.request("GET /repos/{owner}/{repo}/releases/latest", { owner, repo }, signal);
    return { ...releaseOf(found), ...part(found.body, text) };
  },
});

export const getReleaseByTag = defineTool({
  name: "get_release_by_tag",
  title: "Get a release by its tag",
  description:
    "Reads the published release of a tag: notes and files. Drafts have no tag yet: find them with list_releases.",
  scope: "github:read",
  toolset,
  readOnly: true,
  input: z.strictObject({ ...repositoryInput, tag: refName.describe('The tag: "v1.2.0"'), ...partInput }),
  output: wholeRelease,
  async run({ owner, repo, tag, ...text }, { upstream, signal }) {
    const route = "GET /repos/{owner}/{repo}/releases/tags/{tag}";
    const found = await upstream.request(route, { owner, repo, tag }, signal);
    return { ...releaseOf(found), ...part(found.body, text) };
  },
});

const contents = {
  name: z.string().max(256).optional().describe("Title"),
  body: z.string().max(125_000).optional().describe("Notes, in Markdown"),
  target: refName.optional().describe("Branch or commit for a tag that is not there yet"),
  draft: z.boolean().optional().describe("Not seen by others until it is published"),
  prerelease: z.boolean().optional().describe("Not ready for everybody"),
  latest: z.boolean().optional().describe("Whether it is shown as the latest one; GitHub decides when left out"),
};

/** GitHub takes a text here: there is a third answer. */
const latestOf = (latest: boolean | undefined) =>
  latest === undefined ? undefined : latest ? ("true" as const) : ("false" as const);

export const createRelease = defineTool({
  name: "create_release",
  title: "Create a release",
  description:
    "Makes a release of a tag; a tag that is not there is made, of target. Unless it is a draft, everybody who watches the repository is told.",
  scope: "github:write",
  toolset,
  readOnly: false,
  input: z.strictObject({
    ...repositoryInput,
    tag: refName.describe('The tag: "v1.2.0"'),
    ...contents,
    generate_notes: z.boolean().default(false).describe("Let GitHub write the notes, of the merged pull requests"),
  }),
  output: changedRelease,
  async run({ owner, repo, tag, target, latest, generate_notes, ...rest }, { upstream, signal }) {
    const made = await upstream.request(
      "POST /repos/{owner}/{repo}/releases",
      {
        ...{ owner, repo, tag_name: tag, target_commitish: target, ...rest },
        generate_release_notes: generate_notes,
        make_latest: latestOf(latest),
      },
      signal,
      lookFirst("list_releases"),
    );
    return changedOf(made);
  },
});

const releaseInput = { ...repositoryInput, release_id: idInput("the release, of list_releases") };

export const updateRelease = defineTool({
  name: "update_release",
  title: "Change a release",
  description: "Changes a release: what is given takes the place of what was there. draft: false publishes a draft.",
  scope: "github:write",
  toolset,
  readOnly: false,
  idempotent: true,
  input: z.strictObject({
    ...releaseInput,
    tag: refName.optional().describe("Another tag"),
    ...contents,
  }),
  output: changedRelease,
  async run({ owner, repo, release_id, tag, target, latest, ...rest }, { upstream, signal }) {
    const changes = { tag_name: tag, target_commitish: target, make_latest: latestOf(latest), ...rest };
    if (Object.values(changes).every((value) => value === undefined)) {
      throw new ToolError("Nothing to change was given: name, body, draft or another field.");
    }
    const route = "PATCH /repos/{owner}/{repo}/releases/{release_id}";
    return changedOf(await upstream.request(route, { owner, repo, release_id, ...changes }, signal));
  },
});

export const deleteRelease = defineTool({
  name: "delete_release",
  title: "Delete a release",
  description: "Deletes a release with its notes and files for good; its tag stays.",
  scope: "github:admin",
  toolset,
  readOnly: false,
  idempotent: true,
  input: z.strictObject(releaseInput),
  output: z.object({ release_id: z.int(), deleted: z.literal(true) }),
  async preview(args, { upstream, signal }) {
    const found = await upstream.request("GET /repos/{owner}/{repo}/releases/{release_id}", args, signal);
    const { tag_name, name, assets, draft } = found;
    return `Deletes the ${draft ? "draft " : ""}release ${name || tag_name} of the tag ${tag_name} and its ${assets.length} files; the tag stays.`;
  },
  async run(args, { upstream, signal }) {
    await upstream.request("DELETE /repos/{owner}/{repo}/releases/{release_id}", args, signal);
    return { release_id: args.release_id, deleted: true as const };
  },
});

export const releaseTools = [
  listReleases,
  getLatestRelease,
  getReleaseByTag,
  createRelease,
  updateRelease,
  deleteRelease,
];
