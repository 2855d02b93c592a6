import { randomBytes } from "node:crypto";
import { join } from "node:path";
import Docker from "dockerode";
import { afterAll, beforeAll, expect, test } from "vitest";
import { removeLeftovers } from "../../cli/leftovers.ts";
import { findDocker } from "../../docker/docker-engine.ts";
import { shellImage } from "../testing/base-image.ts";
import { createTestStack, type TestStack } from "../testing/stack.ts";

// The program's hook on a container that a killed run has left, by the real engine.
const name = `leftover-${randomBytes(4).toString("hex")}`;
const module = join(import.meta.dirname, "../../../infra/droplet/leftover.ts");
let docker: Docker;
let socket: string;
let image: string;
let stack: TestStack;

beforeAll(async () => {
  socket = (await findDocker())!.socket;
  docker = new Docker({ socketPath: socket });
  image = await shellImage();
  stack = await createTestStack({ DOCKER_HOST: `unix://${socket}` });
  await stack.program(`
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { leftoverHook } from ${JSON.stringify(module)};
const host = { connection: pulumi.output({ host: ${JSON.stringify(`unix://${socket}`)}, sshOptions: [] }) };
new docker.Container("app", {
  name: "${name}", image: ${JSON.stringify(image)}, entrypoints: ["sleep", "1000"], networkMode: "none", destroyGraceSeconds: 0,
  labels: [{ label: "hybrid-mcp", value: "${name}" }, { label: "hybrid-mcp-role", value: "app" }],
}, { hooks: { beforeCreate: [leftoverHook(host)] } });
`);
});
afterAll(async () => {
  await removeLeftovers(socket, name);
  await stack[Symbol.asyncDispose]();
});

const up = () => stack.run("up", "--yes", "--skip-preview");
const id = async () => (await docker.getContainer(name).inspect()).Id;

test("one that the state lost is made again", async () => {
  await stack.up();
  const left = await id();
  const exported = await stack.export();
  const { urn } = exported.resources.find(({ type }) => type.endsWith("Container"))!;
  await stack.run("state", "delete", urn, "--yes");

  const { code, output } = await up();
  expect([code, output]).toEqual([0, expect.stringContaining("a run that was cut off has left this container")]);
  expect(await id()).not.toBe(left);
  expect(await stack.preview()).toEqual([]);
  await stack.run("destroy", "--yes", "--skip-preview");
}, 180_000);

test.each([
  ["another stack's", { "hybrid-mcp": "another", "hybrid-mcp-role": "app" }],
  ["of another role", { "hybrid-mcp": name, "hybrid-mcp-role": "n8n" }],
  ["nobody's", {}],
])(
  "one that is %s is left alone",
  async (_, labels: Record<string, string>) => {
    const foreign = await docker.createContainer({ name, Image: image, Entrypoint: ["sleep", "1000"], Labels: labels });
    try {
      const { code, output } = await up();
      expect([code, output]).toEqual([1, expect.stringContaining("Conflict")]);
      expect(await id()).toBe(foreign.id);
    } finally {
      await foreign.remove({ force: true });
    }
  },
  120_000,
);
