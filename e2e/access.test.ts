import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { ServiceName } from "@hybrid-mcp/catalogue";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { post } from "../workers/oauth-broker/testing/service-client.ts";
import { eventually } from "./support/eventually.ts";
import type { Grant } from "./support/sign-in.ts";
import { TestStack } from "./support/test-stack.ts";

/** Access in both homes at once: Coda on Workers, Firecrawl on the droplet, one broker. */

/** Access that is taken away ends within two minutes everywhere. */
const EVERYWHERE_SECONDS = 120;
const report = (line: string) => process.stdout.write(line);

let stack: TestStack;
const grants: Grant[] = [];

beforeAll(async () => {
  stack = await TestStack.create({ "services.github.enabled": false });
  await stack.must("up");
});
afterAll(() => stack?.destroy());

async function signIn(service: ServiceName, person?: string): Promise<Grant> {
  const grant = await stack.grant(service, { ...(person && { person }) });
  grants.push(grant);
  return grant;
}

const url = (service: ServiceName) => stack.stack.publicUrl(service);
const listDocs = (token: string) => post(url("coda"), token, "list_docs");
const upsert = (token: string) =>
  post(url("coda"), token, "upsert_rows", { doc: "pT7kXw2LmQ", table: "People", rows: [{ Name: "Ada" }] });
const scrape = (token: string) =>
  post(url("firecrawl"), token, "scrape", { url: `${stack.standInsUrl}/firecrawl/site/` });

describe("a call", () => {
  test.each([
    ["coda", "workers", "list_docs", listDocs, "Project Tracker"],
    ["firecrawl", "droplet", "scrape", scrape, "Harbour Handbook"],
  ] as const)(
    "of %s on %s answers, and is in the trail under its own id",
    async (service, placement, tool, call, text) => {
      const { accessToken } = await signIn(service);
      const response = await call(accessToken);
      expect(response.headers.get("x-served-by")).toBe(placement);
      expect(await response.text()).toContain(text);
      const requestId = response.headers.get("x-request-id");
      await eventually(async () => {
        expect(await stack.trail(`request_id = '${requestId}'`)).toEqual([
          expect.objectContaining({ kind: "call", decision: "allowed", service, tool, placement, user: "github-1815" }),
        ]);
      });
    },
  );

  test("for which a person granted too little is answered 403 and is in the trail as denied", async () => {
    const token = await stack.token("coda", { scopes: ["coda:read"] });
    const response = await upsert(token);
    expect(response.status).toBe(403);
    expect(response.headers.get("www-authenticate")).toMatch(
      /error="insufficient_scope",.* scope="coda:write coda:read"/,
    );
    await eventually(async () => {
      expect(await stack.trail(`request_id = '${response.headers.get("x-request-id")}'`)).toEqual([
        expect.objectContaining({ decision: "denied", tool: "upsert_rows", reason: "it needs coda:write" }),
      ]);
    });
  });
});

describe("a flip", () => {
  test("keeps grants: the same token is good on the other side, and can be refreshed there", async () => {
    const { accessToken, refreshToken, clientId } = await signIn("coda");
    expect((await listDocs(accessToken)).headers.get("x-served-by")).toBe("workers");
    await stack.must("flip", "coda", "droplet");
    const after = await listDocs(accessToken);
    expect([after.status, after.headers.get("x-served-by")]).toEqual([200, "droplet"]);

    const refreshed = await fetch(`${stack.authUrl}/oauth/token`, {
      method: "POST",
      body: new URLSearchParams({ grant_type: "refresh_token", refresh_token: refreshToken, client_id: clientId }),
    });
    const { access_token, refresh_token } = (await refreshed.json()) as Record<string, string>;
    grants.push({ accessToken: access_token!, refreshToken: refresh_token!, clientId });
    expect((await listDocs(access_token!)).status).toBe(200);
    await stack.must("flip", "coda", "workers");
    expect((await listDocs(access_token!)).headers.get("x-served-by")).toBe("workers");
  });
});

