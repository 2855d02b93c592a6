import { beforeAll, expect, test } from "vitest";
import { githubService } from "./testing/github-service.ts";

const ORCHARD = { owner: "ada", repo: "orchard" };
const LONG = "apples and pears ".repeat(3500);
/** Characters of an answer that a model can still use. */
const MOST = 60_000;

const { call } = githubService();
let number: number;
let pull: number;

/** An issue, comments and a pull request that are as long as they get. */
beforeAll(async () => {
  for (let count = 0; count < 30; count++) {
    ({ number } = await call<{ number: number }>("create_issue", { ...ORCHARD, title: "x".repeat(256), body: LONG }));
  }
  for (let count = 0; count < 30; count++) await call("add_issue_comment", { ...ORCHARD, number, body: LONG });
  await call("create_branch", { ...ORCHARD, branch: "long" });
  const folder = "a-folder-with-a-long-name/".repeat(3);
  const files = Array.from({ length: 100 }, (_, index) => ({
    path: `${folder}${index}.md`,
    content: LONG.slice(0, 10_000),
  }));
  const pushed = { ...ORCHARD, branch: "long", message: "x".repeat(5000), files };
  await call("push_files", pushed);
  const wanted = { ...ORCHARD, title: "Long", head: "long", base: "main", body: LONG };
  ({ number: pull } = await call<{ number: number }>("create_pull_request", wanted));
  const comments = files.slice(0, 30).map(({ path }) => ({ path, line: 1, body: LONG.slice(0, 10_000) }));
  await call("create_pull_request_review", { ...ORCHARD, number: pull, event: "COMMENT", body: LONG, comments });
}, 60_000);

test.each([
  ["list_issues", {}],
  ["search_issues", { query: "apples repo:ada/orchard" }],
  ["get_issue", { number: 0 }],
  ["list_issue_comments", { number: 0 }],
  ["list_pull_requests", {}],
  ["get_pull_request", { pull: 0 }],
  ["list_pull_request_files", { pull: 0 }],
  ["get_pull_request_diff", { pull: 0 }],
  ["list_pull_request_commits", { pull: 0 }],
  ["list_review_comments", { pull: 0 }],
  ["get_commit", { ref: "long" }],
  ["get_diff", { head: "long" }],
  ["compare_commits", { base: "main", head: "long" }],
  ["get_tree", { ref: "long" }],
  ["get_file_contents", { path: "data/readings.csv" }],
])("%s answers with no more than a model can use, whatever there is", async (name, args: Record<string, unknown>) => {
  const where = name.startsWith("search_") ? {} : ORCHARD;
  const { pull: ofPull, number: ofIssue, ...rest } = args;
  const of = { ...(ofPull !== undefined && { number: pull }), ...(ofIssue !== undefined && { number }) };
  const answer = await call<object>(name, { ...where, ...rest, ...of });
  const { length } = JSON.stringify(answer);
  expect(length).toBeLessThan(MOST);
  // There is so much that it had to be cut.
  expect(JSON.stringify(answer)).toMatch(/next_|_truncated|"total"/);
});
