import { randomUUID } from "node:crypto";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import Docker from "dockerode";
import { afterAll, beforeAll, expect, test } from "vitest";
import { removeLeftovers } from "../../cli/leftovers.ts";
import { startTestApi, type TestApi } from "../../cloud/api/test-api.ts";
import { findDocker } from "../../docker/docker-engine.ts";
import { shellImage } from "../testing/base-image.ts";
import { HOST_PARTS, programOf } from "../testing/program-of.ts";
import { createTestStack, type TestStack } from "../testing/stack.ts";

// The program's host, reached over SSH and then through its own tunnel. `ssh` is a stand-in that leads to this machine's Docker
// Engine, with what makes the tunnel special: containers are gone with their droplet, and the tunnel's name answers only while
// a connector runs.
let cloud: TestApi;
let stack: TestStack;
let image: string;
let folder: string;
const docker = new Docker();
const name = `host-${randomUUID().slice(0, 8)}`;
const tunnelled = { dockerHost: "ssh://root@droplet.example.com" };
const direct = { ...tunnelled, sshAllow: ["198.51.100.1/32"] };

const program = (droplet: object, key = "J9MdzC8zZ0Qd9yRkF0Xn4pE0bqUq4sHk3m3mO3Jv1xY") =>
  programOf(
    {
      name,
      services: { n8n: { enabled: false } },
      droplet: { sshPublicKey: `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${key} me`, readySeconds: 8, ...droplet },
    },
    HOST_PARTS,
    `
import * as docker from "@pulumi/docker";
const host = new Host(config, new HostKey(config));
const labels = [{ label: "hybrid-mcp", value: ${JSON.stringify(name)} }];
const network = new docker.Network("network", { name: ${JSON.stringify(name)}, labels }, host.options(host, { lastToGo: true }));
const container = (role, options) => new docker.Container(role, {
  name: ${JSON.stringify(name)} + "-" + role, image: ${JSON.stringify(image)}, command: ["sleep", "1000"], mustRun: true,
  networksAdvanced: [{ name: network.name }], destroyGraceSeconds: 1, labels,
}, { ...options, deleteBeforeReplace: false });
const connector = container("connector", host.options(host, { lastToGo: true }));
container("service", { ...host.options(host), dependsOn: connector });
`,
  );

const containers = async () =>
  (await docker.listContainers({ all: true, filters: { label: [`hybrid-mcp=${name}`] } }))
    .flatMap(({ Names }) => Names)
    .sort();
const both = [`/${name}-connector`, `/${name}-service`];
/** What ssh was asked for, as host and command. */
const asked = async () => (await readFile(join(folder, "log"), "utf8")).trim().split("\n");

beforeAll(async () => {
  image = await shellImage();
  cloud = await startTestApi();
  folder = await mkdtemp(join(tmpdir(), "fake-ssh-"));
  await writeFile(join(folder, "log"), "");
  const ssh = `#!${process.execPath}
const { execFileSync, spawn } = require("node:child_process");
const docker = (...args) => execFileSync("docker", args, { encoding: "utf8" }).trim().split("\\n").filter(Boolean);
const args = process.argv.slice(2);
const host = args.find((each) => /(^ssh:\\/\\/root@|^droplet\\.|^203\\.)/.test(each)).replace("ssh://root@", "");
const command = args.slice(-1)[0];
require("node:fs").appendFileSync(${JSON.stringify(join(folder, "log"))}, host + " " + command.split("\\n")[0] + "\\n");
const fail = (message) => { console.error(message); process.exit(255); };
(async () => {
  const answer = await fetch(${JSON.stringify(`${cloud.origin}/v2/droplets`)}, { headers: { authorization: "Bearer digitalocean-test-token" } });
  const machines = (await answer.json()).droplets.map(({ id }) => String(id));
  const mine = docker("ps", "-aq", "--filter", "label=hybrid-mcp=${name}");
  const gone = mine.filter((id) => !machines.includes(docker("inspect", "-f", '{{index .Config.Labels "hybrid-mcp-machine"}}', id)[0]));
  if (gone.length > 0) {
    docker("rm", "-f", ...gone);
    docker("network", "rm", "${name}");
  }
  const [connector] = docker("ps", "-q", "--filter", "name=${name}-connector");
  const tunnelled = host === "droplet.example.com";
  if (tunnelled && !connector) fail("websocket: bad handshake");
  if (command === "dial-stdio") {
    const client = spawn("docker", ["system", "dial-stdio"], { stdio: "inherit" });
    client.once("exit", (code) => process.exit(code ?? 255));
    // The connection ends with its connector.
    if (tunnelled) spawn("docker", ["wait", connector], { stdio: "ignore" }).once("exit", () => client.kill("SIGKILL"));
  }
  if (command.startsWith("docker version")) console.log("20.10.24");
})();
`;
  await writeFile(join(folder, "ssh"), ssh);
  await chmod(join(folder, "ssh"), 0o755);
  stack = await createTestStack({ DIGITALOCEAN_API_URL: cloud.origin, DIGITALOCEAN_TOKEN: "digitalocean-test-token" });
  stack.env.PATH = [folder, stack.env.PATH].join(delimiter);
});

