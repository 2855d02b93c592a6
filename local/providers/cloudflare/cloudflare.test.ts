import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { account_id, startTestApi, type TestApi, zone_id } from "../../cloud/api/test-api.ts";
import { lookup } from "../lookup.ts";
import { adoptPendingCreates, type ExportedStack } from "../pending-creates.ts";
import { createTestStack, type TestStack } from "../testing/stack.ts";

let cloud: TestApi;
let stack: TestStack;
let environment: Record<string, string>;

interface Options {
  script?: string;
  title?: string;
  source?: string;
  secret?: string;
  ingress?: string;
  migrated?: boolean;
  more?: string;
}

const program = (options: Options = {}) => `
import * as pulumi from "@pulumi/pulumi";
import * as cloudflare from "@pulumi/cloudflare";
const accountId = "${account_id}", zoneId = "${zone_id}";
const kv = new cloudflare.WorkersKvNamespace("kv", { accountId, title: "${options.title ?? "sessions"}" });
const value = new cloudflare.WorkersKv("value", { accountId, namespaceId: kv.id, keyName: "some/key", value: "one" });
const database = new cloudflare.D1Database("database", { accountId, name: "audit" });
const script = new cloudflare.WorkersScript("script", {
  accountId, scriptName: "coda", mainModule: "worker.js", compatibilityDate: "2026-07-01", compatibilityFlags: ["nodejs_compat"],
  content: ${JSON.stringify(options.source ?? "export default { fetch() { return new Response('v1') } }")},
  bindings: [
    { name: "DB", type: "d1", id: database.id },
    { name: "KV", type: "kv_namespace", namespaceId: kv.id },
    { name: "SECRET", type: "secret_text", text: pulumi.secret(${JSON.stringify(options.secret ?? "s3cr3t-value")}) },
  ],
  observability: { enabled: true },
  ${options.migrated ? 'migrations: { newTag: "v1", newSqliteClasses: ["Locks"] },' : ""}
});
const subdomain = new cloudflare.WorkersScriptSubdomain("subdomain", { accountId, scriptName: script.scriptName, enabled: true });
const cron = new cloudflare.WorkersCronTrigger("cron", { accountId, scriptName: script.scriptName, schedules: [{ cron: "0 * * * *" }] });
const tunnel = new cloudflare.ZeroTrustTunnelCloudflared("tunnel", { accountId, name: "hybrid", configSrc: "cloudflare", tunnelSecret: pulumi.secret("AQIDBAUGBwgBAgMEBQYHCAECAwQFBgcIAQIDBAUGBwg=") });
const ingress = new cloudflare.ZeroTrustTunnelCloudflaredConfig("ingress", {
  accountId, tunnelId: tunnel.id,
  config: { ingresses: [
    { hostname: "coda-mcp.example.com", service: "${options.ingress ?? "http://coda:8085"}", originRequest: { noTlsVerify: true, connectTimeout: 5 } },
    { service: "http_status:404" },
  ] },
});
const record = new cloudflare.DnsRecord("record", {
  zoneId, name: "coda-mcp.example.com", type: "CNAME", content: pulumi.interpolate\`\${tunnel.id}.cfargotunnel.com\`, proxied: true, ttl: 1,
});
const route = new cloudflare.WorkersRoute("route", {
  zoneId, pattern: "coda-mcp.example.com/*", ${options.script === "" ? "" : "script: script.scriptName,"}
}, { dependsOn: [record] });
${options.more ?? ""}
export const token = pulumi.secret(cloudflare.getZeroTrustTunnelCloudflaredTokenOutput({ accountId, tunnelId: tunnel.id }).token);
export const zone = cloudflare.getZoneOutput({ filter: { name: "example.com" } }).zoneId;
export const routeId = route.id;
export const tunnelId = tunnel.id;
export const kvId = kv.id;
export const recordId = record.id;
`;

const ops = (steps: { op: string; name: string }[]) => steps.map((step) => `${step.op} ${step.name}`).sort();

