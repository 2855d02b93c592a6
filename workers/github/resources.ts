import type { Resource } from "@hybrid-mcp/service-kit/resource";
import { ToolError } from "@hybrid-mcp/service-kit/tool";
import { z } from "zod";
import type { GithubApi } from "./api.ts";
import { textPart } from "./text-part.ts";
import { filePath } from "./tools/git-input.ts";
import { repositoryInput } from "./tools/repository-input.ts";

/** Bytes of a file that a client gets as a resource. */
const MAX_FILE = 200_000;

const variablesOf = z.object({ ...repositoryInput, path: filePath });

/** What clients can read by its URI. */
export const resources: Resource<GithubApi>[] = [
  {
    name: "repository_file",
    title: "File of a repository",
    description: "A text file of a GitHub repository, on its default branch.",
    uriTemplate: "github://repos/{owner}/{repo}/contents/{+path}",
    mimeType: "text/plain",
    scope: "github:read",
    async read(variables, { upstream, signal }) {
      const parsed = variablesOf.safeParse(variables);
      if (!parsed.success) throw new ToolError(`The URI is not one of a file: ${z.prettifyError(parsed.error)}`);
      const { owner, repo, path } = parsed.data;
      const at = { path, ref: undefined };
      const bytes = await upstream.readFile({ owner, repo }, at, { offset: 0, length: MAX_FILE + 1 }, signal);
      if (bytes.length > MAX_FILE) {
        throw new ToolError(`${path} has more than ${MAX_FILE} bytes: get_file_contents reads it in parts.`);
      }
      const part = textPart(bytes, true, true);
      if (!part) throw new ToolError(`${path} is not text in UTF-8.`);
      return part.text;
    },
  },
];
