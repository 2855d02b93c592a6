import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestStack, type TestStack } from "../../local/providers/testing/stack.ts";

/** The pack as the engine runs it: one program that keeps to nothing, and one that keeps to all. (The local cloud has no Custom Domains: rules.test.ts.) */

const PACK = join(import.meta.dirname);
const DIGEST = `sha256:${"a".repeat(64)}`;
const account = `accountId: "${"0".repeat(32)}"`;

let stack: TestStack;

beforeAll(async () => {
  stack = await createTestStack({ DOCKER_HOST: "unix:///nowhere", CLOUDFLARE_API_TOKEN: "t", DIGITALOCEAN_TOKEN: "t" });
});
afterAll(() => stack[Symbol.asyncDispose]());

const preview = (program: string) =>
  stack.program(`${IMPORTS}${program}`).then(() => stack.run("preview", "--policy-pack", PACK));

const IMPORTS = `
import * as cloudflare from "@pulumi/cloudflare";
import * as digitalocean from "@pulumi/digitalocean";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
class Input extends pulumi.ComponentResource {
  constructor(allowed) {
    super("hybrid-mcp:policy:Input", "policy-input");
    this.registerOutputs(allowed);
  }
}
new Input({
  sshAllow: ["203.0.113.7/32"],
  engineIsLocal: true,
  localImages: ["hybrid-mcp/base:1"],
  allowDataLoss: ["unlisted:given"],
});
const unknown = new random.RandomPassword("known-later", { length: 10 }, { protect: true }).result;
`;

test("each rule tells what is wrong, of which resource, and what to do; what is not known yet holds none up", async () => {
  const { code, output } = await preview(`
const image = new docker.RemoteImage("redis-image", { name: "redis:7" });
new docker.Container("bare", {
  image: image.imageId,
  ports: [{ internal: 80, external: 80 }],
  envs: ["API_TOKEN=in-clear", image.imageId],
});
new digitalocean.Droplet("open", { region: "fra1", size: "s-1vcpu-2gb", image: "debian-12-x64" });
new digitalocean.Firewall("firewall", {
  dropletIds: [],
  inboundRules: [{ protocol: "tcp", portRange: "443", sourceAddresses: ["0.0.0.0/0"] }],
});
new cloudflare.WorkersScript("worker", {
  ${account}, scriptName: "w", mainModule: "w.js", content: "x",
  bindings: [{ name: "CLIENT_SECRET", type: "plain_text", text: "in-clear" }],
});
new cloudflare.WorkersKvNamespace("sessions", { ${account}, title: "x" });
new cloudflare.WorkersKvNamespace("given", { ${account}, title: "y" });
`);
  expect(code).not.toBe(0);
  const broken = [...output.matchAll(/\[mandatory\] {2}(\S+) {2}\(\S+ (\S+)\)\n.*\n *(.*)/g)].map((match) =>
    match.slice(1),
  );
  const told = (rule: string) =>
    broken
      .filter(([name]) => name === rule)
      .map(([, resource, message]) => `${resource}: ${message}`)
      .sort();
  expect(told("no-published-ports")).toEqual([expect.stringMatching(/^bare: It publishes the port 80\. .*tunnel/)]);
  expect(told("secrets-are-secret")).toEqual([
    expect.stringMatching(/^bare: Its variable API_TOKEN is not marked as secret/),
    expect.stringMatching(/^worker: Its binding CLIENT_SECRET looks like a secret and is plain_text/),
  ]);
  expect(told("least-privilege").join()).toContain("bare: It keeps Docker's default capabilities");
  expect(told("no-public-inbound")).toEqual([
    expect.stringContaining("firewall: It lets in tcp 443"),
    expect.stringContaining("open: It has no firewall"),
  ]);
  expect(told("pinned-images")).toEqual([expect.stringContaining("redis-image: It is redis:7. Pin it")]);
  expect(told("healthchecks")).toEqual([expect.stringContaining("bare: It has no health check")]);
  expect(told("protected-data")).toEqual([expect.stringContaining("sessions: It is not protected")]);
  expect(output).not.toContain("in-clear");
  // What could not be judged would be a remark only.
  expect(output).not.toContain("can't run policy");
});

test("a program that keeps to all of them goes through", async () => {
  const { code, output } = await preview(`
const image = new docker.RemoteImage("redis-image", { name: "redis:7@${DIGEST}" });
const base = { build: { context: "../droplet/workerd", buildArgs: { BASE: "hybrid-mcp/base:1" } } };
new docker.RemoteImage("built-image", { name: "hybrid-mcp/built:1", ...base });
new docker.Container("redis", {
  image: image.imageId,
  capabilities: { drops: ["ALL"] },
  securityOpts: ["no-new-privileges:true"],
  readOnly: true,
  memory: 64,
  healthcheck: { tests: ["CMD", "redis-cli", "ping"] },
  envs: ["MODE=x", pulumi.interpolate\`REDIS_PASSWORD=\${unknown}\`],
});
const droplet = new digitalocean.Droplet("droplet", { region: "fra1", size: "s-1vcpu-2gb", image: "debian-12-x64" });
new digitalocean.Firewall("firewall", {
  dropletIds: [droplet.id.apply(Number)],
  inboundRules: [{ protocol: "tcp", portRange: "22", sourceAddresses: ["203.0.113.7/32"] }],
});
new cloudflare.WorkersScript("worker", {
  ${account}, scriptName: "w", mainModule: "w.js", content: "x",
  bindings: [
    { name: "CLIENT_SECRET", type: "secret_text", text: pulumi.secret("s") },
    { name: "MODE", type: "plain_text", text: "x" },
  ],
});
new cloudflare.WorkersKvNamespace("sessions", { ${account}, title: "x" }, { protect: true });
`);
  expect(output).toContain("✅ hybrid-mcp@");
  expect(code).toBe(0);
});