beforeAll(async () => {
  cloud = await startTestApi();
  environment = {
    CLOUDFLARE_BASE_URL: `${cloud.origin}/client/v4`,
    CLOUDFLARE_API_TOKEN: String(cloud.cloudflare.apiToken),
  };
  Object.assign(process.env, environment);
  stack = await createTestStack(environment);
});

afterAll(async () => {
  await stack[Symbol.asyncDispose]();
  await cloud.close();
});

test("the whole edge is made, and a second preview, with and without refresh, changes nothing", async () => {
  await stack.program(program());
  expect(await stack.preview()).toHaveLength(10);
  await stack.up();
  const outputs = await stack.outputs();
  expect(outputs.zone).toBe(zone_id);
  const token = JSON.parse(Buffer.from(String(outputs.token), "base64").toString()) as Record<string, string>;
  expect(token).toMatchObject({ a: account_id, t: outputs.tunnelId });
  const route = await cloud.request("GET", `/client/v4/zones/${zone_id}/workers/routes/${outputs.routeId}`);
  expect(route.body.result).toMatchObject({ pattern: "coda-mcp.example.com/*", script: "coda" });
  const config = await cloud.request(
    "GET",
    `/client/v4/accounts/${account_id}/cfd_tunnel/${outputs.tunnelId}/configurations`,
  );
  expect(config.body.result.config.ingress[0]).toMatchObject({
    hostname: "coda-mcp.example.com",
    originRequest: { noTLSVerify: true, connectTimeout: 5 },
  });
  expect(await stack.preview()).toEqual([]);
  expect(await stack.preview("--refresh")).toEqual([]);
  expect(cloud.log).toEqual([]);
}, 120_000);

test("secrets are encrypted in the state: a binding's text, a tunnel's secret and its token", async () => {
  const text = await stack.exportText();
  expect(text).not.toContain("s3cr3t-value");
  expect(text).not.toContain("AQIDBAUGBwgBAgMEBQYHCAECAwQFBgcIAQIDBAUGBwg");
  expect(text).not.toContain(String((await stack.outputs()).token));
});

test("a route's script is unset and set in place, and nothing else changes", async () => {
  const { routeId } = await stack.outputs();
  await stack.program(program({ script: "" }));
  expect(ops(await stack.preview())).toEqual(["update route"]);
  await stack.up();
  const where = `/client/v4/zones/${zone_id}/workers/routes/${routeId}`;
  expect((await cloud.request("GET", where)).body.result.script ?? null).toBeNull();
  expect(await stack.preview("--refresh")).toEqual([]);
  await stack.program(program());
  expect(ops(await stack.preview())).toEqual(["update route"]);
  await stack.up();
  expect((await cloud.request("GET", where)).body.result.script).toBe("coda");
}, 120_000);

test("content, secrets, titles and ingress change in place; a database's name and a script's name replace", async () => {
  const changed: Options = {
    source: "export default { fetch() { return new Response('v2') } }",
    secret: "another-secret",
    title: "renamed",
    ingress: "http://other:8085",
  };
  await stack.program(program(changed));
  const preview = await stack.run("preview", "--diff");
  expect(preview.output).not.toContain("another-secret");
  expect(ops(await stack.preview()), preview.output).toEqual(["update ingress", "update kv", "update script"]);
  await stack.up();
  expect(await stack.preview("--refresh")).toEqual([]);

  await stack.program(program(changed).replace('name: "audit"', 'name: "audit2"'));
  expect(ops(await stack.preview())).toContain("replace database");
  await stack.program(program(changed).replace('scriptName: "coda"', 'scriptName: "coda2"'));
  expect(ops(await stack.preview())).toContain("replace script");
  await stack.program(program());
  await stack.up();
}, 120_000);

test("drift is seen and put right; what is gone is made again", async () => {
  const { recordId, routeId } = await stack.outputs();
  const record = `/client/v4/zones/${zone_id}/dns_records/${recordId}`;
  await cloud.request("PATCH", record, { proxied: false });
  expect(ops(await stack.preview("--refresh"))).toEqual(["update record"]);
  await cloud.request("DELETE", `/client/v4/zones/${zone_id}/workers/routes/${routeId}`);
  expect(ops(await stack.preview("--refresh"))).toEqual(["create route", "update record"]);
  await stack.up("--refresh");
  expect((await cloud.request("GET", record)).body.result.proxied).toBe(true);
  expect((await stack.outputs()).routeId).not.toBe(routeId);
  expect(await stack.preview("--refresh")).toEqual([]);
}, 120_000);