describe("access that is taken away", () => {
  test("by the person ends at the next call on Workers and within two minutes on the droplet", async () => {
    const held = { coda: await signIn("coda", "grace"), firecrawl: await signIn("firecrawl", "grace") };
    expect((await listDocs(held.coda.accessToken)).status).toBe(200);
    expect((await scrape(held.firecrawl.accessToken)).status).toBe(200);
    for (const { refreshToken, clientId } of Object.values(held)) {
      const revoked = await fetch(`${stack.authUrl}/oauth/token`, {
        method: "POST",
        body: new URLSearchParams({ token: refreshToken, client_id: clientId }),
      });
      expect(revoked.status).toBe(200);
    }
    expect((await listDocs(held.coda.accessToken)).status).toBe(401);
    const start = performance.now();
    await eventually(async () => {
      expect((await scrape(held.firecrawl.accessToken)).status).toBe(401);
    }, EVERYWHERE_SECONDS);
    report(`revoked on the droplet after ${((performance.now() - start) / 1000).toFixed(0)} s\n`);
  });

  test("by the policy ends in the same way, without a new sign-in", async () => {
    const coda = (await signIn("coda")).accessToken;
    const firecrawl = (await signIn("firecrawl")).accessToken;
    expect((await upsert(coda)).status).toBe(200);
    expect((await scrape(firecrawl)).status).toBe(200);
    stack.stack.setFlag(["auth", "policy"], [{ people: ["github:ada"], scopes: ["coda:read"] }]);
    await stack.must("up");
    const start = performance.now();

    expect((await upsert(coda)).status).toBe(403);
    expect((await listDocs(coda)).status).toBe(200);
    await eventually(async () => {
      expect((await scrape(firecrawl)).status).toBe(403);
    }, EVERYWHERE_SECONDS);
    report(`narrowed on the droplet after ${((performance.now() - start) / 1000).toFixed(0)} s\n`);
    // Still signed in: the token itself is good.
    const list = await fetch(`${url("firecrawl")}/mcp`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        accept: "application/json, text/event-stream",
        authorization: `Bearer ${firecrawl}`,
      },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list" }),
    });
    expect(list.status).toBe(200);
  });
});

test("what the config may take away goes without a word: a product, and an older key", async () => {
  const product = { name: "crm", clientIds: ["https://crm.example.com/client.json"], services: ["coda"] };
  stack.stack.setFlag(["auth", "products"], [product]);
  stack.stack.setFlag(["auth", "keys"], ["2", "1"]);
  await stack.must("up");
  stack.stack.setFlag(["auth", "products"], []);
  stack.stack.setFlag(["auth", "keys"], ["2"]);
  const { output } = await stack.must("up");
  expect(output).toMatch(/crm-product-secret deleted/);
  expect(output).toMatch(/vault-key-1 deleted/);
});

test("nothing secret is in clear in KV, D1, Durable Objects, logs, or the Pulumi state and config", async () => {
  const { output } = await stack.must("pulumi", "stack", "export", "--show-secrets", "--stack", "local");
  const generated = secretsIn(JSON.parse(output));
  expect(generated.length).toBeGreaterThan(5);
  const { codaToken, firecrawlKey, clientSecrets, passphrase } = stack.stack.identity;
  const secrets = [
    ...generated,
    ...grants.flatMap(({ accessToken, refreshToken }) => [accessToken, refreshToken]),
    ...Object.values(clientSecrets),
    ...[codaToken, firecrawlKey, passphrase],
  ];
  const folders = [
    "state",
    "project",
    "cloud.log",
    "pulumi/logs",
    "cloud/workers/kv",
    "cloud/workers/d1",
    "cloud/workers/do",
  ];
  let searched = 0;
  for (const file of folders.flatMap((folder) => filesBelow(stack.stack.path(...folder.split("/"))))) {
    const content = readFileSync(file, "latin1");
    searched += content.length;
    for (const secret of secrets) expect(content.includes(secret), `${file} has a secret in clear`).toBe(false);
  }
  report(`searched ${searched} bytes for ${secrets.length} secrets\n`);
});

/** What the program's generated resources hold: passwords and keys. */
function secretsIn(state: {
  deployment: { resources: { type: string; outputs?: Record<string, unknown> }[] };
}): string[] {
  return state.deployment.resources
    .filter(({ type }) => type.startsWith("random:"))
    .map(({ outputs }) => (outputs?.result ?? outputs?.base64) as string | { plaintext: string })
    .map((value) => (typeof value === "string" ? value : (JSON.parse(value.plaintext) as string)));
}

function filesBelow(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
