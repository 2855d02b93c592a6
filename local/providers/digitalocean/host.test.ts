import { randomUUID } from "node:crypto";
import Docker from "dockerode";
import { afterAll, beforeAll, expect, test } from "vitest";
import { removeLeftovers } from "../../cli/leftovers.ts";
import { startTestApi, type TestApi } from "../../cloud/api/test-api.ts";
import { findDocker } from "../../docker/docker-engine.ts";
import { shellImage } from "../testing/base-image.ts";
import { HOST_PARTS, programOf } from "../testing/program-of.ts";
import { createTestStack, type StackState, type Step, type TestStack } from "../testing/stack.ts";

// The program's own host, by the real engine, at the emulator; its containers are real ones of this machine's Docker Engine.
let cloud: TestApi;
let stack: TestStack;
let image: string;
const docker = new Docker();
const name = `host-${randomUUID().slice(0, 8)}`;

/** A program that has the host of this config, and one network with one container on it. */
const program = (droplet: object, { state = true } = {}) =>
  programOf(
    {
      name,
      services: { n8n: { enabled: state } },
      droplet: { dockerHost: "unix:///var/run/docker.sock", ...droplet },
    },
    HOST_PARTS,
    `
import * as docker from "@pulumi/docker";
const host = new Host(config, new HostKey(config));
const options = host.options(host);
const labels = [{ label: "hybrid-mcp", value: ${JSON.stringify(name)} }];
const network = new docker.Network("network", { name: ${JSON.stringify(name)}, labels }, options);
const container = new docker.Container("container", {
  name: ${JSON.stringify(name)}, image: ${JSON.stringify(image)}, command: ["sleep", "1000"], mustRun: true,
  networksAdvanced: [{ name: network.name }], destroyGraceSeconds: 1, labels,
}, { ...options, deleteBeforeReplace: false });
export const containerId = container.id;
`,
  );

const all = {
  sshPublicKey: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ9MdzC8zZ0Qd9yRkF0Xn4pE0bqUq4sHk3m3mO3Jv1xY me",
  sshAllow: ["198.51.100.1/32"],
  backups: { plan: "daily", hour: 4 },
  alerts: {
    emails: ["ops@example.com"],
    slack: { channel: "#ops", url: "https://hooks.slack.com/services/T0/B0/secret" },
  },
  project: "Hybrid",
};

const operations = (steps: Step[]) => steps.map((step) => `${step.op} ${step.name}`).sort();
const urnOf = ({ resources }: StackState, name: string) => resources.find(({ urn }) => urn.endsWith(`::${name}`))!.urn;
const droplets = async () => (await cloud.request("GET", "/v2/droplets")).body.droplets;
const volumes = async () => (await cloud.request("GET", "/v2/volumes")).body.volumes;

beforeAll(async () => {
  image = await shellImage();
  cloud = await startTestApi();
  stack = await createTestStack({ DIGITALOCEAN_API_URL: cloud.origin, DIGITALOCEAN_TOKEN: "digitalocean-test-token" });
});

afterAll(async () => {
  await removeLeftovers((await findDocker())!.socket, name);
  await stack[Symbol.asyncDispose]();
  await cloud.close();
});

