import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestApi, type TestApi } from "../../cloud/api/test-api.ts";
import { lookup } from "../lookup.ts";
import { createTestStack, type TestStack } from "../testing/stack.ts";

let cloud: TestApi;
let stack: TestStack;

const publicKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ9MdzC8zZ0Qd9yRkF0Xn4pE0bqUq4sHk3m3mO3Jv1xY x@example.com";

interface Options {
  size?: string;
  gigabytes?: number;
  userData?: string;
  ports?: string;
  more?: string;
}

const program = ({ size, gigabytes, userData, ports, more }: Options = {}) => `
import * as digitalocean from "@pulumi/digitalocean";
const region = "fra1";
const key = new digitalocean.SshKey("key", { name: "deploy", publicKey: ${JSON.stringify(`${publicKey}\n`)} });
const vpc = new digitalocean.Vpc("vpc", { name: "hybrid", region, ipRange: "10.10.0.0/24" });
const volume = new digitalocean.Volume("volume", { name: "data", region, size: ${gigabytes ?? 10}, initialFilesystemType: "ext4" });
const droplet = new digitalocean.Droplet("host", {
  name: "host", region, size: "${size ?? "s-1vcpu-2gb"}", image: "debian-12-x64", sshKeys: [key.id], vpcUuid: vpc.id, monitoring: true,
  userData: "${userData ?? "#cloud-config"}", tags: ["hybrid-mcp"],
});
const attachment = new digitalocean.VolumeAttachment("attachment", { dropletId: droplet.id.apply(Number), volumeId: volume.id });
const firewall = new digitalocean.Firewall("firewall", {
  name: "closed", dropletIds: [droplet.id.apply(Number)],
  inboundRules: [{ protocol: "tcp", portRange: "${ports ?? "22"}", sourceAddresses: ["198.51.100.1/32"] }],
  outboundRules: [
    { protocol: "tcp", portRange: "1-65535", destinationAddresses: ["0.0.0.0/0", "::/0"] },
    { protocol: "icmp", destinationAddresses: ["0.0.0.0/0"] },
  ],
});
const project = new digitalocean.Project("project", { name: "hybrid", purpose: "Service or API", environment: "Production" });
const resources = new digitalocean.ProjectResources("resources", { project: project.id, resources: [droplet.dropletUrn, volume.volumeUrn] });
const alert = new digitalocean.MonitorAlert("alert", {
  alerts: { emails: ["ops@example.com"] }, compare: "GreaterThan", description: "CPU is high", type: "v1/insights/droplet/cpu",
  value: 90, window: "10m", entities: [droplet.id],
});
const check = new digitalocean.UptimeCheck("check", { name: "gateway", target: "https://mcp.example.com/health", type: "https", regions: ["eu_west"] });
const uptime = new digitalocean.UptimeAlert("uptime", {
  checkId: check.id, name: "down", type: "down", period: "2m", notifications: [{ emails: ["ops@example.com"] }],
});
${more ?? ""}
export const dropletId = droplet.id;
export const address = droplet.ipv4Address;
export const volumeId = volume.id;
export const firewallId = firewall.id;
export const keyId = key.id;
`;

const ops = (steps: { op: string; name: string }[]) => steps.map((step) => `${step.op} ${step.name}`).sort();

beforeAll(async () => {
  cloud = await startTestApi();
  const environment = { DIGITALOCEAN_API_URL: cloud.origin, DIGITALOCEAN_TOKEN: "digitalocean-test-token" };
  Object.assign(process.env, environment);
  stack = await createTestStack(environment);
});

afterAll(async () => {
  await stack[Symbol.asyncDispose]();
  await cloud.close();
});

test("a droplet with all around it is made, and a second preview, with and without refresh, changes nothing", async () => {
  await stack.program(program());
  expect(await stack.preview()).toHaveLength(11);
  await stack.up();
  const { address, dropletId } = await stack.outputs();
  expect(address).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
  const { body } = await cloud.request("GET", `/v2/droplets/${dropletId}`);
  expect(body.droplet).toMatchObject({ name: "host", status: "active", size_slug: "s-1vcpu-2gb" });
  expect(await stack.preview()).toEqual([]);
  expect(await stack.preview("--refresh"), (await stack.run("preview", "--refresh", "--diff")).output).toEqual([]);
  expect(cloud.log).toEqual([]);
}, 120_000);

