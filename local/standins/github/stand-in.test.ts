import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { LARGE_FILE, refsOf } from "./files.ts";
import { treeSha } from "./git-object.ts";
import { publishedDescription } from "./published-description.ts";
import { SEEDED_ISSUES, SEEDED_PEOPLE } from "./seed.ts";
import { createGithubStandIn, type GithubStandInOptions } from "./stand-in.ts";

const BASE = "http://127.0.0.1:8782/github/api";
const ORCHARD = "/repos/ada/orchard";
const LEDGER = "/repos/ada/ledger";
const ISSUES = `${ORCHARD}/issues`;
const [ADA, GRACE] = SEEDED_PEOPLE;
const OBJECT = "application/vnd.github.object+json";

// biome-ignore lint/suspicious/noExplicitAny: bodies are judged by the published description, not by types
type Body = any;

const description = publishedDescription();
const seen = new Set<string>();
const directories: string[] = [];

let clock: number;
let logged: string[];
let standIn: ReturnType<typeof createGithubStandIn>;

function start(options: Partial<GithubStandInOptions> = {}) {
  return createGithubStandIn({
    tokens: [
      { token: "ada", login: ADA.login },
      { token: "grace", login: GRACE.login },
      { token: "ada-public", login: ADA.login, scopes: ["public_repo"] },
      { token: "ada-nothing", login: ADA.login, scopes: [] },
      { token: "ada-app", login: ADA.login, permissions: { issues: "read" } },
    ],
    tokenOwner: async (token) => (token === "from-elsewhere" ? "carla-costa" : undefined),
    log: (line) => logged.push(line),
    now: () => clock,
    ...options,
  });
}

interface CallOptions {
  body?: unknown;
  token?: string;
  accept?: string;
  headers?: Record<string, string>;
}