test("a host with everything about it is made, and a second preview, with and without refresh, changes nothing", async () => {
  await stack.program(program(all));
  await stack.up();
  const [droplet] = await droplets();
  const [volume] = await volumes();
  expect(droplet).toMatchObject({ name, features: expect.arrayContaining(["monitoring", "backups"]) });
  expect(volume).toMatchObject({
    name: `${name}-data`,
    size_gigabytes: 20,
    filesystem_type: "ext4",
    droplet_ids: [droplet.id],
  });
  const { policy } = (await cloud.request("GET", `/v2/droplets/${droplet.id}/backups/policy`)).body;
  expect(policy.backup_policy).toEqual({ plan: "daily", hour: 4 });
  const [firewall] = (await cloud.request("GET", "/v2/firewalls")).body.firewalls;
  expect(firewall).toMatchObject({
    droplet_ids: [droplet.id],
    inbound_rules: [{ protocol: "tcp", ports: "22", sources: { addresses: ["198.51.100.1/32"] } }],
  });
  const { policies } = (await cloud.request("GET", "/v2/monitoring/alerts")).body;
  expect(policies.map(({ type, value }: Record<string, unknown>) => [type, value]).sort()).toEqual([
    ["v1/insights/droplet/cpu", 90],
    ["v1/insights/droplet/disk_utilization_percent", 85],
    ["v1/insights/droplet/memory_utilization_percent", 90],
  ]);
  const { checks } = (await cloud.request("GET", "/v2/uptime/checks")).body;
  expect(checks.map(({ target }: { target: string }) => target).sort()).toEqual([
    "https://auth.example.com/.well-known/oauth-authorization-server",
    "https://coda-mcp.example.com/health",
    "https://mcp.example.com/mcp/servers",
    "https://n8n.example.com/healthz/readiness",
  ]);
  const project = (await cloud.request("GET", "/v2/projects")).body.projects.find(
    (each: { name: string }) => each.name === "Hybrid",
  );
  const { resources } = (await cloud.request("GET", `/v2/projects/${project.id}/resources`)).body;
  expect(resources.map(({ urn }: { urn: string }) => urn).sort()).toEqual([
    `do:droplet:${droplet.id}`,
    `do:volume:${volume.id}`,
  ]);
  expect(await stack.preview()).toEqual([]);
  expect(await stack.preview("--refresh"), (await stack.run("preview", "--refresh", "--diff")).output).toEqual([]);
  expect(cloud.log).toEqual([]);
}, 180_000);

test("neither the host key nor the webhook is in the state in clear", async () => {
  const state = await stack.exportText();
  const { resources } = await stack.export();
  const userData = resources.find(({ type }) => type.endsWith(":Droplet"))?.inputs.userData;
  expect(JSON.stringify(userData)).toContain("BEGIN OPENSSH PRIVATE KEY");
  expect(state).not.toMatch(/BEGIN OPENSSH|hooks\.slack\.com/);
});

test("another region stops the preview: the volume, which cannot go there, is protected", async () => {
  await stack.program(program({ ...all, region: "nyc1" }));
  const { code, output } = await stack.run("preview");
  expect(code).not.toBe(0);
  expect(output).toMatch(/unable to replace resource "[^"]*::data"\s+as it is currently marked for protection/);
}, 60_000);

test("backups, addresses and a larger volume change in place", async () => {
  await stack.program(program({ ...all, backups: { plan: "weekly", weekday: "MON" }, volumeGb: 40, sshAllow: [] }));
  expect(operations(await stack.preview())).toEqual(["update data", "update droplet", "update firewall"]);
  await stack.up();
  const [droplet] = await droplets();
  const { policy } = (await cloud.request("GET", `/v2/droplets/${droplet.id}/backups/policy`)).body;
  expect(policy.backup_policy).toMatchObject({ plan: "weekly", weekday: "MON" });
  expect((await volumes())[0].size_gigabytes).toBe(40);
  expect((await cloud.request("GET", "/v2/firewalls")).body.firewalls[0].inbound_rules).toEqual([]);
}, 180_000);

test("a replaced droplet: containers end, the volume moves and is kept, everything is made anew", async () => {
  const [before] = await droplets();
  const [volume] = await volumes();
  const { containerId } = await stack.outputs();
  const changed = {
    ...all,
    sshAllow: [],
    backups: { plan: "weekly", weekday: "MON" },
    volumeGb: 40,
    sshPublicKey: `${all.sshPublicKey.replace("IJ9", "IK9")}`,
  };
  await stack.program(program(changed));
  const replaced = (await stack.preview()).filter(({ op }) => op === "replace").map((step) => step.name);
  expect(replaced).toEqual(expect.arrayContaining(["droplet", "data-attachment", "network", "container"]));
  expect(replaced).not.toContain("data");
  const output = await stack.up();

  const after = await droplets();
  expect(after).toHaveLength(1);
  expect(after[0].id).not.toBe(before.id);
  expect((await volumes())[0]).toMatchObject({ id: volume.id, droplet_ids: [after[0].id] });
  const now = await stack.outputs();
  expect(now.containerId).not.toBe(containerId);
  const { Config, State } = await docker.getContainer(String(now.containerId)).inspect();
  expect(State.Running).toBe(true);
  expect(Config.Labels["hybrid-mcp-machine"]).toBe(String(after[0].id));
  await expect(docker.getContainer(String(containerId)).inspect()).rejects.toThrow("no such container");
  // What runs there ends before its disk is taken away.
  const order = ["container", "network", "data-attachment", "droplet"].map((each) =>
    output.split("\n").findIndex((line) => line.includes("deleted original") && line.includes(` ${each} `)),
  );
  expect(order, output).toEqual([...order].sort((a, b) => a - b));
  expect(order, output).not.toContain(-1);
  expect(await stack.preview()).toEqual([]);
}, 180_000);

