import { type ServiceName, serviceNames } from "@hybrid-mcp/catalogue";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { serviceTools } from "../infra/service-tools.ts";
import { TestStack } from "./support/test-stack.ts";

/** Every service offers and does the same in both homes, to a client that signed in once. */

let stack: TestStack;
const tokens = {} as Record<ServiceName, string>;
/** What each home listed, to be compared. */
const listed: Partial<Record<ServiceName, object>> = {};

beforeAll(async () => {
  stack = await TestStack.create({ "services.firecrawl.placement": "workers" });
  await stack.must("up");
  for (const service of serviceNames) tokens[service] = await stack.token(service);
  await stack.connectGitHub();
});
afterAll(() => stack?.destroy());

/** A call that reaches each service's API, and what its answer has in it. */
const calls: Record<ServiceName, () => [name: string, args: Record<string, unknown>, said: string]> = {
  coda: () => ["list_docs", {}, "Project Tracker"],
  github: () => ["get_me", {}, "ada"],
  firecrawl: () => ["scrape", { url: `${stack.standInsUrl}/firecrawl/site/` }, "Harbour Handbook"],
};

async function connected(service: ServiceName, headers: Record<string, string> = {}) {
  const client = new Client({ name: "e2e", version: "1" });
  const requestInit = { headers: { authorization: `Bearer ${tokens[service]}`, ...headers } };
  const url = new URL(`${stack.stack.publicUrl(service)}/mcp`);
  await client.connect(new StreamableHTTPClientTransport(url, { requestInit }));
  return client;
}

describe.each(["workers", "droplet"] as const)("on %s", (placement) => {
  test.each(serviceNames)("%s offers every tool, and answers from there", async (service) => {
    if (placement === "droplet") await stack.must("flip", service, placement);
    const health = await fetch(`${stack.stack.publicUrl(service)}/health`);
    expect(health.headers.get("x-served-by")).toBe(placement);

    const all = await connected(service, { "x-mcp-toolsets": "all" });
    const { tools } = await all.listTools();
    expect(tools.map(({ name }) => name)).toEqual(serviceTools[service].tools.map(({ name }) => name));
    listed[service] ??= tools;
    expect(tools).toEqual(listed[service]);
    await all.close();

    const [name, args, said] = calls[service]();
    const client = await connected(service);
    const result = await client.callTool({ name, arguments: args });
    expect(result.isError, JSON.stringify(result.content)).toBeFalsy();
    expect(JSON.stringify(result.structuredContent)).toContain(said);
    await client.close();
  });
});
