import { parseArgs } from "node:util";
import { runCommand, say, UserError } from "../local/cli/user-error.ts";
import { readBody, untrustedBody } from "./body.ts";
import { BOT, eventOf, type Github, githubOf } from "./github.ts";
import { pullRequestOf } from "./pull-request.ts";

interface Comment {
  id: number;
  body?: string;
  user: { login: string } | null;
  html_url: string;
}

/**
 * `npm run ci:comment -- --body <file>`: puts what `preview --markdown` wrote on the pull request of the workflow's event, as one
 * comment, which is changed from then on. With `--untrusted` the file is what another repository's code has printed.
 */
await runCommand(async () => {
  const { body: file, untrusted, as } = parse();
  const github = githubOf(process.env);
  const number = await pullRequestOf(github, eventOf(process.env));
  const body = untrusted
    ? untrustedBody(
        file,
        "local",
        "### What this does, on a local cloud\n\nBy the code of this pull request, as it printed it:",
      )
    : readBody(file);
  const before = await own(github, number, body.marker, as);
  const comment = before
    ? await github.request<Comment>("PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}", {
        comment_id: before.id,
        body: body.text,
      })
    : await github.request<Comment>("POST /repos/{owner}/{repo}/issues/{issue_number}/comments", {
        issue_number: number,
        body: body.text,
      });
  say(`${before ? "Changed" : "Posted"}: ${comment.html_url}`);
});

/** The comment of ours with this marker: anybody can write a marker, so who wrote it counts too. */
async function own(github: Github, issue_number: number, marker: string, author: string): Promise<Comment | undefined> {
  const comments = github.all<Comment>("GET /repos/{owner}/{repo}/issues/{issue_number}/comments", { issue_number });
  for await (const comment of comments) {
    if (comment.user?.login === author && comment.body?.split(/\r?\n/, 1)[0] === marker) return comment;
  }
  return undefined;
}

function parse(): { body: string; untrusted: boolean; as: string } {
  const usage = `Usage: npm run ci:comment -- --body <file> [--untrusted] [--as ${BOT}]`;
  try {
    const { values } = parseArgs({
      options: {
        body: { type: "string" },
        untrusted: { type: "boolean", default: false },
        as: { type: "string", default: BOT },
      },
    });
    const { body, ...rest } = values;
    if (body === undefined) throw new Error("--body is missing.");
    return { body, ...rest };
  } catch (error) {
    throw new UserError(`${(error as Error).message}\n${usage}`);
  }
}
