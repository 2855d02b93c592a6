import { randomBytes, randomInt } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import Docker from "dockerode";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { discardUnfinished, lookup } from "../lookup.ts";
import { shellImage } from "../testing/base-image.ts";
import { createTestStack, type TestStack } from "../testing/stack.ts";

const unique = `t${randomBytes(4).toString("hex")}`;
const subnet = `10.${randomInt(100, 250)}.${randomInt(0, 250)}`;
const secret = `secret-${randomBytes(8).toString("hex")}`;
const docker = new Docker();
let base: string;
let stack: TestStack;

interface Options {
  script?: string;
  memory?: number;
  env?: string;
  health?: string;
  waitTimeout?: number;
  more?: string;
}

const program = ({ script, memory, env, health, waitTimeout, more }: Options = {}) => `
import * as pulumi from "@pulumi/pulumi";
import * as docker from "@pulumi/docker";
const image = new docker.RemoteImage("image", {
  name: "${unique}/app:latest",
  build: { context: "../app", buildArgs: { BASE: "${base}" }, labels: { test: "${unique}" } },
  triggers: { script: ${JSON.stringify(script ?? "1")} },
});
const network = new docker.Network("network", {
  name: "${unique}-net", ipamConfigs: [{ subnet: "${subnet}.0/24", gateway: "${subnet}.1" }],
  labels: [{ label: "test", value: "${unique}" }],
});
const volume = new docker.Volume("volume", { name: "${unique}-data" });
const container = new docker.Container("app", {
  name: "${unique}-app",
  image: image.imageId,
  envs: [pulumi.secret("TOKEN=${secret}"), "MODE=${env ?? "one"}"],
  networksAdvanced: [{ name: network.name, aliases: ["app"], ipv4Address: "${subnet}.9" }],
  mounts: [{ type: "volume", source: volume.name, target: "/data" }],
  uploads: [{ file: "/etc/app.conf", content: "hello" }],
  healthcheck: { tests: ["CMD-SHELL", ${JSON.stringify(health ?? "cat /etc/app.conf /tmp/ready")}], interval: "1s", timeout: "2s", retries: ${health ? 2 : 20} },
  wait: true, waitTimeout: ${waitTimeout ?? 30}, restart: "unless-stopped", destroyGraceSeconds: 2,
  ${memory ? `memory: ${memory},` : ""} capabilities: { drops: ["ALL"] }, logDriver: "json-file", logOpts: { "max-size": "1m" },
});
${more ?? ""}
export const id = container.id;
export const imageId = image.imageId;
export const address = container.networkDatas[0].ipAddress;
`;

async function writeApp(script: string): Promise<void> {
  await mkdir(join(stack.dir, "app"), { recursive: true });
  await writeFile(
    join(stack.dir, "app", "Dockerfile"),
    'ARG BASE\nFROM $BASE\nWORKDIR /app\nCOPY . .\nENV GREETING=hi\nENTRYPOINT ["/bin/sh", "run.sh"]\n',
  );
  await writeFile(join(stack.dir, "app", ".dockerignore"), "ignored.txt\n");
  await writeFile(join(stack.dir, "app", "ignored.txt"), String(Math.random()));
  await writeFile(join(stack.dir, "app", "run.sh"), script);
}

const runs = 'echo started; trap "exit 0" TERM; touch /tmp/ready; while :; do sleep 1; done\n';

beforeAll(async () => {
  base = await shellImage();
  stack = await createTestStack({ ...(process.env.DOCKER_HOST && { DOCKER_HOST: process.env.DOCKER_HOST }) });
});

afterAll(async () => {
  for (const name of ["app", "other", "4", "5"].map((each) => `${unique}-${each}`)) {
    await docker
      .getContainer(name)
      .remove({ force: true, v: true })
      .catch(() => {});
  }
  await docker
    .getNetwork(`${unique}-net`)
    .remove()
    .catch(() => {});
  await docker
    .getVolume(`${unique}-data`)
    .remove()
    .catch(() => {});
  await docker
    .getImage(`${unique}/app:latest`)
    .remove({ force: true })
    .catch(() => {});
  await docker.pruneImages({ filters: { label: [`test=${unique}`], dangling: ["true"] } }).catch(() => {});
  await stack[Symbol.asyncDispose]();
});