test("a droplet that was deleted by hand is made anew, with all that was on it, and gets the volume", async () => {
  const [before] = await droplets();
  const [volume] = await volumes();
  const { containerId } = await stack.outputs();
  await cloud.request("DELETE", `/v2/droplets/${before.id}`);
  const urn = urnOf(await stack.export(), "droplet");
  const refreshed = await stack.run("refresh", "--yes", "--skip-preview", "--target", urn);
  expect(refreshed.code, refreshed.output).toBe(0);
  await stack.up();
  const [after] = await droplets();
  expect(after.id).not.toBe(before.id);
  expect((await volumes())[0]).toMatchObject({ id: volume.id, droplet_ids: [after.id] });
  expect((await stack.outputs()).containerId).not.toBe(containerId);
  expect(await stack.preview()).toEqual([]);
}, 180_000);

test("an adopted droplet is imported and nothing about it is changed, by later runs neither", async () => {
  await using other = await createTestStack({
    DIGITALOCEAN_API_URL: cloud.origin,
    DIGITALOCEAN_TOKEN: "digitalocean-test-token",
  });
  const { droplet: foreign } = (
    await cloud.request("POST", "/v2/droplets", {
      name: "old-n8n",
      region: "ams3",
      size: "s-2vcpu-4gb",
      image: "ubuntu-24-04-x64",
      tags: ["mine"],
    })
  ).body;
  const before = (await cloud.request("GET", `/v2/droplets/${foreign.id}`)).body;
  const count = async () => [
    (await droplets()).length,
    (await cloud.request("GET", "/v2/firewalls")).body.firewalls.length,
    (await cloud.request("GET", "/v2/account/keys")).body.ssh_keys.length,
    (await cloud.request("GET", "/v2/vpcs")).body.vpcs.length,
    (await volumes()).length,
  ];
  const had = await count();
  // The containers of the stack above are there already.
  await stack.run("destroy", "--yes", "--skip-preview", "--target", urnOf(await stack.export(), "container"));
  await stack.run("destroy", "--yes", "--skip-preview", "--target", urnOf(await stack.export(), "network"));

  await other.program(program({ adopt: { id: foreign.id }, sshAllow: ["198.51.100.1/32"] }));
  const steps = await other.preview();
  expect(operations(steps)).toContain("import droplet");
  expect(steps.filter(({ op }) => !["import", "create"].includes(op))).toEqual([]);
  expect(steps.filter(({ urn }) => urn.includes("digitalocean:")).map((step) => step.name)).toEqual(["droplet"]);
  await other.up();
  expect((await cloud.request("GET", `/v2/droplets/${foreign.id}`)).body).toEqual(before);
  expect(await count()).toEqual(had);
  expect(await other.preview()).toEqual([]);
  expect(await other.preview("--refresh")).toEqual([]);

  // Another size in the config, for one, is none of its business.
  await other.program(program({ adopt: { id: foreign.id }, size: "s-4vcpu-8gb", region: "nyc1" }));
  expect(await other.preview()).toEqual([]);

  // A stack that is taken down lets go of it.
  await other.run("state", "unprotect", "--all", "--yes");
  const destroyed = await other.run("destroy", "--yes", "--skip-preview");
  expect(destroyed.code, destroyed.output).toBe(0);
  expect((await cloud.request("GET", `/v2/droplets/${foreign.id}`)).body).toEqual(before);
}, 180_000);