/** Every answer that a test gets is judged by GitHub's own description of it. */
async function call(method: string, path: string, { body, token = "ada", accept, headers }: CallOptions = {}) {
  const url = path.startsWith("http") ? path : `${BASE}${path}`;
  const response = await standIn.handler(
    new Request(url, {
      method,
      headers: {
        "user-agent": "test",
        ...(token && { authorization: `Bearer ${token}` }),
        accept: accept ?? "application/vnd.github+json",
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    }),
  );
  const text = await response.text();
  const answer: Body = text === "" ? undefined : JSON.parse(text);
  const operation = description.operation(method, new URL(url).pathname.slice("/github/api".length));
  const mediaType = accept === OBJECT && response.ok ? "application/vnd.github.object" : "application/json";
  expect(description.problems(operation, response.status, answer, mediaType), `${method} ${url}: ${text}`).toEqual([]);
  if (operation && response.ok) seen.add(`${operation} ${response.status}`);
  return { status: response.status, body: answer, headers: response.headers };
}

async function get(path: string, options: CallOptions = {}) {
  const { status, body } = await call("GET", path, options);
  expect(status, JSON.stringify(body)).toBe(200);
  return body;
}

async function refused(method: string, path: string, options: CallOptions = {}) {
  const { status, body } = await call(method, path, options);
  expect(body.status).toBe(String(status));
  return [status, body.message, ...(body.errors ? [body.errors] : [])];
}

const raw = (path: string) =>
  standIn.handler(
    new Request(`${BASE}${path}`, {
      headers: { authorization: "token ada", "user-agent": "test", accept: "application/vnd.github.raw+json" },
    }),
  );

const numbers = (issues: Body[]) => issues.map((issue) => issue.number);

function directory() {
  const made = mkdtempSync(join(tmpdir(), "github-stand-in-"));
  directories.push(made);
  return made;
}

beforeEach(() => {
  clock = Date.UTC(2026, 10, 22, 12);
  logged = [];
  standIn = start();
});

afterAll(() => {
  for (const each of directories) rmSync(each, { recursive: true });
});

describe("who asks", () => {
  it("is the person of the token, with what only that person may see", async () => {
    expect(await get("/user")).toMatchObject({
      login: "ada",
      email: "ada@example.com",
      public_repos: 1,
      owned_private_repos: 1,
    });
    expect(await get("/user", { token: "ada-app" })).toHaveProperty("plan");
  });

  it("is told without the private part to a token that lacks the scope for it", async () => {
    const user = await get("/user", { token: "ada-nothing" });
    expect(user).toMatchObject({ login: "ada", user_view_type: "public" });
    expect(user).not.toHaveProperty("plan");
  });

  it("can be somebody whom only the one who issued the token knows", async () => {
    const user = await get("/user", { token: "from-elsewhere" });
    expect(user).toMatchObject({ login: "carla-costa", name: null, public_repos: 0 });
    expect(await get("/user", { token: "from-elsewhere" })).toEqual(user);
    expect((await call("POST", ISSUES, { token: "from-elsewhere", body: { title: "x" } })).body.user.id).toBe(user.id);
  });

  it("is answered 401 without a known token", async () => {
    expect(await refused("GET", "/user", { token: "" })).toEqual([401, "Requires authentication"]);
    expect(await refused("GET", "/user", { token: "ad" })).toEqual([401, "Bad credentials"]);
    expect(await refused("GET", ORCHARD, { token: "", headers: { authorization: "Basic ada" } })).toEqual([
      401,
      "Bad credentials",
    ]);
  });

  it("is answered 403 when the client does not name itself", async () => {
    const response = await standIn.handler(new Request(`${BASE}/user`, { headers: { authorization: "Bearer ada" } }));
    expect([response.status, ((await response.json()) as Body).message]).toEqual([
      403,
      expect.stringContaining("User-Agent"),
    ]);
  });

  it("can look at another person, and not at nobody", async () => {
    expect(await get("/users/GRACE")).toMatchObject({ login: "grace", name: "Grace Hopper" });
    expect((await refused("GET", "/users/nobody"))[0]).toBe(404);
  });
});

describe("repositories", () => {
  it("are found without regard to case, with the person's own permissions", async () => {
    expect(await get("/repos/Ada/Orchard")).toMatchObject({
      full_name: "ada/orchard",
      open_issues_count: SEEDED_ISSUES.open + SEEDED_ISSUES.pullRequests,
      permissions: { admin: true, push: true },
    });
    expect((await get(ORCHARD, { token: "grace" })).permissions).toMatchObject({ admin: false, push: false });
  });

  it("are listed for who may push to them", async () => {
    const names = async (query: string, token: string) =>
      (await get(`/user/repos${query}`, { token })).map((each: Body) => each.name);
    expect(await names("", "ada")).toEqual(["ledger", "orchard"]);
    expect(await names("?visibility=public", "ada")).toEqual(["orchard"]);
    expect(await names("", "ada-public")).toEqual(["orchard"]);
    expect(await names("", "grace")).toEqual([]);
    expect((await refused("GET", "/user/repos?visibility=some"))[0]).toBe(422);
  });

  it("do not exist for who may not see them", async () => {
    for (const token of ["grace", "ada-public"]) {
      expect(await refused("GET", LEDGER, { token })).toEqual([404, "Not Found"]);
      expect(await refused("GET", `${LEDGER}/issues`, { token })).toEqual([404, "Not Found"]);
      expect(await refused("GET", `${LEDGER}/contents/README.md`, { token })).toEqual([404, "Not Found"]);
    }
    expect((await get(LEDGER)).private).toBe(true);
    expect((await refused("GET", "/repos/ada/nothing"))[0]).toBe(404);
  });

  it("have labels", async () => {
    const labels = await get(`${ORCHARD}/labels`);
    expect(labels.map((each: Body) => each.name)).toContain("good first issue");
    expect(labels).toHaveLength(9);
  });
});

describe("listing issues", () => {
  const all = SEEDED_ISSUES.open + SEEDED_ISSUES.closed + SEEDED_ISSUES.pullRequests;

  it("gives the open ones, newest first, with pull requests among them", async () => {
    const issues = await get(`${ISSUES}?per_page=100`);
    expect(issues).toHaveLength(SEEDED_ISSUES.open + SEEDED_ISSUES.pullRequests);
    expect(issues.filter((each: Body) => each.pull_request)).toHaveLength(SEEDED_ISSUES.pullRequests);
    expect(numbers(issues).slice(0, 3)).toEqual([64, 62, 61]);
  });

  it("goes from page to page by the Link header until there is no next", async () => {
    const found: number[] = [];
    let next: string | undefined = `${BASE}${ISSUES}?state=all&per_page=25&direction=asc`;
    const links = [];
    while (next) {
      const { body, headers }: { body: Body; headers: Headers } = await call("GET", next);
      found.push(...numbers(body));
      const link = headers.get("link")!;
      links.push([...link.matchAll(/rel="(\w+)"/g)].map((each) => each[1]).join());
      next = /<([^>]+)>; rel="next"/.exec(link)?.[1];
    }
    expect(found).toEqual(Array.from({ length: all }, (_, index) => index + 1));
    expect(links).toEqual(["next,last", "prev,next,last,first", "prev,first"]);
    const onePage = await call("GET", `${LEDGER}/issues`);
    expect(onePage.headers.get("link")).toBeNull();
  });

  it("never gives more than a hundred, and thirty when not asked", async () => {
    expect(await get(ISSUES)).toHaveLength(30);
    expect(await get(`${ISSUES}?state=all&per_page=1000`)).toHaveLength(Math.min(100, all));
    expect(await get(`${ISSUES}?page=99`)).toEqual([]);
  });

  it("selects by state, labels, people and time", async () => {
    const list = (query: string) => get(`${ISSUES}?per_page=100&${query}`);
    expect(await list("state=closed")).toHaveLength(SEEDED_ISSUES.closed);
    const labelled = await list("state=all&labels=bug,Help%20Wanted");
    expect(numbers(labelled)).toEqual([60, 50, 40, 30, 20, 10]);
    expect((await list("creator=grace")).every((each: Body) => each.user.login === "grace")).toBe(true);
    expect((await list("assignee=ada")).every((each: Body) => each.number % 4 === 0)).toBe(true);
    const assigned = await list("state=all&assignee=*");
    expect((await list("state=all&assignee=none")).length + assigned.length).toBe(all);
    expect(numbers(await list("state=all&since=2026-01-07T23:00:00Z"))).toEqual([64, 63, 62]);
    expect(await list("milestone=*")).toEqual([]);
  });

  it("sorts by creation, update and comments", async () => {
    const list = (query: string) => get(`${ISSUES}?state=all&per_page=100&${query}`);
    expect(numbers(await list("direction=asc"))[0]).toBe(1);
    const comments = (await list("sort=comments")).map((each: Body) => each.comments);
    expect(comments).toEqual(comments.toSorted((a: number, b: number) => b - a));
    await call("PATCH", `${ISSUES}/5`, { body: { title: "Touched" } });
    expect(numbers(await list("sort=updated"))[0]).toBe(5);
  });

  it("answers 422 for a value that a parameter cannot have", async () => {
    for (const field of ["state", "sort", "direction", "since"]) {
      expect(await refused("GET", `${ISSUES}?${field}=sideways`)).toEqual([
        422,
        "Validation Failed",
        [{ resource: "Issue", field, code: "invalid" }],
      ]);
    }
  });
});

describe("writing issues", () => {
  it("makes one that the next read and list see", async () => {
    const { status, body, headers } = await call("POST", ISSUES, {
      body: { title: " Ladders wobble ", body: "All of them.", labels: ["BUG", "ladder"], assignees: ["Ada"] },
    });
    expect(status).toBe(201);
    expect(headers.get("location")).toBe(`${BASE}${ISSUES}/65`);
    expect(body).toMatchObject({
      number: 65,
      title: "Ladders wobble",
      state: "open",
      created_at: "2026-11-22T12:00:00Z",
      labels: [{ name: "bug" }, { name: "ladder", color: "ededed", default: false }],
      assignees: [{ login: "ada" }],
      author_association: "OWNER",
    });
    expect(await get(`${ISSUES}/65`)).toEqual(body);
    expect((await get(ISSUES))[0]).toEqual(body);
    expect(await get(`${ORCHARD}/labels`)).toHaveLength(10);
    expect((await get(ORCHARD)).open_issues_count).toBe(45);
  });

  it("drops, without a word, what only people with push access may set", async () => {
    const { status, body } = await call("POST", ISSUES, {
      token: "grace",
      body: { title: "From outside", labels: ["bug"], assignees: ["grace"], milestone: 1 },
    });
    expect(status).toBe(201);
    expect(body).toMatchObject({ labels: [], assignees: [], milestone: null, author_association: "NONE" });
  });

  it("closes and opens again, with reason, time and person", async () => {
    const close = await call("PATCH", `${ISSUES}/1`, { body: { state: "closed", state_reason: "not_planned" } });
    expect(close.body).toMatchObject({
      state: "closed",
      state_reason: "not_planned",
      closed_at: "2026-11-22T12:00:00Z",
      closed_by: { login: "ada" },
    });
    const open = await call("PATCH", `${ISSUES}/1`, { body: { state: "open", labels: [], body: null } });
    expect(open.body).toMatchObject({
      state: "open",
      state_reason: "reopened",
      closed_at: null,
      labels: [],
      body: null,
    });
    expect(await get(`${ISSUES}/1`)).toEqual(open.body);
  });

  it("takes comments, which count on the issue", async () => {
    const { body } = await call("POST", `${ISSUES}/4/comments`, { token: "grace", body: { body: "Me too" } });
    expect(await get(`${ISSUES}/4/comments`)).toEqual([body]);
    expect(await get(`${ISSUES}/4`)).toMatchObject({ comments: 1, updated_at: "2026-11-22T12:00:00Z" });
    expect((await refused("POST", `${ISSUES}/4/comments`, { body: { body: " " } }))[0]).toBe(422);
  });

  it("answers 422 naming the fields that cannot be so, and changes nothing", async () => {
    const create = (body: unknown) => refused("POST", ISSUES, { body });
    expect(await create({})).toEqual([422, `Invalid request.\n\n"title" wasn't supplied.`]);
    expect((await create({ title: "x", labels: "bug" }))[1]).toContain(`For 'properties/labels', "bug"`);
    expect(await create({ title: " ", body: "b".repeat(65_537) })).toEqual([
      422,
      "Validation Failed",
      [
        { resource: "Issue", code: "missing_field", field: "title" },
        { resource: "Issue", code: "custom", field: "body", message: "body is too long (maximum is 65536 characters)" },
      ],
    ]);
    expect((await create({ title: "t".repeat(257) }))[2]).toHaveLength(1);
    expect((await create({ title: "x", assignees: ["nobody"], milestone: 7 }))[2]).toEqual([
      { resource: "Issue", code: "invalid", field: "assignees", value: "nobody" },
      { resource: "Issue", code: "invalid", field: "milestone", value: 7 },
    ]);
    expect((await refused("PATCH", `${ISSUES}/1`, { body: { title: "new", state: "ajar" } }))[0]).toBe(422);
    expect((await get(`${ISSUES}/1`)).title).not.toBe("new");
    expect(numbers(await get(ISSUES))[0]).toBe(64);
    expect((await refused("GET", `${ISSUES}/65`))[0]).toBe(404);
  });

  it("answers 400 for what is no JSON", async () => {
    const request = { method: "POST", headers: { authorization: "Bearer ada", "user-agent": "test" }, body: "{" };
    const response = await standIn.handler(new Request(`${BASE}${ISSUES}`, request));
    expect([response.status, ((await response.json()) as Body).message]).toEqual([400, "Problems parsing JSON"]);
  });

  it("is refused to a token that may not, telling what would do", async () => {
    const body = { title: "x" };
    const scope = await call("POST", ISSUES, { token: "ada-nothing", body });
    expect([scope.status, scope.headers.get("x-oauth-scopes"), scope.headers.get("x-accepted-oauth-scopes")]).toEqual([
      404,
      "",
      "public_repo, repo",
    ]);
    const permission = await call("POST", ISSUES, { token: "ada-app", body });
    expect([permission.status, permission.body.message]).toEqual([403, "Resource not accessible by integration"]);
    expect(permission.headers.get("x-accepted-github-permissions")).toBe("issues=write");
    expect(permission.headers.get("x-oauth-scopes")).toBeNull();
    expect((await call("POST", ISSUES, { token: "ada-public", body })).status).toBe(201);
    expect(await refused("PATCH", `${ISSUES}/1`, { token: "grace", body })).toEqual([
      403,
      "Must have admin rights to Repository.",
    ]);
  });
});

describe("contents", () => {
  const at = (path: string, query = "") => `${ORCHARD}/contents/${path}${query}`;
  const decoded = (body: Body) => Buffer.from(body.content, "base64").toString();

  it("are a file in base64, in lines, with the id that Git gives it", async () => {
    const file = await get(at("README.md"));
    expect(decoded(file)).toContain("果樹園 🍎");
    expect(file.content.split("\n").every((line: string) => line.length <= 60)).toBe(true);
    const git = execFileSync("git", ["hash-object", "--stdin"], { input: decoded(file) });
    expect(file.sha).toBe(git.toString().trim());
    expect(file).toMatchObject({ type: "file", encoding: "base64", size: Buffer.byteLength(decoded(file)) });
  });

  it("are a folder's entries, or one object with them", async () => {
    const names = (entries: Body[]) => entries.map((each) => `${each.type} ${each.name}`);
    const root = await get(at(""));
    expect(names(root)).toEqual([
      "file LICENSE",
      "file README.md",
      "symlink READ_ME",
      "dir data",
      "dir docs",
      "dir src",
      "dir vendor",
    ]);
    expect(await get(`${ORCHARD}/contents`)).toEqual(root);
    const docs = await get(at("docs/"), { accept: OBJECT });
    expect(docs).toMatchObject({ type: "dir", name: "docs", path: "docs" });
    expect(docs.entries).toEqual(await get(at("docs")));
    expect(await get(docs.entries[0].url)).toMatchObject({ path: docs.entries[0].path });
  });

  it("take slashes that are encoded, and other signs", async () => {
    expect(decoded(await get(at("src%2Fcount.ts")))).toContain("apples");
    const odd = await get(at(`docs%2F${encodeURIComponent("spaces and #signs?.md")}`));
    expect(odd.name).toBe("spaces and #signs?.md");
    expect(await get(odd.url)).toEqual({
      ...odd,
      ...(await get(at("docs/spaces%20and%20%23signs%3F.md", "?ref=main"))),
    });
  });

  it("are those of a branch, tag or commit", async () => {
    expect((await refused("GET", at("src/weigh.ts")))[0]).toBe(404);
    expect(decoded(await get(at("src/weigh.ts", "?ref=next")))).toContain("weigh");
    expect(decoded(await get(at("src/weigh.ts", "?ref=refs/heads/next")))).toContain("weigh");
    const { sha } = refsOf["ada/orchard"]!.find((ref) => ref.name === "next")!;
    expect(decoded(await get(at("src/weigh.ts", `?ref=${sha}`)))).toContain("weigh");
    expect(await refused("GET", at("src", "?ref=no-such"))).toEqual([404, "No commit found for the ref no-such"]);
    expect((await refused("GET", at("src/nothing.ts")))[0]).toBe(404);
  });

  it("follow a link to a file, and describe other links and submodules", async () => {
    expect(decoded(await get(at("READ_ME")))).toContain("# Orchard");
    expect(await get(at("data/latest"))).toMatchObject({ type: "symlink", target: "../../elsewhere/readings.csv" });
    expect(await get(at("vendor/ladder"))).toMatchObject({ type: "submodule", html_url: null });
    // "When listing the contents of a directory, submodules have their type specified as file."
    expect(await get(at("vendor"))).toMatchObject([{ type: "file", name: "ladder", download_url: null }]);
  });

  it("of more than 1 MB are given in raw form only", async () => {
    expect(await refused("GET", at(LARGE_FILE.path))).toEqual([403, expect.stringContaining("up to 1 MB")]);
    const object = await get(at(LARGE_FILE.path), { accept: OBJECT });
    expect(object).toMatchObject({ content: "", encoding: "none" });
    const response = await raw(at(LARGE_FILE.path));
    expect(response.headers.get("content-type")).toBe("application/vnd.github.raw+json; charset=utf-8");
    const text = await response.text();
    expect(Buffer.byteLength(text)).toBe(object.size);
    expect(text.split("\n")).toHaveLength(LARGE_FILE.lines + 1);
  });

  it("have the folder's id that Git computes", () => {
    const { tree } = refsOf["ada/ledger"]![0]!;
    const folder = directory();
    const files = new Map([...tree, ["sub/a", tree.get("README.md")!], ["sub.x", tree.get("README.md")!]]);
    files.set("link", { type: "symlink", target: "README.md" });
    for (const [path, entry] of files) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      if (entry.type === "file") writeFileSync(join(folder, path), entry.content);
      if (entry.type === "symlink") symlinkSync(entry.target, join(folder, path));
    }
    const git = (...args: string[]) => execFileSync("git", args, { cwd: folder, stdio: "pipe" }).toString().trim();
    git("init", "-q");
    git("add", ".");
    expect(treeSha(files, "")).toBe(git("write-tree"));
  });
});

