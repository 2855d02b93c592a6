import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createDockerStack, type DockerStack } from "../testing/docker-stack.ts";

// The program's hook on a container that a killed run has left, by the real engine.
const leftover = join(import.meta.dirname, "../../../infra/droplet/leftover.ts");
let app: DockerStack;

beforeAll(async () => {
  app = await createDockerStack("leftover");
  await app.stack.program(`
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { leftoverHook } from ${JSON.stringify(leftover)};
new docker.Container("app", {
  name: "${app.name}", image: ${JSON.stringify(app.image)}, entrypoints: ["sleep", "1000"], networkMode: "none", destroyGraceSeconds: 0,
  labels: [{ label: "hybrid-mcp", value: "${app.name}" }, { label: "hybrid-mcp-role", value: "app" }],
}, { hooks: { beforeCreate: [leftoverHook(${app.host})] } });
`);
});
afterAll(() => app[Symbol.asyncDispose]());

test("one that the state lost is made again", async () => {
  await app.stack.up();
  const left = await app.id();
  const exported = await app.stack.export();
  const { urn } = exported.resources.find(({ type }) => type.endsWith("Container"))!;
  await app.stack.run("state", "delete", urn, "--yes");

  const { code, output } = await app.up();
  expect([code, output]).toEqual([0, expect.stringContaining("a run that was cut off has left this container")]);
  expect(await app.id()).not.toBe(left);
  expect(await app.stack.preview()).toEqual([]);
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
