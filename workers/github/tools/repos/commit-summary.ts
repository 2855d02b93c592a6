import type { components } from "@octokit/openapi-types";
import { z } from "zod";

/** A commit in a list. */
export const commitOutput = z.object({
  sha: z.string(),
  message: z.string(),
  message_truncated: z.boolean().optional(),
  author: z.string().optional().describe("Login, or the name that Git has"),
  date: z.string().optional(),
  parents: z.array(z.string()).optional(),
  url: z.string(),
});

type Commit = Pick<components["schemas"]["commit"], "sha" | "html_url" | "commit" | "author" | "parents">;

/** @param length of the message, in characters */
export function commitSummary({ sha, html_url, commit, author, parents }: Commit, length = 500) {
  const { message } = commit;
  return {
    sha,
    message: message.slice(0, length).toWellFormed(),
    ...(message.length > length && { message_truncated: true }),
    author: (author && "login" in author ? author.login : undefined) ?? commit.author?.name,
    date: commit.author?.date,
    parents: parents.map((parent) => parent.sha),
    url: html_url,
  };
}
