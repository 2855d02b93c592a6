import { gzipSync } from "node:zlib";
import { bundleWorker } from "@hybrid-mcp/service-kit/bundle";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { LARGE_FILE, refsOf } from "../../local/standins/github/files.ts";
import { SEEDED_ISSUES } from "../../local/standins/github/seed.ts";
import { createGithubStandIn } from "../../local/standins/github/stand-in.ts";
import { type StandInServer, serveStandIns } from "../../local/standins/serve.ts";
import * as service from "../oauth-broker/testing/service-client.ts";
import { TestBroker } from "../oauth-broker/testing/test-broker.ts";

const SHARED = { SHARED_CONNECTIONS: JSON.stringify({ github: "grace-token" }) };
const ORCHARD = { owner: "ada", repo: "orchard" };

interface Issue {
  number: number;
  title: string;
  body?: string;
  body_truncated?: boolean;
  pull_request: boolean;
  labels: string[];
}
interface IssueList {
  issues: Issue[];
  next_cursor?: string;
}
interface FileContents {
  type: string;
  sha: string;
  size?: number;
  text?: string;
  next_offset?: number;
  binary?: boolean;
  note?: string;
  target?: string;
  entries?: { name: string; type: string; size?: number }[];
}

let standIns: StandInServer;
let broker: TestBroker;
let bundle: Uint8Array;
let origin: string;
/** Of Ada, who may read, and who may write. */
let reader: string;
let writer: string;
const asked: string[] = [];
const github = createGithubStandIn({
  tokens: [{ token: "grace-token", login: "grace" }],
  log: () => {},
});

beforeAll(async () => {
  const handler = (request: Request) => {
    asked.push(request.url);
    return github.handler(request);
  };
  standIns = await serveStandIns({ host: "127.0.0.1", port: 0, standIns: { github: handler } });
  const apiUrl = `${standIns.origin}/github/api`;
  bundle = (await bundleWorker(import.meta.dirname)).contents;
  broker = await TestBroker.start({
    policy: [{ people: ["github:ada"], scopes: ["github:write"] }],
    services: { github: { contents: bundle, bindings: { GITHUB_API_URL: apiUrl } } },
    config: () => ({ connections: { github: { clientId: "github-connection", siteUrl: standIns.origin, apiUrl } } }),
    bindings: SHARED,
  });
  origin = broker.serviceUrls.github!;
  reader = await broker.tokenFor("ada", ["github:read"], `${origin}/mcp`);
  writer = await broker.tokenFor("ada", ["github:read", "github:write"], `${origin}/mcp`);
});
afterAll(async () => {
  await broker?.close();
  await standIns?.close();
});
afterEach(() => {
  github.faults.clear();
  asked.length = 0;
});

