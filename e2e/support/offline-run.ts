import { createSocket } from "node:dgram";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { serveAllStandIns } from "../../local/cloud/stand-ins.ts";
import { makeCertificates, throughEdge } from "./certificates.ts";
import { type CommandResult, TestStack } from "./test-stack.ts";

/**
 * `node offline-run.ts` in a network namespace whose resolv.conf names 127.0.0.1: the life of a stack without any network,
 * told as one JSON line (`OfflineRun`) on stdout.
 */

/** What was seen, for `e2e/offline.test.ts` to judge. */
export interface OfflineRun {
  withoutEngine: CommandResult;
  up: CommandResult;
  /** What tools answered, in order: after `up` and each flip, by the gateway, with servers inside the network, and when those are gone. */
  answers: { when: string; servedBy: string | null; result: unknown }[];
  /** `status --json` after the flips. */
  status: { services: { service: string; health: string }[] };
  /** Processes of the stack after `down`. */
  left: string[];
  /** Names that anything looked up in DNS. */
  lookedUp: { withoutEngine: string[]; after: string[] };
}

const DOMAIN = "offline.test";
/** Loopback too, and of no stack: a host that Workers may reach only because the config allows it. */
const INSIDE = "127.0.0.2";
const DOC = "pT7kXw2LmQ";

const files = mkdtempSync(join(tmpdir(), "hybrid-mcp-offline-"));
const lookedUp = await silentNameServer();
const stack = await TestStack.create();
try {
  const result = await run();
  process.stdout.write(`${JSON.stringify(result)}\n`);
} catch (error) {
  process.stderr.write(`${stack.cloudLog}\n`);
  throw error;
} finally {
  await stack.destroy();
  rmSync(files, { recursive: true, force: true });
}
process.exit();

async function run(): Promise<OfflineRun> {
  const certificates = join(files, "certificates");
  mkdirSync(certificates);
  const tls = { ...makeCertificates(certificates, DOMAIN), port: 8786 + stack.portOffset };
  stack.stack.setFlag(["domain"], DOMAIN);
  stack.stack.setFlag(["local", "tls"], tls);
  const send = throughEdge(tls.port, tls.ca);

  const withoutEngine = await upWithoutEngine();
  const first = lookedUp.splice(0);
  const up = await stack.must("up", "--no-docker");

  const answers: OfflineRun["answers"] = [];
  let token = await stack.token("coda", { fetch: send });
  const ask = async (when: string) => {
    const url = stack.stack.publicUrl("coda");
    const servedBy = (await send(`${url}/health`)).headers.get("x-served-by");
    const call = { name: "list_rows", arguments: { doc: DOC, table: "People" } };
    answers.push({ when, servedBy, result: await callTool(`${url}/mcp`, token, send, call) });
  };
  await ask("up");
  for (const placement of ["droplet", "workers"]) {
    await stack.must("flip", "coda", placement);
    await ask(`flip to ${placement}`);
  }
  const gatewayToken = await stack.token("mcp-gateway", { fetch: send });
  const listed = { name: "coda_list_docs", arguments: {} };
  const result = await callTool(stack.gatewayUrl, gatewayToken, send, listed);
  answers.push({ when: "gateway", servedBy: null, result });
  const status = JSON.parse((await stack.must("status", "--json")).output) as OfflineRun["status"];

  const inside = await serversInside();
  await stack.must("up", "--no-docker");
  token = await stack.token("coda", { person: "grace", fetch: send });
  await ask("servers inside");
  await inside.close();
  await ask("servers inside gone");

  await stack.must("down");
  const left = stack.processes();
  return { withoutEngine, up, answers, status, left, lookedUp: { withoutEngine: first, after: lookedUp } };
}

/** `up` where neither cache nor path has an engine, and Go has no modules to build one of. */
async function upWithoutEngine(): Promise<CommandResult> {
  const before = { ...process.env };
  const hasEngine = (dir: string) => existsSync(join(dir, "pulumi"));
  process.env.PATH = before
    .PATH!.split(delimiter)
    .filter((dir) => !hasEngine(dir))
    .join(delimiter);
  process.env.HYBRID_MCP_CACHE = join(files, "cache");
  process.env.GOMODCACHE = join(files, "modules");
  const result = await stack.run("up", "--no-docker");
  process.env = before;
  return result;
}

/** Puts a Coda and a GitHub to sign in with on another host, and has the config name them, as an operator does. */
async function serversInside(): Promise<{ close(): Promise<unknown> }> {
  const port = 8788 + stack.portOffset;
  const { identity } = stack.stack;
  const accounts = { ...identity, brokerUrl: stack.authUrl };
  // Only the GitHub inside takes it.
  accounts.clientSecrets = { ...identity.clientSecrets, github: "secret of the application inside" };
  const servers = await serveAllStandIns({
    host: INSIDE,
    port,
    stateDir: join(files, "inside"),
    accounts,
    log: () => {},
  });
  const origin = `http://${INSIDE}:${port}`;
  const { setFlag } = stack.stack;
  const set = setFlag.bind(stack.stack);
  set(["local", "allowedHosts"], [`${INSIDE}:${port}`]);
  set(["services", "coda", "upstreamUrl"], `${origin}/coda/apis/v1`);
  set(["auth", "providers"], ["github"]);
  set(["auth", "github", "siteUrl"], `${origin}/identity/github`);
  set(["auth", "github", "apiUrl"], `${origin}/identity/github/api`);
  const secrets = JSON.stringify(accounts.clientSecrets);
  await stack.must("pulumi", "config", "set", "--secret", "hybrid-mcp:clientSecrets", secrets, "--stack", "local");
  return servers;
}

async function callTool(
  url: string,
  token: string,
  send: typeof fetch,
  call: { name: string; arguments: Record<string, unknown> },
): Promise<unknown> {
  const client = new Client({ name: "e2e", version: "1" });
  await client.connect(
    new StreamableHTTPClientTransport(new URL(url), {
      fetch: send,
      requestInit: { headers: { authorization: `Bearer ${token}` } },
    }),
  );
  const { structuredContent } = await client.callTool(call);
  await client.close();
  return structuredContent;
}

/**
 * A name server that keeps every question and never answers, as where packets lead nowhere: who asks it has to wait.
 *
 * @returns the names, as they come
 */
async function silentNameServer(): Promise<string[]> {
  const names: string[] = [];
  const socket = createSocket("udp4");
  socket.on("message", (question) => names.push(nameIn(question)));
  socket.bind(53, "127.0.0.1");
  await once(socket, "listening");
  return names;
}

/** QNAME of a question (RFC 1035, section 4.1.2). */
function nameIn(question: Buffer): string {
  const labels: string[] = [];
  for (let at = 12; question[at]; at += question[at]! + 1) {
    labels.push(question.toString("latin1", at + 1, at + 1 + question[at]!));
  }
  return labels.join(".");
}