test("what exists already is refused with the API's own code, in one line and without a stack trace", async () => {
  const twins = [
    ['new cloudflare.WorkersKvNamespace("kv2", { accountId, title: "sessions" }, { dependsOn: [kv] });', /10014 /],
    [
      'new cloudflare.DnsRecord("record2", { zoneId, name: "coda-mcp.example.com", type: "CNAME", content: "x.example.com", ttl: 1 });',
      /8105[34] /,
    ],
    ['new cloudflare.WorkersRoute("route2", { zoneId, pattern: "coda-mcp.example.com/*" });', /10020 /],
    ['new cloudflare.D1Database("database2", { accountId, name: "audit" });', /7502 /],
    ['new cloudflare.ZeroTrustTunnelCloudflared("tunnel2", { accountId, name: "hybrid" });', /1013 /],
  ] as const;
  for (const [more, code] of twins) {
    await stack.program(program({ more }));
    const failed = await stack.run("up", "--yes", "--skip-preview");
    expect(failed.code).not.toBe(0);
    expect(failed.output).toMatch(new RegExp(`error: Cloudflare API: ${code.source}.*\\(HTTP 4\\d\\d, POST .*\\)`));
    expect(failed.output).not.toMatch(/at .*local.providers/);
  }
  await stack.program(program());
  await stack.up();
}, 120_000);

test("every kind is found by its name, and its id imports it without a change", async () => {
  const { tunnelId, routeId, recordId, kvId } = await stack.outputs();
  const state = await stack.export();
  const inputsOf = (name: string) => state.resources.find((one) => one.urn.endsWith(`::${name}`))?.inputs ?? {};
  const expected: [string, string, string][] = [
    ["workersKvNamespace:WorkersKvNamespace", "kv", `${account_id}/${kvId}`],
    ["workersKv:WorkersKv", "value", `${account_id}/${kvId}/some/key`],
    ["workersScript:WorkersScript", "script", `${account_id}/coda`],
    ["workersScriptSubdomain:WorkersScriptSubdomain", "subdomain", `${account_id}/coda`],
    ["workersCronTrigger:WorkersCronTrigger", "cron", `${account_id}/coda`],
    ["workersRoute:WorkersRoute", "route", `${zone_id}/${routeId}`],
    ["dnsRecord:DnsRecord", "record", `${zone_id}/${recordId}`],
    ["zeroTrustTunnelCloudflared:ZeroTrustTunnelCloudflared", "tunnel", `${account_id}/${tunnelId}`],
    ["zeroTrustTunnelCloudflaredConfig:ZeroTrustTunnelCloudflaredConfig", "ingress", `${account_id}/${tunnelId}`],
  ];
  for (const [type, name, id] of expected) {
    const token = `cloudflare:index/${type}`;
    expect(await lookup(token, inputsOf(name)), type).toBe(id);
  }
  expect(
    await lookup("cloudflare:index/workersRoute:WorkersRoute", { zoneId: zone_id, pattern: "none/*" }),
  ).toBeUndefined();

  for (const [type, name, id] of expected.filter(
    ([, one]) => one === "route" || one === "record" || one === "ingress",
  )) {
    const urn = `urn:pulumi:test::test::cloudflare:index/${type}::${name}`;
    await stack.run("state", "delete", urn, "--yes", "--target-dependents");
    const imported = await stack.run("import", `cloudflare:index/${type}`, name, id, "--yes", "--protect=false");
    expect(imported.output).toContain("1 imported");
  }
  expect(await stack.preview(), (await stack.run("preview", "--diff")).output).toEqual([]);
}, 180_000);