test("a program with image, network, volume and container runs, and nothing changes the second time", async () => {
  await writeApp(runs);
  await stack.program(program());
  const planned = await stack.preview();
  expect(planned.map((step) => `${step.op} ${step.name}`).sort()).toEqual([
    "create app",
    "create image",
    "create network",
    "create volume",
  ]);
  await stack.up();
  const outputs = await stack.outputs();
  expect(outputs.address).toBe(`${subnet}.9`);
  const found = await docker.getContainer(`${unique}-app`).inspect();
  expect(found.Id).toBe(outputs.id);
  expect(found.State.Health?.Status).toBe("healthy");
  expect(found.Config.Env).toContain(`TOKEN=${secret}`);
  expect(found.HostConfig.CapDrop).toEqual(["ALL"]);
  expect(found.NetworkSettings.Networks[`${unique}-net`]?.Aliases).toContain("app");
  expect(await stack.preview()).toEqual([]);
  expect(await stack.preview("--refresh")).toEqual([]);
  // An ignored file is no part of the image.
  await writeFile(join(stack.dir, "app", "ignored.txt"), "changed");
  expect(await stack.preview()).toEqual([]);
}, 120_000);

test("a secret in the environment is encrypted in the state, and its neighbours with it", async () => {
  const text = await stack.exportText();
  expect(text).not.toContain(secret);
  expect(text).toContain(`${unique}-app`);
});

test("memory changes in place, the environment by replacing: the old container goes first", async () => {
  const before = (await stack.outputs()).id;
  await stack.program(program({ memory: 64 }));
  expect((await stack.preview()).map((step) => step.op)).toEqual(["update"]);
  await stack.up();
  expect((await stack.outputs()).id).toBe(before);
  expect((await docker.getContainer(`${unique}-app`).inspect()).HostConfig.Memory).toBe(64 * 1024 * 1024);

  await stack.program(program({ memory: 64, env: "two" }));
  expect((await stack.preview()).map((step) => step.op)).toEqual(["replace"]);
  await stack.up();
  const found = await docker.getContainer(`${unique}-app`).inspect();
  expect(found.Id).not.toBe(before);
  expect(found.Config.Env).toContain("MODE=two");
}, 120_000);

test("a container that someone stopped is started again, one that someone removed is made again", async () => {
  const id = String((await stack.outputs()).id);
  await docker.getContainer(id).stop({ t: 0 });
  expect((await stack.preview("--refresh")).map((step) => step.op)).toEqual(["update"]);
  await stack.up("--refresh");
  const found = await docker.getContainer(id).inspect();
  expect(found.State.Health?.Status).toBe("healthy");

  await docker.getContainer(id).remove({ force: true });
  expect((await stack.preview("--refresh")).map((step) => step.op)).toEqual(["create"]);
  await stack.up("--refresh");
  expect((await stack.outputs()).id).not.toBe(id);
}, 120_000);

test("a container that is there already is found by its name and can be imported; a name in use is an error", async () => {
  const id = String((await stack.outputs()).id);
  expect(await lookup("docker:index/container:Container", { name: `${unique}-app` })).toBe(id);
  expect(await lookup("docker:index/container:Container", { name: `${unique}-none` })).toBeUndefined();
  expect(await lookup("docker:index/network:Network", { name: `${unique}-net` })).toMatch(/^[0-9a-f]{64}$/);
  expect(await lookup("docker:index/volume:Volume", { name: `${unique}-data` })).toBe(`${unique}-data`);

  const twin = `new docker.Container("twin", { name: "${unique}-app", image: image.imageId });`;
  await stack.program(program({ memory: 64, env: "two", more: twin }));
  const failed = await stack.run("up", "--yes", "--skip-preview");
  expect(failed.code).not.toBe(0);
  expect(failed.output).toContain("HTTP 409");
  expect(failed.output).toMatch(/already in use/);
  expect(failed.output).not.toMatch(/at .*local.providers/);

  await stack.program(program({ memory: 64, env: "two" }));
  await stack.run("state", "delete", "urn:pulumi:test::test::docker:index/container:Container::app", "--yes");
  const imported = await stack.run("import", "docker:index/container:Container", "app", id, "--yes", "--protect=false");
  expect(imported.output).toContain("1 imported");
}, 120_000);

