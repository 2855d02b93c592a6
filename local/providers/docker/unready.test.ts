import { randomBytes } from "node:crypto";
import { join } from "node:path";
import Docker from "dockerode";
import { afterAll, beforeAll, expect, test } from "vitest";
import { removeLeftovers } from "../../cli/leftovers.ts";
import { findDocker } from "../../docker/docker-engine.ts";
import { shellImage } from "../testing/base-image.ts";
import { createTestStack, type TestStack } from "../testing/stack.ts";

// The program's hooks on a container that is not ready, by the real engine.
const name = `unready-${randomBytes(4).toString("hex")}`;
const unready = join(import.meta.dirname, "../../../infra/droplet/unready.ts");
let docker: Docker;
let socket: string;
let image: string;
let stack: TestStack;

beforeAll(async () => {
  socket = (await findDocker())!.socket;
  docker = new Docker({ socketPath: socket });
  image = await shellImage();
  stack = await createTestStack({ DOCKER_HOST: `unix://${socket}` });
});
afterAll(async () => {
  await removeLeftovers(socket, name);
  await stack[Symbol.asyncDispose]();
});

const program = (hook: string, secret: string) => `
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { ${hook} } from ${JSON.stringify(unready)};
const host = { connection: pulumi.output({ host: ${JSON.stringify(`unix://${socket}`)}, sshOptions: [] }) };
new docker.Container("app", {
  name: "${name}", image: ${JSON.stringify(image)}, entrypoints: ["/bin/sh", "-c", "echo still busy; exec sleep 1000"],
  envs: [pulumi.secret("TOKEN=${secret}")], labels: [{ label: "hybrid-mcp", value: "${name}" }],
  healthcheck: { tests: ["CMD-SHELL", "cat /ready"], interval: "1s", retries: 2 }, wait: true, waitTimeout: 3, networkMode: "none",
}, { deleteBeforeReplace: true, hooks: ${hook}(host, "app") });
`;
const up = () => stack.run("up", "--yes", "--skip-preview");
const id = async () => (await docker.getContainer(name).inspect()).Id;

test("the only one of its name stays, and no update counts as done until it is healthy", async () => {
  await stack.program(program("awaited", "one"));
  const first = await up();
  expect([first.code, first.output]).toEqual([1, expect.stringContaining("Last lines of its log:")]);
  expect(first.output).toContain("still busy");
  const made = await id();

  const second = await up();
  expect([second.code, second.output]).toEqual([1, expect.stringContaining(`Container ${name} is not healthy.`)]);
  expect(second.output).not.toMatch(/TOKEN|\n\s+at /);
  expect(await id()).toBe(made);

  const exec = await docker.getContainer(name).exec({ Cmd: ["/bin/sh", "-c", "echo yes >/ready"] });
  await exec.start({});
  await stack.up();
  expect(await id()).toBe(made);
  expect(await stack.preview()).toEqual([]);
  await stack.run("destroy", "--yes", "--skip-preview");
}, 180_000);

test("one that is ready or not there is gone, out of the state too, and its name is free", async () => {
  await stack.program(program("readyOrNotAtAll", "two"));
  const { code, output } = await up();
  expect([code, output]).toEqual([1, expect.stringContaining("did not become healthy within 3 s")]);
  expect(output).toContain("still busy");
  expect(output).not.toMatch(/Conflict|TOKEN|\n\s+at /);
  await expect(docker.getContainer(name).inspect()).rejects.toMatchObject({ statusCode: 404 });
  expect((await stack.export()).resources.filter(({ type }) => type.endsWith("Container"))).toEqual([]);
}, 120_000);

test("a container that has the name already is left alone", async () => {
  const foreign = await docker.createContainer({
    name,
    Image: image,
    Entrypoint: ["sleep", "1000"],
    Labels: { "hybrid-mcp": name },
  });
  const { code, output } = await up();
  expect([code, output]).toEqual([1, expect.stringContaining("Conflict")]);
  expect(await id()).toBe(foreign.id);
}, 120_000);