test("creations that were cut off are taken into the state by name, or forgotten, and the next update changes nothing", async () => {
  const { routeId } = await stack.outputs();
  const exported = JSON.parse(await stack.exportText()) as ExportedStack;
  const urns = ["route", "cron"].map(
    (name) => exported.deployment.resources?.find((one) => one.urn.endsWith(`::${name}`))?.urn ?? "",
  );
  // As a kill between the request and its answer leaves the state.
  const cut = (exported.deployment.resources ?? []).filter((one) => urns.includes(one.urn));
  const pending = cut.map(({ id: _, outputs: __, ...resource }) => ({ resource, type: "creating" }));
  const missing = { ...pending[0]?.resource, urn: `${urns[0]}2`, inputs: { zoneId: zone_id, pattern: "none/*" } };
  exported.deployment.resources = exported.deployment.resources?.filter((one) => !urns.includes(one.urn));
  exported.deployment.pending_operations = [...pending, { resource: missing as (typeof cut)[0], type: "creating" }];

  const mended = await adoptPendingCreates(exported);
  expect(mended.adopted.sort()).toEqual([...urns].sort());
  expect(mended.cleared).toEqual([missing.urn]);
  await writeFile(join(stack.dir, "state.json"), JSON.stringify(mended.stack));
  const imported = await stack.run("stack", "import", "--file", "state.json");
  expect(imported.code, imported.output).toBe(0);
  const refreshed = await stack.run("refresh", "--yes", "--skip-preview");
  expect(refreshed.code, refreshed.output).toBe(0);
  expect((await stack.export()).resources.find((one) => one.urn === urns[0])?.id).toBe(routeId);
  expect(await stack.preview(), (await stack.run("preview", "--diff")).output).toEqual([]);
  expect(await stack.exportText()).not.toContain("s3cr3t-value");
}, 120_000);

test("a file is uploaded by its hash, Durable Object migrations are sent once, and a wrong hash is refused", async () => {
  const source = "export class Locks {}\nexport default { fetch() { return new Response('file') } }";
  const file = join(stack.dir, "worker.js");
  await writeFile(file, source);
  const hash = createHash("sha256").update(source).digest("hex");
  const fromFile = (sha: string) =>
    program({ migrated: true }).replace(
      / {2}content: .*,/,
      `contentFile: ${JSON.stringify(file)}, contentSha256: "${sha}",`,
    );
  await stack.program(fromFile("0".repeat(64)));
  const refused = await stack.run("up", "--yes", "--skip-preview");
  expect(refused.output).toContain("contentSha256 is not the hash of");
  await stack.program(fromFile(hash));
  await stack.up();
  const again = `${source}\n// changed`;
  await writeFile(file, again);
  await stack.program(fromFile(createHash("sha256").update(again).digest("hex")));
  await stack.up();
  expect(await stack.preview("--refresh")).toEqual([]);
}, 120_000);

test("Access applications and policies are made, changed in place, and stay as they are", async () => {
  const access = (decision: string) => `
    const policy = new cloudflare.ZeroTrustAccessPolicy("policy", { accountId, name: "people", decision: "${decision}",
      includes: [{ emailDomain: { domain: "example.com" } }, { everyone: {} }] });
    const app = new cloudflare.ZeroTrustAccessApplication("app", { accountId, name: "n8n", domain: "n8n.example.com", type: "self_hosted",
      sessionDuration: "8h", policies: [{ id: policy.id, precedence: 1 }] });`;
  await stack.program(program({ more: access("allow") }));
  await stack.up();
  expect(await stack.preview("--refresh")).toEqual([]);
  await stack.program(program({ more: access("deny") }));
  expect(ops(await stack.preview())).toContain("update policy");
  await stack.up();
  expect(
    await lookup("cloudflare:index/zeroTrustAccessPolicy:ZeroTrustAccessPolicy", {
      accountId: account_id,
      name: "people",
    }),
  ).toMatch(new RegExp(`^${account_id}/`));
  expect(
    await lookup("cloudflare:index/zeroTrustAccessApplication:ZeroTrustAccessApplication", {
      accountId: account_id,
      name: "n8n",
    }),
  ).toMatch(new RegExp(`^accounts/${account_id}/`));
}, 120_000);