describe.each(service.clients)("with %s", (which, connect) => {
  let client: service.McpClient;

  beforeAll(async () => {
    client = await connect(origin, writer);
    // A client checks answers against the output schemas that it knows from the list.
    await client.listTools();
  });
  afterAll(() => client?.close());

  const call = <Answer>(name: string, args?: Record<string, unknown>) => service.call<Answer>(client, name, args);
  const refusal = (name: string, args: Record<string, unknown>) => service.refusal(client, name, args);

  test("the tools are listed with output schemas, and only create_issue changes something", async () => {
    const { tools } = await client.listTools();
    expect(tools.map(({ name, annotations }) => [name, annotations?.readOnlyHint])).toEqual([
      ["get_me", true],
      ["list_issues", true],
      ["get_file_contents", true],
      ["create_issue", false],
    ]);
    expect(tools.every(({ outputSchema }) => outputSchema?.type === "object")).toBe(true);
    expect(tools.every(({ inputSchema }) => inputSchema.additionalProperties === false)).toBe(true);
  });

  test("get_me tells whose account it is", async () => {
    expect(await call("get_me")).toMatchObject({ login: "grace", name: "Grace Hopper", private_repos: 0 });
  });

  test("list_issues goes through all issues by its cursor, and leaves pull requests out", async () => {
    const found: Issue[] = [];
    let cursor: string | undefined;
    let pages = 0;
    do {
      const page: IssueList = await call("list_issues", { ...ORCHARD, state: "closed", limit: 7, cursor });
      found.push(...page.issues);
      cursor = page.next_cursor;
      pages++;
    } while (cursor);
    expect(pages).toBe(3);
    expect(new Set(found.map(({ number }) => number)).size).toBe(SEEDED_ISSUES.closed);

    const open = await call<IssueList>("list_issues", { ...ORCHARD, limit: 100, labels: ["bug"] });
    expect(open.issues.some(({ pull_request }) => pull_request)).toBe(false);
    const all = await call<IssueList>("list_issues", {
      ...ORCHARD,
      ...{ limit: 100, labels: ["bug"], include_pull_requests: true },
    });
    expect(all.issues.filter(({ pull_request }) => pull_request)).toHaveLength(SEEDED_ISSUES.pullRequests);
  });

  test("list_issues sorts and selects, and gives as much of the texts as asked", async () => {
    const list = (args: object) => call<IssueList>("list_issues", { ...ORCHARD, state: "all", limit: 5, ...args });
    const numbers = ({ issues }: IssueList) => issues.map(({ number }) => number);
    expect(numbers(await list({ direction: "asc" }))).toEqual([1, 2, 3, 4, 5]);
    expect(numbers(await list({ labels: ["bug", "help wanted"] }))).toEqual([60, 50, 40, 30, 20]);
    const [issue] = (await list({ direction: "asc", body_length: 9 })).issues;
    expect(issue).toMatchObject({ body: "Found in ", body_truncated: true });
    expect((await list({ direction: "asc", body_length: 0 })).issues[0]).not.toHaveProperty("body");
  });

  test.each(["page=2&baseUrl=https://evil.example", "headers=x&page=2", "nonsense", "state=open"])(
    "a cursor that list_issues did not give never reaches GitHub: %s",
    async (cursor) => {
      expect(await refusal("list_issues", { ...ORCHARD, cursor })).toMatch(
        /^The cursor is not one that list_issues gave/,
      );
      expect(asked).toEqual([]);
    },
  );

  test("create_issue makes an issue that list_issues finds, and says what GitHub left out", async () => {
    const title = `Ladders wobble, seen by ${which}`;
    const created = await call<{ number: number; note: string; url: string }>("create_issue", {
      ...ORCHARD,
      ...{ title, body: "🍏🍎🍏🍎", labels: ["bug"], assignees: ["grace"] },
    });
    expect(created).toMatchObject({ state: "open", labels: [], assignees: [] });
    expect(created.note).toBe(
      "Created without the labels bug and assignees grace: only people who may push to the repository can set them.",
    );
    expect(created.url).toBe(`https://github.com/ada/orchard/issues/${created.number}`);
    const { issues } = await call<IssueList>("list_issues", { ...ORCHARD, limit: 1 });
    expect(issues[0]).toMatchObject({ number: created.number, title, body: "🍏🍎🍏🍎" });
    const cut = await call<IssueList>("list_issues", { ...ORCHARD, limit: 1, body_length: 2 });
    expect(cut.issues[0]).toMatchObject({ body: "🍏🍎", body_truncated: true });
  });

  test("get_file_contents reads a text file, of a branch too", async () => {
    const readme = await call<FileContents>("get_file_contents", { ...ORCHARD, path: "/README.md" });
    expect(readme).toMatchObject({ type: "file", text: expect.stringContaining("果樹園 🍎") });
    expect(readme).not.toHaveProperty("next_offset");
    const linked = await call<FileContents>("get_file_contents", { ...ORCHARD, path: "READ_ME" });
    expect(linked.text).toBe(readme.text);
    const odd = { ...ORCHARD, path: "docs/spaces and #signs?.md" };
    expect((await call<FileContents>("get_file_contents", odd)).text).toBe("A name that has to be encoded.\n");
    const next = await call<FileContents>("get_file_contents", { ...ORCHARD, path: "src/weigh.ts", ref: "next" });
    expect(next.text).toContain("weigh");
    const empty = await call<FileContents>("get_file_contents", { ...ORCHARD, path: "docs/empty.md" });
    expect(empty).toMatchObject({ size: 0, text: "" });
  });

  test("get_file_contents lists directories, and tells where links and submodules lead", async () => {
    const root = await call<FileContents>("get_file_contents", ORCHARD);
    expect(root.type).toBe("directory");
    expect(root.entries).toContainEqual({ name: "src", type: "directory" });
    expect(root.entries).toContainEqual({ name: "LICENSE", type: "file", size: 19 });
    expect(root.entries).toContainEqual({ name: "READ_ME", type: "symlink" });
    const vendor = await call<FileContents>("get_file_contents", { ...ORCHARD, path: "vendor/" });
    expect(vendor.entries).toEqual([{ name: "ladder", type: "submodule" }]);
    const ladder = await call<FileContents>("get_file_contents", { ...ORCHARD, path: "vendor/ladder" });
    expect(ladder).toMatchObject({ type: "submodule", target: "https://git.example.com/tools/ladder.git" });
    const latest = await call<FileContents>("get_file_contents", { ...ORCHARD, path: "data/latest" });
    expect(latest).toMatchObject({ type: "symlink", target: "../../elsewhere/readings.csv" });
  });

  test("get_file_contents says of a binary file that it is one", async () => {
    const logo = await call<FileContents>("get_file_contents", { ...ORCHARD, path: "docs/logo.png" });
    expect(logo).toMatchObject({ binary: true, note: expect.stringContaining("Not text") });
    expect(logo).not.toHaveProperty("text");
  });

  test.each(["docs/long.md", LARGE_FILE.path])("the parts of %s are the whole file", async (path) => {
    const entry = refsOf["ada/orchard"]![0]!.tree.get(path)!;
    const whole = entry.type === "file" ? entry.content : Buffer.alloc(0);
    let read = "";
    let offset: number | undefined = 0;
    while (offset !== undefined) {
      const args = { ...ORCHARD, path, offset, max_bytes: 199_999 };
      const part: FileContents = await call("get_file_contents", args);
      expect(part.size).toBe(whole.length);
      expect(Buffer.byteLength(part.text!)).toBeLessThanOrEqual(199_999);
      read += part.text;
      offset = part.next_offset;
    }
    expect(read === whole.toString()).toBe(true);
    const behind = await refusal("get_file_contents", { ...ORCHARD, path, offset: whole.length });
    expect(behind).toContain(`The file has ${whole.length} bytes`);
  });

  test("an error of GitHub reaches the model with what to do next", async () => {
    expect(await refusal("get_file_contents", { ...ORCHARD, path: "no/such/file" })).toMatch(
      /^GitHub answered 404: Not Found\. It does not exist, or the connected account may not see it/,
    );
    github.faults.set({ failNext: { status: 429, times: 1, retryAfterSeconds: 7 } });
    expect(await refusal("get_me", {})).toMatch(/try again in 7 s\.$/);
    expect(await refusal("list_issues", { owner: "ada", repo: "ledger" })).toMatch(/^GitHub answered 404/);
  });

  test.each([
    ["list_issues", { ...ORCHARD, limit: 0 }, "limit"],
    ["list_issues", { ...ORCHARD, surprise: true }, "surprise"],
    ["list_issues", { owner: "ada/orchard", repo: "orchard" }, "owner"],
    ["list_issues", { owner: "..", repo: "orchard" }, "owner"],
    ["list_issues", { owner: "ada", repo: ".." }, "repo"],
    ["get_file_contents", { ...ORCHARD, path: "../../../user" }, "path"],
    ["get_file_contents", { ...ORCHARD, path: "src/./x" }, "path"],
    ["create_issue", { ...ORCHARD, title: "  " }, "title"],
    ["get_me", { login: "ada" }, "login"],
  ])("arguments of %s that do not fit never reach GitHub: %j", async (name, args, field) => {
    expect(await refusal(name, args)).toContain(field);
    expect(asked).toEqual([]);
  });
});

