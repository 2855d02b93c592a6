import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createDockerStack, type DockerStack } from "../testing/docker-stack.ts";

// The program's hooks on what a killed run has left, by the real engine.
const leftover = join(import.meta.dirname, "../../../infra/droplet/leftover.ts");
let app: DockerStack;

beforeAll(async () => {
  app = await createDockerStack("leftover");
  await app.stack.program(`
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { containerLeftoverHook, networkLeftoverHook } from ${JSON.stringify(leftover)};
const label = { label: "hybrid-mcp", value: "${app.name}" };
const host = ${app.host};
new docker.Network("net", { name: "${app.name}", internal: true, labels: [label] }, {
  hooks: { beforeCreate: [networkLeftoverHook(host)] },
});
new docker.Container("app", {
  name: "${app.name}", image: ${JSON.stringify(app.image)}, entrypoints: ["sleep", "1000"], networkMode: "none", destroyGraceSeconds: 0,
  labels: [label, { label: "hybrid-mcp-role", value: "app" }],
}, { hooks: { beforeCreate: [containerLeftoverHook(host)] } });
`);
});
afterAll(() => app[Symbol.asyncDispose]());

const networkId = async () => (await app.docker.getNetwork(app.name).inspect()).Id as string;

/** What the state says of a resource is lost, as after a run that was killed while it made it. */
async function forget(type: string): Promise<void> {
  const { resources } = await app.stack.export();
  const { urn } = resources.find((each) => each.type.endsWith(`:${type}`))!;
  await app.stack.run("state", "delete", urn, "--yes");
}

test("what the state lost is made again", async () => {
  await app.stack.up();
  const [container, network] = [await app.id(), await networkId()];
  await forget("Container");
  await forget("Network");

  const { code, output } = await app.up();
  expect([code, output]).toEqual([0, expect.stringContaining("a run that was cut off has left this container")]);
  expect(output).toContain("a run that was cut off has left this network");
  expect(await app.id()).not.toBe(container);
  expect(await networkId()).not.toBe(network);
  expect(await app.stack.preview()).toEqual([]);
}, 180_000);

test("a network with something on it is left alone", async () => {
  const network = await networkId();
  const guest = await app.docker.createContainer({
    Image: app.image,
    Entrypoint: ["sleep", "1000"],
    Labels: { "hybrid-mcp": app.name },
    HostConfig: { NetworkMode: app.name },
  });
  await guest.start();
  await forget("Network");
  try {
    const { code, output } = await app.up();
    expect([code, output]).toEqual([1, expect.stringContaining("already exists")]);
    expect(await networkId()).toBe(network);
  } finally {
    await guest.remove({ force: true });
  }
  expect((await app.up()).output).toContain("a run that was cut off has left this network");
  await app.stack.run("destroy", "--yes", "--skip-preview");
}, 180_000);

test.each([
  ["another stack's", () => ({ "hybrid-mcp": "another", "hybrid-mcp-role": "app" })],
  ["of another role", () => ({ "hybrid-mcp": app.name, "hybrid-mcp-role": "n8n" })],
  ["nobody's", () => ({})],
])(
  "one that is %s is left alone",
  async (_, labels) => {
    const foreign = await app.docker.createContainer({
      name: app.name,
      Image: app.image,
      Entrypoint: ["sleep", "1000"],
      Labels: labels(),
    });
    try {
      const { code, output } = await app.up();
      expect([code, output]).toEqual([1, expect.stringContaining("Conflict")]);
      expect(await app.id()).toBe(foreign.id);
    } finally {
      await foreign.remove({ force: true });
    }
  },
  120_000,
);
