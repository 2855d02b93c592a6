import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startCaller, summary } from "./support/callers.ts";
import { makeCertificates, throughEdge } from "./support/certificates.ts";
import { ONLY_CODA, TestStack } from "./support/test-stack.ts";

/** The stack with https URLs and a certificate authority of its own, in both placements. */

const DOMAIN = "example.test";
const URL_OF_CODA = `https://coda-mcp.${DOMAIN}`;

let files: string;
let stack: TestStack;
let token: string;
let overTls: typeof fetch;

beforeAll(async () => {
  files = mkdtempSync(join(tmpdir(), "hybrid-mcp-ca-"));
  const { key, cert, ca } = makeCertificates(files, DOMAIN);
  stack = await TestStack.create({ ...ONLY_CODA, domain: DOMAIN });
  const port = 8783 + stack.portOffset;
  stack.stack.setFlag(["local", "tls"], { key, cert, ca, port });
  await stack.must("up");
  overTls = throughEdge(port, ca);
  token = await stack.token("coda", { fetch: overTls });
});
afterAll(async () => {
  await stack?.destroy();
  rmSync(files, { recursive: true, force: true });
});

async function rows(): Promise<number> {
  const client = new Client({ name: "e2e", version: "1" });
  await client.connect(
    new StreamableHTTPClientTransport(new URL(`${URL_OF_CODA}/mcp`), {
      fetch: overTls,
      requestInit: { headers: { authorization: `Bearer ${token}` } },
    }),
  );
  const call = { name: "list_rows", arguments: { doc: "pT7kXw2LmQ", table: "People" } };
  const result = await client.callTool(call);
  await client.close();
  return (result.structuredContent as { rows: object[] }).rows.length;
}

describe.each(["workers", "droplet"] as const)("on %s", (placement) => {
  beforeAll(async () => {
    const { services } = JSON.parse((await stack.must("status", "--json", "--no-drift")).output);
    if (services.find(({ service }: { service: string }) => service === "coda").placement === placement) return;
    const call = { name: "list_docs", arguments: {} };
    const caller = startCaller({ url: `${URL_OF_CODA}/mcp`, token, rate: 20, call, fetch: overTls });
    await stack.must("flip", "coda", placement);
    const traffic = await caller.stop();
    process.stdout.write(summary(`https flip to ${placement}`, traffic));
    expect(traffic.failures, stack.cloudLog).toEqual([]);
  });

  test("a client lists rows at the https URL", async () => {
    expect(await rows()).toBe(8);
    expect((await overTls(`${URL_OF_CODA}/health`)).headers.get("x-served-by")).toBe(placement);
  });

  test("the challenge names https URLs", async () => {
    const { headers } = await overTls(`${URL_OF_CODA}/mcp`, { method: "POST" });
    expect(headers.get("www-authenticate")).toContain(`resource_metadata="${URL_OF_CODA}/`);
  });
});