test("a credential that GitHub does not take any more: connect it again, and where", async () => {
  github.faults.set({ failNext: { status: 401, times: 1 } });
  const client = await service.clients[0]![1](origin, reader);
  expect(await service.refusal(client, "get_me")).toContain(`open ${broker.issuer}/auth/github and connect it again`);
  await client.close();
});

test("without a connection the model is told where the person connects GitHub", async () => {
  await broker.reconfigure({}, { SHARED_CONNECTIONS: "{}" });
  try {
    const client = await service.clients[0]![1](origin, reader);
    expect(await service.refusal(client, "get_me")).toBe(
      `GitHub is not connected yet. Ask the person to open ${broker.issuer}/auth/github and connect it, then try again.`,
    );
    await client.close();
    expect(asked).toEqual([]);
  } finally {
    await broker.reconfigure({}, SHARED);
  }
});

test.each([
  ["no token", undefined],
  ["a wrong token", "a:wrong:token"],
])("%s is answered 401, naming the resource metadata (RFC 9728 section 5.1)", async (_, token) => {
  const response = await service.post(origin, token, "get_me");
  expect(response.status).toBe(401);
  const challenge = service.challengeOf(response);
  expect(challenge.resource_metadata).toBe(`${origin}/.well-known/oauth-protected-resource/mcp`);
  expect(challenge.error).toBe(token && "invalid_token");
  expect(asked).toEqual([]);
});

test("a tool beyond the token's scopes is answered 403, naming all that a new token needs (RFC 6750 section 3.1)", async () => {
  const response = await service.post(origin, reader, "create_issue", { ...ORCHARD, title: "Not allowed" });
  expect(response.status).toBe(403);
  const challenge = service.challengeOf(response);
  expect(challenge.error).toBe("insufficient_scope");
  expect(challenge.scope!.split(" ").toSorted()).toEqual(["github:read", "github:write"]);
  expect(asked).toEqual([]);
});

test("the resource metadata names the resource, the broker and the scopes that its tools need", async () => {
  const response = await fetch(`${origin}/.well-known/oauth-protected-resource/mcp`);
  expect(await response.json()).toMatchObject({
    resource: `${origin}/mcp`,
    resource_name: "GitHub",
    authorization_servers: [broker.issuer],
    scopes_supported: ["github:read", "github:write"],
  });
});

test("the bundle is small enough to start quickly: 250 KB gzipped", () => {
  expect(gzipSync(bundle).length).toBeLessThan(250_000);
});
