import { request } from "node:http";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import Docker from "dockerode";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildEngineImage } from "./support/engine-image.ts";
import { TestStack } from "./support/test-stack.ts";

/**
 * A Firecrawl engine on the droplet and the two ways to it, with a stand-in in the place of its published images: a Worker's
 * through edge, Access and tunnel, with the credential of the stack; a container's within the droplet.
 */

const docker = new Docker();
const image = `hybrid-mcp-e2e/firecrawl-engine:${process.pid}`;
const SITE = "http://firecrawl-engine:3002/site/";
const roles = ["redis", "rabbitmq", "postgres", "playwright", "api"].map((part) => `firecrawl-${part}`);
let stack: TestStack;
let token: string;

beforeAll(async () => {
  await buildEngineImage(docker, image);
  stack = await TestStack.create({
    "services.coda.enabled": false,
    "services.github.enabled": false,
    "services.firecrawl": { placement: "workers", engine: "self-hosted", allowedHosts: ["firecrawl-engine:3002"] },
    "droplet.images.firecrawl": image,
    "droplet.images.firecrawlPlaywright": image,
    "droplet.images.firecrawlPostgres": image,
    "droplet.images.redis": image,
    "droplet.images.rabbitmq": image,
  });
  await stack.must("up");
  token = await stack.token("firecrawl");
});
afterAll(async () => {
  await stack?.destroy();
  await docker.getImage(image).remove();
});

/** Reads the stand-in's own page with the Firecrawl service, as somebody without a Firecrawl account. */
async function scraped(): Promise<{ text: string; servedBy: string | null }> {
  const client = new Client({ name: "e2e", version: "1" });
  const requestInit = { headers: { authorization: `Bearer ${token}` } };
  const url = stack.stack.publicUrl("firecrawl");
  await client.connect(new StreamableHTTPClientTransport(new URL(`${url}/mcp`), { requestInit }));
  const result = await client.callTool({ name: "scrape", arguments: { url: SITE } });
  await client.close();
  expect(result.isError, JSON.stringify(result.content)).toBeFalsy();
  const { headers } = await fetch(`${url}/health`);
  return { text: JSON.stringify(result.structuredContent), servedBy: headers.get("x-served-by") };
}

/** What the engine's API has been asked so far, with the names of the headers that it saw. */
async function askedOfEngine(): Promise<{ asked: string; headers: string[] }[]> {
  const logs = await docker.getContainer(`${stack.stack.name}-firecrawl-api`).logs({ stdout: true });
  return logs
    .toString("utf8")
    .split("\n")
    .map((line) => line.slice(line.indexOf("{")))
    .filter((line) => line.startsWith('{"asked"'))
    .map((line) => JSON.parse(line));
}

/** Asks the engine from outside; the edge's own port goes by the Host header, as the internet does. */
function fromOutside(path: string, headers: Record<string, string> = {}): Promise<number | undefined> {
  const host = `firecrawl-engine.${stack.stack.domain}`;
  return new Promise((resolve, reject) => {
    const port = stack.stack.ports.edge;
    request({ host: "127.0.0.1", port, path, headers: { host, ...headers } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .once("error", reject)
      .end();
  });
}

describe("a Firecrawl engine of one's own", () => {
  test("is called by the Worker through edge, Access and tunnel; its credential does not reach the engine", async () => {
    const { text, servedBy } = await scraped();
    expect(text).toContain("Harbour Handbook");
    expect(servedBy).toBe("workers");
    const [call] = await askedOfEngine();
    expect(call!.asked).toBe("POST /v2/scrape");
    // Came over the edge, let in by Access, with neither its secret nor anybody's key.
    expect(call!.headers).toEqual(expect.arrayContaining(["cf-ray", "cf-access-jwt-assertion"]));
    expect(call!.headers).not.toEqual(expect.arrayContaining(["cf-access-client-secret"]));
    expect(call!.headers).not.toContain("authorization");
  });

  test("is not there for anybody else: without the credential the edge refuses, whatever the path", async () => {
    const before = (await askedOfEngine()).length;
    const guessed = { "cf-access-client-id": "0".repeat(32), "cf-access-client-secret": "cfast_guessed" };
    for (const path of ["/v2/scrape", "/v2/team/credit-usage", "/admin/key/queues", "/site/", "/"]) {
      expect(await fromOutside(path), path).toBe(401);
      expect(await fromOutside(path, guessed), path).toBe(401);
    }
    const local = await fetch(`${stack.stack.publicUrl("firecrawl-engine")}/v2/scrape`, { method: "POST" });
    expect(local.status).toBe(401);
    expect((await askedOfEngine()).length).toBe(before);
  });

  test("runs confined, with no port, and its stores and its browser where they belong", async () => {
    for (const role of roles) {
      const { HostConfig, NetworkSettings, Config } = await docker
        .getContainer(`${stack.stack.name}-${role}`)
        .inspect();
      expect(HostConfig.CapDrop, role).toEqual(["ALL"]);
      expect(HostConfig.SecurityOpt, role).toEqual(["no-new-privileges:true"]);
      expect(Object.values(HostConfig.PortBindings ?? {}), role).toEqual([]);
      expect(HostConfig.Memory, role).toBeGreaterThan(0);
      expect(Config.Labels["hybrid-mcp"], role).toBe(stack.stack.name);
      const suffixes = Object.keys(NetworkSettings.Networks).map((name) => name.slice(stack.stack.name.length));
      const networks = {
        "firecrawl-playwright": ["-firecrawl-browser"],
        "firecrawl-api": ["", "-firecrawl", "-firecrawl-browser"],
      };
      expect(suffixes.sort(), role).toEqual(networks[role as keyof typeof networks] ?? ["-firecrawl"]);
    }
  });

  test("is called with a new secret when the config asks for one", async () => {
    const tokens = () =>
      stack.cloudflare<{ client_secret_version: number }[]>(
        `/accounts/${stack.stack.identity.accountId}/access/service_tokens`,
      );
    expect(await tokens()).toMatchObject([{ client_secret_version: 1 }]);
    stack.stack.setFlag(["cloudflare", "serviceTokenVersion"], 2);
    await stack.must("up");
    expect(await tokens()).toMatchObject([{ client_secret_version: 2 }]);
    // The old one ended with the rotation: the Worker has the new one.
    const { text, servedBy } = await scraped();
    expect(text).toContain("Harbour Handbook");
    expect(servedBy).toBe("workers");
  });

  test("is called within the droplet by a service that is placed there", async () => {
    await stack.must("flip", "firecrawl", "droplet");
    const { text, servedBy } = await scraped();
    expect(text).toContain("Harbour Handbook");
    expect(servedBy).toBe("droplet");
    const last = (await askedOfEngine()).at(-1)!;
    expect(last.headers).not.toContain("cf-ray");
    expect(last.headers).not.toContain("authorization");
  });

  test("a second update changes nothing", async () => {
    const { output } = await stack.must("up");
    expect(output).toMatch(/(\d+) unchanged/);
    expect(output).not.toMatch(/\d+ (created|updated|replaced|deleted)/);
  });

  test("leaves nothing behind when the stack is purged", async () => {
    const { name } = stack.stack;
    await stack.destroy();
    const filters = { label: [`hybrid-mcp=${name}`] };
    expect(await docker.listContainers({ all: true, filters })).toEqual([]);
    expect(await docker.listNetworks({ filters })).toEqual([]);
    expect((await docker.listVolumes({ filters })).Volumes ?? []).toEqual([]);
  });
});
