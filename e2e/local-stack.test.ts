import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { Client as ModernClient, StreamableHTTPClientTransport as ModernTransport } from "@modelcontextprotocol/client";
import { Client as LegacyClient } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport as LegacyTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import Docker from "dockerode";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SAMPLE_TOKENS } from "../local/cloud/stand-ins.ts";
import { processIdentity } from "../local/engine/pid-lock.mjs";
import { TestBrowser } from "../workers/oauth-broker/testing/test-browser.ts";
import { openStream, startCaller, summary } from "./support/callers.ts";
import { eventually } from "./support/eventually.ts";
import { TestStack } from "./support/test-stack.ts";

/** The whole product on this machine: real engine, real program, real workerd, real Docker Engine. */

const docker = new Docker();
const report = (line: string) => process.stdout.write(line);
const SEEDED_DOC = "pT7kXw2LmQ";

let stack: TestStack;
let token: string;
let firstUp: { output: string; seconds: number };

beforeAll(async () => {
  stack = await TestStack.create();
  firstUp = await stack.must("up");
  token = await stack.token();
});
afterAll(() => stack?.destroy());

const headers = () => ({ authorization: `Bearer ${token}` });
const servedBy = async () => (await fetch(`${stack.codaUrl}/health`)).headers.get("x-served-by");
const containers = async () => {
  const list = await docker.listContainers({ all: true, filters: { label: [`hybrid-mcp=${stack.stack.name}`] } });
  return list.map(({ Labels, State }) => `${Labels["hybrid-mcp-role"]} ${State}`).sort();
};
const route = async () => {
  const routes = await stack.cloudflare<{ pattern: string; script?: string }[]>(
    `/zones/${stack.stack.identity.zoneId}/workers/routes`,
  );
  const coda = routes.filter(({ pattern }) => pattern.startsWith("coda-mcp."));
  return coda.map(({ pattern, script }) => [pattern, script ?? null]);
};

/** Lists rows with a client of each SDK, and answers how many each got. */
async function rowsSeenByClients(): Promise<number[]> {
  const url = new URL(`${stack.codaUrl}/mcp`);
  const options = { requestInit: { headers: headers() } };
  const call = { name: "list_rows", arguments: { doc: SEEDED_DOC, table: "Tasks", columns: ["Task"], limit: 250 } };
  const count = (result: object) => (result as { structuredContent: { rows: object[] } }).structuredContent.rows.length;

  const modern = new ModernClient({ name: "e2e", version: "1" });
  await modern.connect(new ModernTransport(url, options));
  const legacy = new LegacyClient({ name: "e2e", version: "1" });
  await legacy.connect(new LegacyTransport(url, options));
  const rows = [count(await modern.callTool(call)), count(await legacy.callTool(call))];
  await Promise.all([modern.close(), legacy.close()]);
  return rows;
}

/** Flips Coda while it is called 20 times a second and a stream of it is open; reports and answers what clients saw. */
async function flipUnderLoad(placement: "workers" | "droplet") {
  // The stream lasts longer than the flip: five pages, each held back.
  await stack.codaFaults({ latencyMs: 7000, onlyPath: "/rows" });
  const target = { url: `${stack.codaUrl}/mcp`, token };
  const stream = await openStream({
    ...target,
    call: { name: "list_rows", arguments: { doc: SEEDED_DOC, table: "Tasks", columns: ["Task"], limit: 250 } },
  });
  const caller = startCaller({ ...target, rate: 20, call: { name: "list_docs", arguments: {} } });
  const flip = await stack.must("flip", "coda", placement);
  const traffic = await caller.stop();
  const streamed = await stream.ended;
  await stack.codaFaults({});
  report(summary(`flip to ${placement} in ${flip.seconds.toFixed(1)} s`, traffic));
  return { flip, traffic, streamed };
}

describe("up", () => {
  test("prints the endpoint, and clients of both SDKs call list_rows there", async () => {
    report(`first up: ${firstUp.seconds.toFixed(1)} s\n`);
    expect(firstUp.output).toContain(`${stack.codaUrl}/mcp`);
    expect(await rowsSeenByClients()).toEqual([250, 250]);
    expect(await servedBy()).toBe("workers");
  });

  test("makes no droplet and no container while nothing is placed there", async () => {
    expect(await containers()).toEqual([]);
  });

  test("a second time changes nothing", async () => {
    const { output, seconds } = await stack.must("up");
    report(`second up: ${seconds.toFixed(1)} s\n`);
    expect(output).not.toMatch(/\d+ (created|updated|replaced|deleted)/);
    expect(output).toMatch(/\d+ unchanged/);
  });

  test("no secret is in clear in the state, the config or the logs, and only the owner reads them", () => {
    const { codaToken, cloudflareToken, digitaloceanToken, passphrase, clientSecrets } = stack.stack.identity;
    for (const folder of ["state", "project", "cloud.log", "events.jsonl"]) {
      for (const file of filesBelow(stack.stack.path(folder))) {
        const text = readFileSync(file, "utf8");
        const others = Object.values(clientSecrets);
        for (const secret of [token, codaToken, cloudflareToken, digitaloceanToken, passphrase, ...others]) {
          expect(text.includes(secret), `${file} has a secret in clear`).toBe(false);
        }
      }
    }
    expect(statSync(stack.stack.dir).mode & 0o077).toBe(0);
  });
});

