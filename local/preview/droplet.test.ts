import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestApi, type TestApi } from "../cloud/api/test-api.ts";
import { HOST_PARTS, programOf } from "../providers/testing/program-of.ts";
import { createTestStack, type TestStack } from "../providers/testing/stack.ts";
import type { Digest, ResourceState } from "./digest.ts";
import { resourcesOf } from "./digest.ts";
import { renderText } from "./render-text.ts";
import { type Report, reportOf } from "./report.ts";

/** What is told of a droplet with a data volume as on a real account: the program's own, by the real engine, at the emulator. */

let cloud: TestApi;
let stack: TestStack;

const droplet = {
  dockerHost: "unix:///var/run/docker.sock",
  sshPublicKey: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ9MdzC8zZ0Qd9yRkF0Xn4pE0bqUq4sHk3m3mO3Jv1xY me",
  sshAllow: ["198.51.100.1/32"],
};

const program = (changed: object, more: object = {}) =>
  programOf(
    { services: { n8n: { enabled: true } }, droplet: { ...droplet, ...changed }, ...more },
    HOST_PARTS,
    "new Host(config, new HostKey(config));",
  );

/** What would be told of a change, after a look that nothing of it is left out. */
async function told(changed: object, { more = {}, allowed = [] as string[] } = {}): Promise<Report & { text: string }> {
  await stack.program(program(changed, more));
  const { code, output } = await stack.run("preview", "--json", "--show-sames");
  const digest = JSON.parse(output.slice(output.indexOf("{"), output.lastIndexOf("}") + 1)) as Digest;
  const state = (await stack.export()).resources as ResourceState[];
  const preview = { digest, code, violations: [], stderr: "" };
  const report = reportOf({ stack: "dev", preview, state, allowed, usage: { calls: 1000, source: "given" } });
  const steps = resourcesOf(digest).filter(({ op, after, before }) => op !== "same" && (after ?? before)?.custom);
  const explained = report.changes.flatMap((change) => change.resources.map(({ name }) => name));
  expect(explained.sort()).toEqual(steps.map(({ name }) => name).sort());
  return { ...report, text: renderText(report) };
}

beforeAll(async () => {
  cloud = await startTestApi();
  stack = await createTestStack({ DIGITALOCEAN_API_URL: cloud.origin, DIGITALOCEAN_TOKEN: "digitalocean-test-token" });
}, 120_000);
afterAll(async () => {
  await stack[Symbol.asyncDispose]();
  await cloud.close();
});

test("the first time: a droplet and a volume are made, and what that costs", async () => {
  const { changes, cost, text } = await told({ backups: { plan: "weekly", weekday: "MON" } });
  expect(changes.map(({ title }) => title)).toEqual(
    expect.arrayContaining([
      "A data volume is made (20 GB) and attached",
      "A droplet is made (s-1vcpu-2gb) and set up, with the tunnel's connector",
      "Secrets are generated (host-key-seed)",
    ]),
  );
  expect(text).not.toContain("CALLS CAN FAIL");
  // 12 for the droplet, 20 % of it for weekly backups, 10 cents for each of 20 GB.
  expect(cost).toMatchObject({ before: 0, after: 12 + 2.4 + 2, complete: true });
  await stack.program(program({}));
  await stack.up();
}, 180_000);

test("another region: the volume would be lost, which is refused, and what to write into the config is told", async () => {
  const { ok, blocked, changes, text } = await told({ region: "nyc1" });
  expect(ok).toBe(false);
  expect(blocked.map(({ name }) => name)).toEqual(["data"]);
  expect(changes[0]!.title).toBe("The data volume is replaced by a new, empty one");
  expect(text).toContain("n8n's database and files");
  expect(text).toContain("The update would refuse: data is protected.");
  expect(text).toContain("hybrid-mcp:allowDataLoss: [data]");
  expect(changes[1]!.title).toMatch(
    /^The droplet is replaced \(another region.*\): it is deleted, and a new one is made/,
  );
}, 180_000);

test("the same with its name in the config is no refusal of the engine any more", async () => {
  const { ok, blocked, changes } = await told(
    { region: "nyc1" },
    { more: { allowDataLoss: ["data"] }, allowed: ["data"] },
  );
  expect({ ok, blocked }).toEqual({ ok: true, blocked: [] });
  expect(changes[0]!.losses).toMatchObject([{ name: "data", allowed: true }]);
}, 180_000);

test("another deploy key replaces the droplet, and the volume moves to the new one", async () => {
  const { ok, changes } = await told({ sshPublicKey: droplet.sshPublicKey.replace("IJ9", "IK9") });
  expect(ok).toBe(true);
  expect(changes[0]).toMatchObject({
    title: "The droplet is replaced (another deploy key): it is deleted, and a new one is made and set up",
    calls: { fail: true },
    data: { risk: false, text: "kept: the volume moves to the new droplet" },
  });
}, 180_000);

test("a size whose disk is smaller is told to fail; a slug without a price is told to have none", async () => {
  const { ok, errors, changes, cost, text } = await told({ size: "s-1vcpu-1gb" });
  expect(changes[0]!.title).toBe("The droplet gets another size: s-1vcpu-2gb → s-1vcpu-1gb");
  expect(ok).toBe(false);
  expect(errors.join()).toContain("The disk of s-1vcpu-1gb is smaller (25 GB, s-1vcpu-2gb has 50 GB)");
  expect(text).toMatch(/THE UPDATE WOULD FAIL\n {2}The disk of s-1vcpu-1gb is smaller/);
  expect(cost).toMatchObject({ before: 14, after: 8 });
  const unknown = await told({ size: "x-9vcpu-99gb" });
  expect(unknown.cost).toMatchObject({ complete: false, before: 14, after: null });
  expect(unknown.text).toContain("COST  $14.00 → not known\n");
  expect(unknown.text).toContain("the price of x-9vcpu-99gb is not known here");
}, 180_000);

test("backups, addresses and a larger volume are changes in place, in words", async () => {
  const { ok, changes, cost } = await told({ backups: true, sshAllow: [], volumeGb: 40 });
  expect(ok).toBe(true);
  expect(changes.map(({ title, calls }) => [title, calls.fail]).sort()).toEqual([
    ["DigitalOcean's backups of the droplet: none → daily", false],
    ["SSH to the droplet is open for nobody (before: 198.51.100.1/32)", false],
    ["The data volume grows from 20 to 40 GB, while it is used", false],
  ]);
  expect(cost).toMatchObject({ before: 14, after: 12 * 1.3 + 4 });
}, 180_000);

test("a program that does not know its resources' names any more: what leaves is protected, and told with the command", async () => {
  await stack.program("export {};");
  const { code, output } = await stack.run("preview", "--json", "--show-sames");
  const digest = JSON.parse(output.slice(output.indexOf("{"), output.lastIndexOf("}") + 1)) as Digest;
  const preview = { digest, code, violations: [], stderr: "" };
  const state = (await stack.export()).resources as ResourceState[];
  const report = reportOf({ stack: "dev", preview, state, allowed: [], usage: { calls: 1, source: "given" } });
  expect(report.blocked.map(({ name }) => name).sort()).toEqual(["data", "host-key-seed"]);
  expect(report.errors).toEqual([]);
  expect(renderText(report)).toMatch(/The update would refuse: [^.]+ are protected\./);
  expect(renderText(report)).toMatch(/pulumi state unprotect 'urn:pulumi:test::.*::data' --stack dev/);
  expect(report.changes.map(({ title }) => title)).toContain(
    "The droplet is deleted: nothing is placed on it any more",
  );
}, 180_000);