test("a container that does not get healthy fails the update, and is kept as partly made", async () => {
  await stack.run("destroy", "--yes", "--skip-preview");
  await stack.program(program({ health: "echo not today; exit 1", waitTimeout: 5 }));
  const failed = await stack.run("up", "--yes", "--skip-preview");
  expect(failed.code).not.toBe(0);
  expect(failed.output).toContain(`Container ${unique}-app did not become healthy within 5 s.`);
  expect(failed.output).not.toContain(secret);
  expect(failed.output).not.toMatch(/at .*local.providers/);
  const { Id } = await docker.getContainer(`${unique}-app`).inspect();
  const kept = (await stack.export()).resources.find(({ urn }) => urn.endsWith("Container::app"));
  expect(kept).toMatchObject({ id: Id, initErrors: [expect.stringContaining("did not become healthy")] });
  expect(kept!.outputs.name).toBe(`${unique}-app`);
  expect(await stack.exportText()).not.toContain(secret);

  // The engine does not make it again: it goes on with it, by an update of nothing, after which it counts as done.
  expect((await stack.preview()).map(({ op, name }) => `${op} ${name}`)).toEqual(["update app"]);
  await stack.up();
  expect((await docker.getContainer(`${unique}-app`).inspect()).Id).toBe(Id);
  expect(await stack.preview()).toEqual([]);

  await writeApp("echo cannot start; exit 7\n");
  await stack.program(program({ script: "2", waitTimeout: 5 }));
  const exited = await stack.run("up", "--yes", "--skip-preview");
  expect(exited.output).toMatch(/exited with code 7|did not become healthy/);
}, 120_000);

test("a replacement that does not get healthy is what the state has, and the old one is to be deleted", async () => {
  await writeApp(runs);
  const beside = (health: string) => `
new docker.Container("beside", {
  name: "${unique}-" + ${JSON.stringify(health.length)}, image: "${base}", entrypoints: ["sleep", "100"],
  healthcheck: { tests: ["CMD-SHELL", "${health}"], interval: "1s", retries: 2 }, wait: true, waitTimeout: 5,
}, { deleteBeforeReplace: false });`;
  await stack.program(program({ script: "3", more: beside("true") }));
  await stack.up();
  const old = (await docker.getContainer(`${unique}-4`).inspect()).Id;
  await stack.program(program({ script: "3", more: beside("false") }));
  expect((await stack.run("up", "--yes", "--skip-preview")).output).toContain("did not become healthy");
  const known = (await stack.export()).resources.filter(({ urn }) => urn.endsWith("Container::beside"));
  const made = (await docker.getContainer(`${unique}-5`).inspect()).Id;
  expect(known.map(({ id, delete: gone }) => ({ id, gone }))).toEqual([
    { id: made, gone: undefined },
    { id: old, gone: true },
  ]);
  await stack.program(program({ script: "3" }));
  await stack.up();
  for (const id of [made, old])
    await expect(docker.getContainer(id).inspect()).rejects.toMatchObject({ statusCode: 404 });
}, 120_000);

test("of what a cut-off update has made, a container that was not seen healthy is taken away, and others are kept", async () => {
  const type = "docker:index/container:Container";
  for (const [health, wait, gone] of [
    ["false", true, true],
    ["false", false, false],
    ["true", true, false],
  ] as const) {
    const made = await docker.createContainer({
      Image: base,
      name: `${unique}-other`,
      Entrypoint: ["/bin/sh", "-c", "sleep 100"],
      Healthcheck: { Test: ["CMD-SHELL", health], Interval: 2e8, Retries: 1 },
    });
    await made.start();
    await vi.waitFor(async () => expect((await made.inspect()).State.Health?.Status).not.toBe("starting"), 10_000);
    expect(await discardUnfinished(type, made.id, { name: `${unique}-other`, wait })).toBe(gone);
    expect((await lookup(type, { name: `${unique}-other` })) === undefined).toBe(gone);
    if (!gone) await made.remove({ force: true });
  }
});

test("a build that fails says why, and destroy leaves nothing", async () => {
  await writeFile(join(stack.dir, "app", "Dockerfile"), "ARG BASE\nFROM $BASE\nCOPY missing.txt .\n");
  await stack.program(program({ script: "4" }));
  const failed = await stack.run("up", "--yes", "--skip-preview");
  expect(failed.code).not.toBe(0);
  expect(failed.output).toContain(`Building ${unique}/app:latest failed`);
  expect(failed.output).toContain("missing.txt");

  const destroyed = await stack.run("destroy", "--yes", "--skip-preview");
  expect(destroyed.code, destroyed.output).toBe(0);
  expect((await stack.export()).resources ?? []).toEqual([]);
  await expect(docker.getNetwork(`${unique}-net`).inspect()).rejects.toMatchObject({ statusCode: 404 });
  await expect(docker.getVolume(`${unique}-data`).inspect()).rejects.toMatchObject({ statusCode: 404 });
  await expect(docker.getImage(`${unique}/app:latest`).inspect()).rejects.toMatchObject({ statusCode: 404 });
}, 120_000);
