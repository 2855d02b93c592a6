import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { checked } from "./checked.ts";
import { publishedDescription } from "./published-description.ts";
import { createGithubStandIn } from "./stand-in.ts";

const BASE = "http://127.0.0.1:8782/github/api";
const ORCHARD = "/repos/ada/orchard";
const ORG = "/orgs/analytical-engines";

const description = publishedDescription();
const stateDir = mkdtempSync(join(tmpdir(), "github-areas-"));
afterAll(() => rmSync(stateDir, { recursive: true }));

let standIn: ReturnType<typeof checked>;

function start(options: { stateDir?: string } = {}) {
  const { handler } = createGithubStandIn({
    tokens: [
      { token: "ada", login: "ada", scopes: ["repo", "gist", "project", "read:org"] },
      { token: "grace", login: "grace", scopes: ["repo", "project", "read:org"] },
      { token: "carla", login: "carla-costa", scopes: ["repo", "project", "read:org"] },
      { token: "public", login: "ada", scopes: ["public_repo"] },
      { token: "app", login: "ada", permissions: { actions: "read" } },
    ],
    log: () => {},
    ...options,
  });
  return checked(handler, description);
}

beforeEach(() => {
  standIn = start();
});

async function call(token: string, method: string, path: string, body?: object) {
  const response = await standIn.handler(
    new Request(path.startsWith("http") ? path : `${BASE}${path}`, {
      method,
      headers: { "user-agent": "test", authorization: `Bearer ${token}` },
      ...(body && { body: JSON.stringify(body) }),
    }),
  );
  const text = await response.text();
  return { status: response.status, headers: response.headers, text };
}

describe("who may not is refused as GitHub does it", () => {
  test.each([
    ["public", "POST", "/gists", 403, "gist"],
    ["public", "GET", "/notifications", 403, "notifications, repo"],
    ["public", "GET", `${ORG}/projectsV2`, 403, "read:project, project"],
    ["public", "GET", "/user/orgs", 403, "user, read:org"],
    ["public", "GET", "/repos/ada/ledger/releases", 404, "repo"],
    ["public", "GET", "/repos/ada/ledger/actions/runs", 404, "repo"],
  ])("%s: %s %s is answered %i, with the scopes that would do", async (token, method, path, status, scopes) => {
    const answer = await call(token, method, path, method === "POST" ? { files: { x: { content: "x" } } } : undefined);
    expect(answer.status).toBe(status);
    expect(answer.headers.get("x-accepted-oauth-scopes")).toBe(scopes);
    expect(standIn.problems).toEqual([]);
  });

  test.each([
    ["app", "POST", `${ORCHARD}/actions/runs/9007/rerun`, 403],
    ["grace", "POST", `${ORCHARD}/actions/runs/9007/rerun`, 403],
    ["grace", "DELETE", `${ORCHARD}/releases/400`, 403],
    ["grace", "GET", `${ORCHARD}/releases/403`, 404],
    ["grace", "GET", `${ORCHARD}/secret-scanning/alerts`, 404],
    ["grace", "GET", `${ORCHARD}/dependabot/alerts`, 403],
    ["carla", "GET", `${ORG}/teams`, 404],
    ["carla", "GET", `${ORG}/projectsV2/2`, 404],
    ["carla", "DELETE", `${ORG}/projectsV2/1/items/6201`, 403],
    ["grace", "GET", `${ORG}/security-advisories`, 404],
  ])("%s: %s %s is answered %i", async (token, method, path, status) => {
    expect((await call(token, method, path)).status).toBe(status);
    expect(standIn.problems).toEqual([]);
  });
});

test("the pull requests of a commit: the merged one once it is in the default branch, before that the open one too", async () => {
  const of = async (commit: string) => {
    const { status, text } = await call("ada", "GET", `${ORCHARD}/commits/${commit}/pulls`);
    expect(status).toBe(200);
    return (JSON.parse(text) as { number: number; merge_commit_sha: string | null }[]).map(
      ({ number, merge_commit_sha }) => [number, merge_commit_sha],
    );
  };
  const { head } = JSON.parse((await call("ada", "GET", `${ORCHARD}/pulls/16`)).text) as { head: { sha: string } };
  expect(await of(head.sha)).toEqual([[16, null]]);
  expect(await of("main")).toEqual([]);
  const squash = await call("ada", "PUT", `${ORCHARD}/pulls/16/merge`, { merge_method: "squash" });
  const { sha } = JSON.parse(squash.text) as { sha: string };
  expect(await of(sha)).toEqual([[16, sha]]);
  expect(await of(head.sha)).toEqual([[16, sha]]);
  expect((await call("ada", "GET", `${ORCHARD}/commits/${"0".repeat(40)}/pulls`)).status).toBe(422);
  expect(standIn.problems).toEqual([]);
});

test("links lead out of the API, to a storage that takes no credential and knows who asked by the link", async () => {
  const { status, headers } = await call("ada", "GET", `${ORCHARD}/actions/jobs/9207/logs`);
  expect(status).toBe(302);
  const link = headers.get("location")!;
  expect(link).toMatch(/^http:\/\/127\.0\.0\.1:8782\/github\/storage\/logs\/9207\.txt\?sig=/);
  expect((await standIn.handler(new Request(link))).status).toBe(200);
  expect((await call("ada", "GET", link)).status).toBe(400);
  expect((await standIn.handler(new Request(link.replace(/sig=.*/, "sig=guessed")))).status).toBe(403);
});

test("what is made survives a restart", async () => {
  standIn = start({ stateDir });
  const gist = JSON.parse((await call("ada", "POST", "/gists", { files: { "a.md": { content: "Kept" } } })).text);
  await call("ada", "POST", `${ORCHARD}/actions/runs/9004/rerun`, {});
  standIn = start({ stateDir });
  expect((await call("ada", "GET", `/gists/${gist.id}`)).text).toContain('"content":"Kept"');
  expect((await call("ada", "GET", `${ORCHARD}/actions/runs/9004`)).text).toContain('"run_attempt":2');
  expect(readFileSync(join(stateDir, "github.json"), "utf8")).toContain("Kept");
});

test("the judge of requests finds what is not as described, in GraphQL too", async () => {
  await call("ada", "GET", `${ORCHARD}/dependabot/alerts?page=2`);
  await call("ada", "PATCH", `${ORCHARD}/dependabot/alerts/1`, { state: "gone" });
  await call("ada", "POST", "/graphql", { query: "{ repository(owner: 1) { pears } }" });
  const found = standIn.problems.join("\n");
  expect(found).toContain("there is no parameter page");
  expect(found).toContain("/state must be equal to one of the allowed values");
  expect(found).toContain('POST /graphql: Cannot query field "pears" on type "Repository"');
});