describe("status", () => {
  test("tells who answered, as a table and as JSON", async () => {
    const { output } = await stack.must("status");
    expect(output).toMatch(/^SERVICE +PLACEMENT +SERVED BY +HEALTH/);
    expect(output).toMatch(/coda +workers +workers +ok +0\.1\.0\+[0-9a-f]{8} +http/);

    const json = JSON.parse((await stack.must("status", "--json")).output);
    expect(json).toMatchObject({ running: true, containers: "docker" });
    expect(json.services[0]).toMatchObject({ service: "oauth-broker", servedBy: "workers", health: "ok" });
    expect(json.services.find(({ service }: { service: string }) => service === "coda")).toMatchObject({
      placement: "workers",
      servedBy: "workers",
      health: "ok",
    });
  });
});

describe("a flip to the droplet, under load", () => {
  let result: Awaited<ReturnType<typeof flipUnderLoad>>;
  beforeAll(async () => {
    result = await flipUnderLoad("droplet");
  });

  test("fails no call", () => {
    expect(result.traffic.failures, stack.cloudLog).toEqual([]);
    expect(result.traffic.servedBy.workers).toBeGreaterThan(0);
    expect(result.traffic.servedBy.droplet).toBeGreaterThan(0);
  });

  test("cuts no stream that was open on the Worker", () => {
    expect(result.streamed).toEqual({ progress: 5, complete: true, servedBy: "workers" });
  });

  test("leaves the container running, and a route that bypasses Workers", async () => {
    expect(await containers()).toEqual(["cloudflared running", "coda running"]);
    expect(await route()).toEqual([[`coda-mcp.${stack.stack.domain}/*`, null]]);
    expect(await servedBy()).toBe("droplet");
  });

  test("keeps URL and token", async () => {
    expect(await rowsSeenByClients()).toEqual([250, 250]);
  });

  test("publishes no port of a container", async () => {
    const list = await docker.listContainers({ filters: { label: [`hybrid-mcp=${stack.stack.name}`] } });
    expect(list.flatMap(({ Ports }) => Ports.filter(({ PublicPort }) => PublicPort))).toEqual([]);
  });

  test("everything listens on loopback or the stack's own bridge, nothing else", () => {
    const pids = stack.processes().map((line) => line.split(" ")[0]);
    const { stdout } = spawnSync("ss", ["-Htlnp"], { encoding: "utf8" });
    const listening = stdout
      .split("\n")
      .filter((line) => pids.some((pid) => line.includes(`pid=${pid},`)))
      .map((line) => line.split(/\s+/)[3]!);
    // The cloud's own ports and those inside it, of workerd.
    expect(listening.length).toBeGreaterThan(Object.keys(stack.stack.ports).length);
    expect(new Set(listening.map((address) => address.replace(/:\d+$/, "")))).toEqual(
      new Set(["127.0.0.1", stack.stack.subnet.gateway]),
    );
  });
});

describe("when a part dies while Coda is on the droplet", () => {
  test("without a connector the edge answers 1033, and it comes back by itself", async () => {
    const connector = await stack.container("cloudflared");
    await connector.stop();
    const down = await fetch(`${stack.codaUrl}/health`);
    expect([down.status, (await down.text()).trim()]).toEqual([530, "error code: 1033"]);
    await connector.start();
    await eventually(async () => expect(await servedBy()).toBe("droplet"));
  });

  test("a local cloud that is killed and started again has the same state", async () => {
    const before = [await route(), await stack.cloudflare(`/accounts/${stack.stack.identity.accountId}/cfd_tunnel`)];
    const pid = stack.cloudPid!;
    process.kill(pid, "SIGKILL");
    await eventually(async () => expect(stack.cloudPid).toBeUndefined());
    await stack.must("up");
    expect(stack.cloudPid).not.toBe(pid);
    await eventually(async () => expect(await servedBy()).toBe("droplet"));
    const withoutConnections = (value: unknown) =>
      JSON.parse(JSON.stringify(value, (key, item) => (/^(connections|conns_|status)/.test(key) ? undefined : item)));
    const after = [await route(), await stack.cloudflare(`/accounts/${stack.stack.identity.accountId}/cfd_tunnel`)];
    expect(withoutConnections(after)).toEqual(withoutConnections(before));
    expect(await rowsSeenByClients()).toEqual([250, 250]);
  });
});