test("rules, names and a larger volume change in place; user data and a region replace", async () => {
  await stack.program(program({ gigabytes: 20, ports: "2222" }));
  expect(ops(await stack.preview())).toEqual(["update firewall", "update volume"]);
  await stack.up();
  const { volumeId, firewallId } = await stack.outputs();
  expect((await cloud.request("GET", `/v2/volumes/${volumeId}`)).body.volume.size_gigabytes).toBe(20);
  expect((await cloud.request("GET", `/v2/firewalls/${firewallId}`)).body.firewall.inbound_rules[0].ports).toBe("2222");
  expect(await stack.preview("--refresh")).toEqual([]);

  await stack.program(program({ gigabytes: 20, ports: "2222", userData: "#cloud-config other" }));
  expect(ops(await stack.preview())).toEqual(expect.arrayContaining(["replace host"]));
  await stack.program(program({ gigabytes: 20, ports: "2222", size: "s-2vcpu-4gb" }));
  expect(ops(await stack.preview())).toEqual(["update host"]);
  await stack.up();
  const { dropletId } = await stack.outputs();
  expect((await cloud.request("GET", `/v2/droplets/${dropletId}`)).body.droplet).toMatchObject({
    size_slug: "s-2vcpu-4gb",
    status: "active",
  });
  await stack.program(program({ gigabytes: 5, size: "s-2vcpu-4gb", ports: "2222" }));
  expect((await stack.run("up", "--yes", "--skip-preview")).output).toContain("A volume cannot shrink");
  await stack.program(program({ gigabytes: 20, size: "s-2vcpu-4gb", ports: "2222" }));
}, 120_000);

test("drift is seen and put right; what is gone is made again", async () => {
  const { firewallId, dropletId, volumeId } = await stack.outputs();
  const { body } = await cloud.request("GET", `/v2/firewalls/${firewallId}`);
  const { name, inbound_rules, outbound_rules } = body.firewall;
  const opened = [...inbound_rules, { protocol: "tcp", ports: "80", sources: { addresses: ["0.0.0.0/0"] } }];
  await cloud.request("PUT", `/v2/firewalls/${firewallId}`, {
    name,
    inbound_rules: opened,
    outbound_rules,
    droplet_ids: [Number(dropletId)],
  });
  await cloud.request("POST", `/v2/volumes/${volumeId}/actions`, { type: "detach", droplet_id: Number(dropletId) });
  expect(ops(await stack.preview("--refresh"))).toEqual(["create attachment", "update firewall"]);
  await stack.up("--refresh");
  const fixed = await cloud.request("GET", `/v2/firewalls/${firewallId}`);
  expect(fixed.body.firewall.inbound_rules).toHaveLength(1);
  expect(await stack.preview("--refresh")).toEqual([]);
}, 120_000);

test("every kind is found by its name; what exists already is refused in the API's words", async () => {
  const outputs = await stack.outputs();
  const state = await stack.export();
  for (const name of [
    "key",
    "vpc",
    "volume",
    "host",
    "attachment",
    "firewall",
    "project",
    "alert",
    "check",
    "uptime",
  ]) {
    const found = state.resources.find((one) => one.urn.endsWith(`::${name}`));
    const id = await lookup(found?.type ?? "", found?.inputs ?? {});
    const expected =
      name === "attachment"
        ? `${outputs.dropletId},${outputs.volumeId}`
        : name === "uptime"
          ? `${found?.inputs.checkId},${found?.id}`
          : found?.id;
    expect(id, name).toBe(expected);
  }
  const more = `new digitalocean.SshKey("key2", { name: "other", publicKey: ${JSON.stringify(publicKey)} });`;
  await stack.program(program({ gigabytes: 20, size: "s-2vcpu-4gb", ports: "2222", more }));
  const failed = await stack.run("up", "--yes", "--skip-preview");
  expect(failed.output).toMatch(
    /error: DigitalOcean API: unprocessable_entity: .*\(HTTP 422, POST \/v2\/account\/keys\)/,
  );
  expect(failed.output).not.toMatch(/at .*local.providers/);
  await stack.program(program({ gigabytes: 20, size: "s-2vcpu-4gb", ports: "2222" }));
}, 120_000);

test("an import by the official ids changes nothing", async () => {
  const { firewallId, volumeId, dropletId } = await stack.outputs();
  const imports: [string, string, string][] = [
    ["digitalocean:index/firewall:Firewall", "firewall", String(firewallId)],
    ["digitalocean:index/volumeAttachment:VolumeAttachment", "attachment", `${dropletId},${volumeId}`],
  ];
  for (const [type, name, id] of imports) {
    await stack.run("state", "delete", `urn:pulumi:test::test::${type}::${name}`, "--yes");
    const imported = await stack.run("import", type, name, id, "--yes", "--protect=false");
    expect(imported.output).toContain("1 imported");
  }
  expect(await stack.preview(), (await stack.run("preview", "--diff")).output).toEqual([]);
}, 120_000);

test("destroy leaves nothing, also when something is gone already", async () => {
  const { keyId, dropletId } = await stack.outputs();
  await cloud.request("DELETE", `/v2/account/keys/${keyId}`);
  const destroyed = await stack.run("destroy", "--yes", "--skip-preview");
  expect(destroyed.code, destroyed.output).toBe(0);
  expect((await cloud.request("GET", `/v2/droplets/${dropletId}`)).status).toBe(404);
  expect((await cloud.request("GET", "/v2/volumes")).body.volumes).toEqual([]);
}, 120_000);