describe("limits and conditions", () => {
  it("counts a person's requests by the hour, over all tokens, and refuses those above the limit", async () => {
    standIn = start({ rateLimit: 3 });
    const reset = String((clock + 60 * 60_000) / 1000);
    const first = await call("GET", "/user");
    expect(Object.fromEntries([...first.headers].filter(([name]) => name.startsWith("x-ratelimit")))).toEqual({
      "x-ratelimit-limit": "3",
      "x-ratelimit-remaining": "2",
      "x-ratelimit-used": "1",
      "x-ratelimit-reset": reset,
      "x-ratelimit-resource": "core",
    });
    await call("GET", "/user", { token: "ada-public" });
    await refused("GET", "/repos/no/where");
    const refusal = await call("GET", "/user");
    expect([refusal.status, refusal.body.message]).toEqual([403, "API rate limit exceeded for user ID 1815."]);
    expect(refusal.headers.get("x-ratelimit-remaining")).toBe("0");
    expect(refusal.headers.get("x-ratelimit-reset")).toBe(reset);
    expect((await get("/rate_limit")).rate).toMatchObject({ limit: 3, remaining: 0, used: 3 });
    expect((await call("GET", "/user", { token: "grace" })).status).toBe(200);
    clock += 60 * 60_000;
    expect((await call("GET", "/user")).status).toBe(200);
  });

  it("answers 304, which does not count, while nothing has changed", async () => {
    const { headers } = await call("GET", `${ISSUES}?per_page=2`);
    // The description lists no 304 for lists, though GitHub answers it: https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api
    const again = await standIn.handler(
      new Request(`${BASE}${ISSUES}?per_page=2`, {
        headers: { authorization: "Bearer ada", "user-agent": "test", "if-none-match": headers.get("etag")! },
      }),
    );
    expect([again.status, await again.text()]).toEqual([304, ""]);
    expect(again.headers.get("link")).toBe(headers.get("link"));
    expect(again.headers.get("x-ratelimit-used")).toBe("1");
    const one = await call("GET", `${ISSUES}/1`);
    const unchanged = { headers: { "if-none-match": one.headers.get("etag")! } };
    expect((await call("GET", `${ISSUES}/1`, unchanged)).status).toBe(304);
    await call("PATCH", `${ISSUES}/1`, { body: { title: "Changed" } });
    expect((await call("GET", `${ISSUES}/1`, unchanged)).status).toBe(200);
  });

  it("tells a secondary rate limit as a fault, with Retry-After", async () => {
    standIn.faults.set({ failNext: { status: 403, times: 1, retryAfterSeconds: 30 } });
    const limited = await call("POST", ISSUES, { body: { title: "x" } });
    expect([limited.status, limited.headers.get("retry-after")]).toEqual([403, "30"]);
    expect(limited.body.message).toMatch(/^You have exceeded a secondary rate limit/);
    standIn.faults.set({ failNext: { status: 502, times: 1 } });
    expect(await refused("GET", "/user")).toEqual([502, "Bad Gateway"]);
    expect(numbers(await get(ISSUES))[0]).toBe(64);
  });
});