afterAll(async () => {
  await removeLeftovers((await findDocker())!.socket, name);
  await stack[Symbol.asyncDispose]();
  await cloud.close();
  await rm(folder, { recursive: true });
});

test("the first update waits for the droplet over SSH and then makes its containers there; a preview asks nothing", async () => {
  await stack.program(program(direct));
  await stack.preview();
  expect(await asked()).toEqual([""]);
  const output = await stack.up();
  const [droplet] = (await cloud.request("GET", "/v2/droplets")).body.droplets;
  const [{ ip_address: address }] = droplet.networks.v4.filter(({ type }: { type: string }) => type === "public");
  expect((await asked()).slice(0, 3)).toEqual([
    `${address} true`,
    expect.stringMatching(new RegExp(`^${address} timeout [1-8] cloud-init status --wait`)),
    expect.stringContaining(`${address} docker version`),
  ]);
  expect(output).toContain(`ssh://root@${address} is ready: Docker Engine 20.10.24`);
  expect(await containers()).toEqual(both);
}, 120_000);

test("through the tunnel nothing is made anew, and no port is open any more", async () => {
  await stack.program(program(tunnelled));
  const steps = (await stack.preview()).map((step) => `${step.op} ${step.name}`).sort();
  expect(steps).toEqual(["update firewall"]);
  await stack.up();
  expect((await cloud.request("GET", "/v2/firewalls")).body.firewalls[0].inbound_rules).toEqual([]);
  expect((await asked()).at(-1)).toMatch(/^droplet\.example\.com /);
  expect(await stack.preview()).toEqual([]);
}, 120_000);

test("a droplet replaced through its own tunnel: services end, the way there is not cut; then it says what to do, and that works", async () => {
  const otherKey = "K9MdzC8zZ0Qd9yRkF0Xn4pE0bqUq4sHk3m3mO3Jv1xY";
  await stack.program(program(tunnelled, otherKey));
  const { code, output } = await stack.run("up", "--yes", "--skip-preview");
  expect(code).not.toBe(0);
  expect(output).toMatch(
    /error: ssh:\/\/root@droplet\.example\.com could not be reached over SSH within 8 s \(websocket: bad handshake\)\. .* put your address into droplet\.sshAllow for one update/,
  );
  // Said once, without a stack trace.
  expect(output).not.toMatch(/\.ts:\d|error serializing|Cannot reach/);
  expect(await containers()).toEqual([]);

  await stack.program(program(direct, otherKey));
  await stack.up();
  expect(await containers()).toEqual(both);
  expect(await stack.preview()).toEqual([]);
}, 180_000);

test("a stack is taken down through its own tunnel", async () => {
  await stack.program(program(tunnelled, "K9MdzC8zZ0Qd9yRkF0Xn4pE0bqUq4sHk3m3mO3Jv1xY"));
  await stack.up();
  await stack.run("state", "unprotect", "--all", "--yes");
  const destroyed = await stack.run("destroy", "--yes", "--skip-preview");
  expect(destroyed.code, destroyed.output).toBe(0);
  expect((await cloud.request("GET", "/v2/droplets")).body.droplets).toEqual([]);
}, 120_000);
