import { existsSync, statSync } from "node:fs";
import { parseArgs } from "node:util";
import { runCommand, say, UserError } from "../local/cli/user-error.ts";
import { type Body, failedBody, readBody, untrustedBody } from "./body.ts";
import { BOT, eventOf, type Github, githubOf } from "./github.ts";
import { previewOf, pullRequestOf } from "./pull-request.ts";

interface Comment {
  id: number;
  body?: string;
  user: { login: string } | null;
  html_url: string;
}

/**
 * `npm run ci:comment -- --stack <name> --body <file>`: puts what `preview --markdown` wrote on the pull request of the workflow's
 * event, as one comment, which is changed from then on. With `--untrusted` the file is what another repository's code has printed.
 * Where there is no such file, or nothing in it, the comment says that the preview failed.
 */
await runCommand(async () => {
  const { as, ...given } = parse();
  const github = githubOf(process.env);
  const event = eventOf(process.env);
  const number = await pullRequestOf(github, event);
  const body = bodyOf(given, event);
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

function bodyOf({ body: file, stack, untrusted }: Given, event: Record<string, unknown>): Body {
  if (!existsSync(file) || statSync(file).size === 0) {
    const { commit, run } = previewOf(event, process.env);
    return failedBody(stack, commit, run);
  }
  if (!untrusted) return readBody(file);
  const title = "### What this does, on a local cloud\n\nBy the code of this pull request, as it printed it:";
  return untrustedBody(file, stack, title);
}

/** The comment of ours with this marker: anybody can write a marker, so who wrote it counts too. */
async function own(github: Github, issue_number: number, marker: string, author: string): Promise<Comment | undefined> {
  const comments = github.all<Comment>("GET /repos/{owner}/{repo}/issues/{issue_number}/comments", { issue_number });
  for await (const comment of comments) {
    if (comment.user?.login === author && comment.body?.split(/\r?\n/, 1)[0] === marker) return comment;
  }
  return undefined;
}

interface Given {
  body: string;
  stack: string;
  untrusted: boolean;
}

function parse(): Given & { as: string } {
  const usage = `Usage: npm run ci:comment -- --stack <name> --body <file> [--untrusted] [--as ${BOT}]`;
  try {
    const { values } = parseArgs({
      options: {
        body: { type: "string" },
        stack: { type: "string" },
        untrusted: { type: "boolean", default: false },
        as: { type: "string", default: BOT },
      },
    });
    const { body, stack, ...rest } = values;
    if (body === undefined || stack === undefined) throw new Error("--body or --stack is missing.");
    return { body, stack, ...rest };
  } catch (error) {
    throw new UserError(`${(error as Error).message}\n${usage}`);
  }
}