describe("a flip back to Workers, under load", () => {
  let result: Awaited<ReturnType<typeof flipUnderLoad>>;
  beforeAll(async () => {
    result = await flipUnderLoad("workers");
  });

  test("fails no call", () => {
    expect(result.traffic.failures, stack.cloudLog).toEqual([]);
    expect(result.traffic.servedBy.workers).toBeGreaterThan(0);
    expect(result.traffic.servedBy.droplet).toBeGreaterThan(0);
  });

  test("cuts no stream that was open on the container, and says so", () => {
    expect(result.streamed).toEqual({ progress: 5, complete: true, servedBy: "droplet" });
    const { output } = result.flip;
    expect(output).toMatch(/coda: the old container ends what runs on it: 1 connection \(\d+ s of 60 s\)/);
    expect(output).toMatch(/coda: the old container has ended by itself, with all that ran on it \(\d+\.\d s\)/);
  });

  test("leaves no container", async () => {
    expect(await containers()).toEqual([]);
    expect(await route()).toEqual([[`coda-mcp.${stack.stack.domain}/*`, `${stack.stack.name}-coda`]]);
    expect(await servedBy()).toBe("workers");
  });
});

describe("when Docker Engine is left for plain processes", () => {
  test("nothing stays on it, and the service goes on", async () => {
    await stack.must("flip", "coda", "droplet");
    await stack.must("up", "--no-docker");
    expect(await containers()).toEqual([]);
    expect(await servedBy()).toBe("droplet");
    await stack.must("up");
    expect(await containers()).toEqual(["cloudflared running", "coda running"]);
    expect(await servedBy()).toBe("droplet");
    await stack.must("flip", "coda", "workers");
  });
});

describe("mistakes at the command line are told in one sentence", () => {
  test.each([
    [["flip", "nosuch", "droplet"], 'There is no service "nosuch"; the services are: coda, github, firecrawl.'],
    [["flip", "coda", "moon"], 'coda cannot be placed on "moon"; allowed: workers, droplet.'],
    [
      ["flip", "coda"],
      "Usage: npm run flip -- <service> <workers|droplet> [<service> <workers|droplet> …] [--stack local]",
    ],
    [["up", "--port-offset", "x"], "--port-offset must be a whole number from 0 to 50000, not x"],
    [["status", "--xml"], "Unknown option '--xml'"],
  ])("npm run %j", async ([command, ...args], message) => {
    const { code, output } = await stack.run(command!, ...args);
    expect(code).toBe(1);
    expect(output).toContain(message);
    expect(output).not.toMatch(/^\s+at /m);
  });
});

describe("down", () => {
  /** Grace's page of her Coda connection. */
  const connectionPage = async (connect?: string) => {
    const page = `${stack.authUrl}/auth/coda`;
    const browser = new TestBrowser();
    const seen = await browser.signIn(page, "grace");
    if (connect === undefined) return seen.text;
    return (await browser.submit(page, { token: connect, return: "/auth/coda" })).status;
  };

  test("leaves no process, container or network, and grants, tokens and connections are good after the next up", async () => {
    expect(await connectionPage(SAMPLE_TOKENS.coda)).toBe(303);
    expect(await connectionPage()).toContain("grace@example.com");
    const pid = stack.cloudPid!;
    const kv = await stack.cloudflare(`/accounts/${stack.stack.identity.accountId}/storage/kv/namespaces`);
    const { seconds } = await stack.must("down");
    report(`down: ${seconds.toFixed(1)} s\n`);
    expect(stack.processes()).toEqual([]);
    expect(processIdentity(pid)).toBeUndefined();
    expect(await containers()).toEqual([]);
    const networks = await docker.listNetworks({ filters: { label: [`hybrid-mcp=${stack.stack.name}`] } });
    expect(networks).toEqual([]);

    await stack.must("up");
    expect(await stack.cloudflare(`/accounts/${stack.stack.identity.accountId}/storage/kv/namespaces`)).toEqual(kv);
    expect(await rowsSeenByClients()).toEqual([250, 250]);
    expect(await connectionPage()).toContain("grace@example.com");
  });

  test("--purge leaves no file of the stack", async () => {
    await stack.must("down", "--purge");
    expect(() => statSync(stack.stack.dir)).toThrow("ENOENT");
    expect(stack.processes()).toEqual([]);
  });
});

function filesBelow(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
