import { parseArgs } from "node:util";
import { runCommand, say, UserError } from "../local/cli/user-error.ts";
import { type Body, readBody } from "./body.ts";
import { BOT, type Github, githubOf } from "./github.ts";

interface Issue {
  number: number;
  body?: string | null;
  user: { login: string } | null;
  html_url: string;
  pull_request?: object;
}

/**
 * `npm run ci:issue -- --body <file> --title <title>`: opens an issue with what `drift --markdown` wrote, or changes the one that is
 * open already; with `--gone` closes it.
 */
await runCommand(async () => {
  const { body: file, title, gone, as } = parse();
  const github = githubOf(process.env);
  const body = readBody(file);
  const before = await own(github, body.marker, as);
  if (gone) await close(github, before, body);
  else await show(github, before, body, title);
});

async function show(github: Github, before: Issue | undefined, { text }: Body, title: string): Promise<void> {
  if (before?.body?.trim() === text.trim()) {
    say(`Nothing new: ${before.html_url}`);
    return;
  }
  const issue = before
    ? await github.request<Issue>("PATCH /repos/{owner}/{repo}/issues/{issue_number}", {
        issue_number: before.number,
        body: text,
      })
    : await github.request<Issue>("POST /repos/{owner}/{repo}/issues", { title, body: text });
  say(`${before ? "Changed" : "Opened"}: ${issue.html_url}`);
}

/** What was said last stays in it: it tells what had happened. */
async function close(github: Github, before: Issue | undefined, { marker, text }: Body): Promise<void> {
  if (!before) {
    say("There is no issue to close.");
    return;
  }
  const issue_number = before.number;
  const body = text.replace(marker, "").trim();
  await github.request("POST /repos/{owner}/{repo}/issues/{issue_number}/comments", { issue_number, body });
  const closed = { issue_number, state: "closed", state_reason: "completed" };
  await github.request("PATCH /repos/{owner}/{repo}/issues/{issue_number}", closed);
  say(`Closed: ${before.html_url}`);
}

/** The open issue of ours with this marker. */
async function own(github: Github, marker: string, author: string): Promise<Issue | undefined> {
  const issues = github.all<Issue>("GET /repos/{owner}/{repo}/issues", { state: "open", creator: author });
  for await (const issue of issues) {
    if (issue.pull_request || issue.user?.login !== author) continue;
    if (issue.body?.split(/\r?\n/, 1)[0] === marker) return issue;
  }
  return undefined;
}

function parse(): { body: string; title: string; gone: boolean; as: string } {
  const usage = `Usage: npm run ci:issue -- --body <file> --title <title> [--gone] [--as ${BOT}]`;
  try {
    const { values } = parseArgs({
      options: {
        body: { type: "string" },
        title: { type: "string" },
        gone: { type: "boolean", default: false },
        as: { type: "string", default: BOT },
      },
    });
    const { body, title, ...rest } = values;
    if (body === undefined || title === undefined) throw new Error("--body or --title is missing.");
    return { body, title, ...rest };
  } catch (error) {
    throw new UserError(`${(error as Error).message}\n${usage}`);
  }
}