test("an Access service token has a secret that is told once, kept from then on, and made anew by its version", async () => {
  const access = (version: number, name = "ci") => `
    const serviceToken = new cloudflare.ZeroTrustAccessServiceToken("service-token", { accountId, name: "${name}", duration: "forever", clientSecretVersion: ${version} });
    const policy = new cloudflare.ZeroTrustAccessPolicy("machines", { accountId, name: "machines", decision: "non_identity",
      includes: [{ serviceToken: { tokenId: serviceToken.id } }] });
    const app = new cloudflare.ZeroTrustAccessApplication("engine", { accountId, name: "engine", domain: "engine.example.com", type: "self_hosted",
      serviceAuth401Redirect: true, policies: [{ id: policy.id, precedence: 1 }] });
    export const clientId = serviceToken.clientId;
    export const clientSecret = serviceToken.clientSecret;`;
  await stack.program(program({ more: access(1) }));
  await stack.up();
  const credentials = async () => (await stack.outputs()) as { clientId: string; clientSecret: string };
  const first = await credentials();
  const id = cloud.api.directory.serviceToken(first.clientId, first.clientSecret);
  expect(cloud.api.directory.access("engine.example.com", "/")).toMatchObject({
    serviceAuth401: true,
    policies: [{ decision: "non_identity", serviceTokens: [id] }],
  });
  // The API does not tell it again, and a refresh does not lose it.
  expect(await stack.preview("--refresh")).toEqual([]);
  expect(await stack.exportText()).not.toContain(first.clientSecret);

  await stack.program(program({ more: access(1, "renamed") }));
  expect(ops(await stack.preview())).toContain("update service-token");
  await stack.up();
  expect((await stack.outputs()).clientSecret).toBe(first.clientSecret);

  await stack.program(program({ more: access(2, "renamed") }));
  await stack.up();
  const second = await credentials();
  expect(second.clientId).toBe(first.clientId);
  expect(cloud.api.directory.serviceToken(first.clientId, first.clientSecret)).toBeUndefined();
  expect(cloud.api.directory.serviceToken(first.clientId, second.clientSecret)).toBe(id);
  expect(await stack.preview("--refresh")).toEqual([]);
  expect(
    await lookup("cloudflare:index/zeroTrustAccessServiceToken:ZeroTrustAccessServiceToken", {
      accountId: account_id,
      name: "renamed",
    }),
  ).toBe(`accounts/${account_id}/${id}`);
}, 120_000);

test("a wrong token and an API that is away are one clear sentence", async () => {
  const wrong = await createTestStack({ ...environment, CLOUDFLARE_API_TOKEN: "wrong-token" });
  await wrong.program(program());
  const refused = await wrong.run("up", "--yes", "--skip-preview");
  expect(refused.output).toMatch(/Cloudflare API: \d+ .*HTTP 40[0-3]/);
  expect(refused.output).not.toContain("wrong-token");
  await wrong[Symbol.asyncDispose]();

  const away = await createTestStack({ ...environment, CLOUDFLARE_BASE_URL: "http://127.0.0.1:9/client/v4" });
  await away.program(program());
  const failed = await away.run("up", "--yes", "--skip-preview");
  expect(failed.output).toContain("Cannot reach the Cloudflare API at http://127.0.0.1:9/client/v4");
  await away[Symbol.asyncDispose]();
}, 120_000);

test("destroy leaves nothing, also when something is gone already", async () => {
  const { kvId, tunnelId } = await stack.outputs();
  await cloud.request("DELETE", `/client/v4/accounts/${account_id}/workers/scripts/coda?force=true`);
  const destroyed = await stack.run("destroy", "--yes", "--skip-preview");
  expect(destroyed.code, destroyed.output).toBe(0);
  const namespace = `/client/v4/accounts/${account_id}/storage/kv/namespaces/${kvId}`;
  expect((await cloud.request("GET", namespace)).status).toBe(404);
  const tunnel = await cloud.request("GET", `/client/v4/accounts/${account_id}/cfd_tunnel/${tunnelId}`);
  expect(tunnel.status === 404 || tunnel.body.result.deleted_at !== null).toBe(true);
}, 120_000);