describe("state", () => {
  it("survives a restart, without tokens in it", async () => {
    const stateDir = directory();
    standIn = start({ stateDir });
    const { body } = await call("POST", ISSUES, { body: { title: "Before the restart", labels: ["new"] } });
    standIn = start({ stateDir });
    expect(await get(`${ISSUES}/65`)).toEqual(body);
    expect((await call("POST", ISSUES, { body: { title: "After it" } })).body.id).toBeGreaterThan(body.id);
    expect(readdirSync(stateDir)).toEqual(["github.json"]);
    expect(readFileSync(join(stateDir, "github.json"), "utf8")).not.toContain("ada-public");
  });

  it("refuses a state file that it cannot read, naming it", () => {
    const stateDir = directory();
    for (const wrong of ['{"version": 1', '{"version": 99}']) {
      writeFileSync(join(stateDir, "github.json"), wrong);
      expect(() => start({ stateDir })).toThrow(/github\.json is not a state .* remove it to start anew/);
    }
  });
});

it("answers 404 and logs what it does not have", async () => {
  expect(await refused("GET", "/repos/ada/orchard/pages")).toEqual([404, "Not Found"]);
  expect(logged).toEqual(["GitHub stand-in: no such endpoint: GET /github/api/repos/ada/orchard/pages"]);
  const outside = await standIn.handler(new Request("http://127.0.0.1:8782/github/user"));
  expect(outside.status).toBe(404);
});

it("was asked for each of these operations, and each answer was as described", () => {
  const repo = "/repos/{owner}/{repo}";
  expect([...seen].sort()).toEqual(
    [
      "get /rate_limit 200",
      "get /user 200",
      "get /user/repos 200",
      "get /users/{username} 200",
      `get ${repo} 200`,
      `get ${repo}/labels 200`,
      `get ${repo}/issues 200`,
      `post ${repo}/issues 201`,
      `get ${repo}/issues/{issue_number} 200`,
      `patch ${repo}/issues/{issue_number} 200`,
      `get ${repo}/issues/{issue_number}/comments 200`,
      `post ${repo}/issues/{issue_number}/comments 201`,
      `get ${repo}/contents/{path} 200`,
    ].sort(),
  );
});
