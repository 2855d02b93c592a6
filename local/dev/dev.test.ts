import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { startCaller } from "../../e2e/support/callers.ts";
import { type CheckoutCopy, copyCheckout } from "../../e2e/support/checkout-copy.ts";
import { eventually } from "../../e2e/support/eventually.ts";
import { OAuthClient } from "../../e2e/support/oauth-client.ts";
import { field, scopesOn, TestBrowser } from "../../workers/oauth-broker/testing/test-browser.ts";
import { repositoryRoot } from "../cli/stack.ts";
import { freePort } from "../processes/free-port.ts";

/** The command as a developer runs it, on a copy of this checkout that the tests edit. */

let copy: CheckoutCopy;
/** Where the runs put their temporary files. */
let temporary: string;
const running: DevRun[] = [];

beforeAll(() => {
  copy = copyCheckout();
  temporary = mkdtempSync(join(tmpdir(), "hybrid-mcp-dev-test-"));
});
afterAll(async () => {
  for (const each of running) await each.stop();
  copy?.remove();
  rmSync(temporary, { recursive: true, force: true });
});

/** One run of the command. */
class DevRun {
  readonly origin: string;
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  output = "";

  private constructor(folder: string, port: number, args: string[], env: Record<string, string>) {
    this.origin = `http://localhost:${port}`;
    const script = join(copy.path, "local/dev/dev.ts");
    this.#child = spawn(process.execPath, [script, ...args, "--port", String(port)], {
      cwd: join(copy.path, folder),
      env: { ...process.env, TMPDIR: temporary, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#ended = once(this.#child, "close");
    for (const stream of [this.#child.stdout!, this.#child.stderr!]) {
      stream.setEncoding("utf8").on("data", (text) => {
        this.output += text;
      });
    }
    running.push(this);
  }

  /** @returns a run that is ready */
  static async start(folder: string, args: string[], env: Record<string, string> = {}): Promise<DevRun> {
    const run = new DevRun(folder, await freePort(), args, env);
    const ready = eventually(async () => expect(run.output).toContain("ready in"));
    await Promise.race([ready, run.#ended.then(() => Promise.reject(new Error(`it ended:\n${run.output}`)))]);
    return run;
  }

  /** Runs it to its end. */
  static async toEnd(folder: string, args: string[], port: number, env: Record<string, string> = {}): Promise<DevRun> {
    const run = new DevRun(folder, port, args, env);
    await run.#ended;
    return run;
  }

  get code(): number | null {
    return this.#child.exitCode;
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** Waits for a line that is printed from now on. */
  nextLine(pattern: RegExp): () => Promise<void> {
    const from = this.output.length;
    return () => eventually(async () => expect(this.output.slice(from)).toMatch(pattern), 15);
  }

  async stop(signal: NodeJS.Signals = "SIGINT"): Promise<void> {
    this.#child.kill(signal);
    await this.#ended;
  }

  /** A v2 SDK client that has done the whole dance, with discovery from the MCP URL alone. */
  async client(person = "ada"): Promise<{ client: Client; token: string }> {
    const provider = new OAuthClient("A developer's client", "http://localhost:9/callback");
    const transport = () =>
      new StreamableHTTPClientTransport(new URL(`${this.origin}/mcp`), { authProvider: provider });
    const first = transport();
    await expect(new Client({ name: "dev", version: "1" }).connect(first)).rejects.toThrow("Unauthorized");
    const url = provider.authorizationUrl!.href;
    const browser = new TestBrowser();
    const consent = await browser.signIn(url, person);
    const scope = scopesOn(consent.text).map(String);
    const handle = field(consent.text, "handle");
    const done = await browser.submit(url, { handle, decision: "approve", scope });
    await first.finishAuth(new URL(done.location).searchParams);
    const client = new Client({ name: "dev", version: "1" });
    await client.connect(transport());
    return { client, token: provider.tokens()!.access_token };
  }
}

const descriptionOf = async (client: Client, name: string) =>
  (await client.listTools()).tools.find((tool) => tool.name === name)?.description;

describe("npm run dev -w workers/coda", () => {
  const TOOL = "workers/coda/tools/docs.ts";
  const BEFORE = "Lists or searches the Coda docs that you can open";
  let dev: DevRun;
  let client: Client;
  let token: string;

  beforeAll(async () => {
    dev = await DevRun.start("workers/coda", ["coda"]);
    ({ client, token } = await dev.client());
  });
  afterAll(() => client?.close());

  test("it says where it is, how to try it, and whom to sign in as", () => {
    const url = `${dev.origin}/mcp`;
    for (const text of [`Coda: ${url}`, `npx mcp-inspector --cli ${url} `, "Sign in as Ada Lovelace", "CODA_API_URL"]) {
      expect(dev.output).toContain(text);
    }
  });

  test.each([
    ["/health", { service: "coda", placement: "workers" }],
    ["/.well-known/oauth-protected-resource/mcp", { resource: /\/mcp$/, resource_name: "Coda" }],
    ["/.well-known/oauth-authorization-server", { token_endpoint: /\/oauth\/token$/ }],
  ])("service and broker share one origin: %s", async (path, told) => {
    const answer = (await (await fetch(dev.origin + path)).json()) as Record<string, string>;
    for (const [name, value] of Object.entries<string | RegExp>(told)) expect(answer[name]).toMatch(value);
  });

  test("a client finds its way from the MCP URL alone, signs in, and its calls are answered", async () => {
    const result = await client.callTool({ name: "list_docs", arguments: {} });
    expect(result.structuredContent).toMatchObject({ docs: [{ name: "Project Tracker" }] });
  });

  test("an edit of a tool is live at once, and neither a call nor the sign-in is lost", async () => {
    const caller = startCaller({
      url: `${dev.origin}/mcp`,
      token,
      rate: 20,
      call: { name: "list_docs", arguments: {} },
    });
    const reloaded = dev.nextLine(/^reloaded in \d+ ms$/m);
    copy.edit(TOOL, BEFORE, "Shows the Coda docs that you can open");
    await reloaded();
    expect(await descriptionOf(client, "list_docs")).toMatch(/^Shows the Coda docs/);
    const traffic = await caller.stop();
    expect(traffic.failures).toEqual([]);
    expect(traffic.calls).toBeGreaterThan(0);
  });

  test("an edit that does not build says where, and the version before it goes on until it is mended", async () => {
    const before = await descriptionOf(client, "list_docs");
    const kept = dev.nextLine(/not reloaded: the version before this edit goes on/);
    copy.edit(TOOL, "async run({", "async run( {{");
    await kept();
    const line =
      readFileSync(join(copy.path, TOOL), "utf8")
        .split("\n")
        .findIndex((text) => text.includes("{{")) + 1;
    expect(dev.output).toMatch(new RegExp(`^workers/coda/tools/docs\\.ts:${line}:\\d+: Expected identifier`, "m"));
    expect(await descriptionOf(client, "list_docs")).toBe(before);
    const reloaded = dev.nextLine(/^reloaded in/m);
    copy.edit(TOOL, "async run( {{", "async run({");
    await reloaded();
    await client.callTool({ name: "list_docs", arguments: {} });
  });

  test("an edit that builds but does not start says why, and the version before it goes on", async () => {
    const kept = dev.nextLine(/The tool list_docs of coda names the scope coda:nothing[\s\S]*not reloaded/);
    copy.edit(TOOL, '"coda:read"', '"coda:nothing"');
    await kept();
    await client.callTool({ name: "list_docs", arguments: {} });
    const reloaded = dev.nextLine(/^reloaded in/m);
    copy.edit(TOOL, '"coda:nothing"', '"coda:read"');
    await reloaded();
  });

  test("an edit of the broker is live too, and grants stay good", async () => {
    const page = async () => (await fetch(`${dev.origin}/callback/github?state=none`)).text();
    expect(await page()).toContain("That did not work");
    const reloaded = dev.nextLine(/^reloaded in/m);
    copy.edit(
      "workers/oauth-broker/app.tsx",
      'return c.html(<MessagePage title="That did not work" text={text}',
      'return c.html(<MessagePage title="Nothing came of it" text={text}',
    );
    await reloaded();
    expect(await page()).toContain("Nothing came of it");
    await client.callTool({ name: "list_docs", arguments: {} });
  });

  test("a port that is taken is said in one sentence", async () => {
    const port = new URL(dev.origin).port;
    const npm = ["run", "dev", "-w", "workers/github", "--", "--port", port];
    const { status, stderr } = spawnSync("npm", npm, { cwd: repositoryRoot, encoding: "utf8" });
    expect(status).toBe(1);
    expect(stderr).toContain(
      `Port ${port} of this machine is in use by another program: stop that, or choose another port with --port N.`,
    );
    expect(stderr).not.toContain("    at ");
  });

  test("Ctrl-C leaves nothing behind: no process, no port, no file", async () => {
    await client.close();
    await dev.stop("SIGINT");
    expect(dev.code).toBe(0);
    await expect(fetch(`${dev.origin}/health`)).rejects.toThrow();
    expect(readdirSync(temporary)).toEqual([]);
    const { stdout } = spawnSync("ps", ["-eo", "ppid=,args="], { encoding: "utf8" });
    expect(
      stdout.split("\n").filter((line) => line.includes(copy.path) || line.trim().startsWith(`${dev.pid} `)),
    ).toEqual([]);
  });
});

describe("every service runs alone", () => {
  afterEach(async () => {
    for (const each of running.splice(0)) await each.stop();
  });

  test("GitHub: before a person has connected an account, the answer says where to", async () => {
    const dev = await DevRun.start("workers/github", ["github", "--no-reload"]);
    const { client } = await dev.client("grace");
    const result = await client.callTool({ name: "get_me", arguments: {} });
    expect(JSON.stringify(result.content)).toContain(`open ${dev.origin}/auth/github`);
    await client.close();
  });

  test("Firecrawl: it reads the page that is offered to try", async () => {
    const dev = await DevRun.start("droplet/firecrawl", ["firecrawl", "--no-reload"]);
    const { client } = await dev.client("linus");
    const url = /A page on this machine that it may read: (\S+)/.exec(dev.output)![1]!;
    const result = await client.callTool({ name: "scrape", arguments: { url } });
    expect(result.structuredContent).toMatchObject({ title: "Harbour Handbook" });
    await client.close();
  });

  test("who is in no rule is told so, by a page for people", async () => {
    const dev = await DevRun.start("workers/coda", ["coda", "--no-reload"]);
    await expect(dev.client("nobody")).rejects.toThrow(/You may not use this/);
  });
});

describe("the real API", () => {
  let api: Server;
  const seen: string[] = [];
  beforeAll(async () => {
    api = createServer((request, response) => {
      seen.push(`${request.url} ${request.headers.authorization}`);
      response.setHeader("content-type", "application/json").end(JSON.stringify({ items: [] }));
    });
    api.listen(0, "127.0.0.1");
    await once(api, "listening");
  });
  afterAll(() => api?.close());

  test("is used with the token that the environment names", async () => {
    const url = `http://127.0.0.1:${(api.address() as AddressInfo).port}/apis/v1/`;
    const env = { CODA_API_URL: url, CODA_API_TOKEN: "a-developers-own-token" };
    const dev = await DevRun.start("workers/coda", ["coda", "--no-reload"], env);
    const { client } = await dev.client();
    const result = await client.callTool({ name: "list_docs", arguments: {} });
    expect(result.structuredContent).toEqual({ docs: [] });
    expect(seen).toEqual([expect.stringMatching(/^\/apis\/v1\/docs\?.* Bearer a-developers-own-token$/)]);
    expect(dev.output).not.toContain("a-developers-own-token");
    await client.close();
    await dev.stop();
  });

  test.each([
    [
      { CODA_API_TOKEN: "secret-token" },
      "CODA_API_URL and CODA_API_TOKEN go together: set both for the real API, or none.",
    ],
    [
      { CODA_API_TOKEN: "secret-token", CODA_API_URL: "coda.io" },
      "CODA_API_URL must be an http(s) URL such as https://api.example.com, not coda.io.",
    ],
  ])("half of it is one clear sentence, and nothing is left", async (env, sentence) => {
    const dev = await DevRun.toEnd("workers/coda", ["coda"], await freePort(), env);
    expect([dev.code, dev.output]).toEqual([1, `${sentence}\n`]);
    expect(readdirSync(temporary)).toEqual([]);
  });
});

test.each([
  [["coffee"], 'There is no service "coffee"; the services are: coda, github, firecrawl'],
  [["coda", "--reload"], "Unknown option '--reload'"],
])("arguments that mean nothing are told with what is allowed", async (args, sentence) => {
  const dev = await DevRun.toEnd("workers/coda", args, await freePort());
  expect(dev.code).toBe(1);
  expect(dev.output).toContain(sentence);
  expect(dev.output).toContain("Usage, in the service's folder: npm run dev");
});
