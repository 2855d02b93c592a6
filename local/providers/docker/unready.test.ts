import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createDockerStack, type DockerStack } from "../testing/docker-stack.ts";

// The program's hooks on a container that is not ready, by the real engine.
const unready = join(import.meta.dirname, "../../../infra/droplet/unready.ts");
let app: DockerStack;

beforeAll(async () => {
  app = await createDockerStack("unready");
});
afterAll(() => app[Symbol.asyncDispose]());

const program = (hook: string, secret: string) => `
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { ${hook} } from ${JSON.stringify(unready)};
const host = ${app.host};
new docker.Container("app", {
  name: "${app.name}", image: ${JSON.stringify(app.image)}, entrypoints: ["/bin/sh", "-c", "echo still busy; exec sleep 1000"],
  envs: [pulumi.secret("TOKEN=${secret}")], labels: [{ label: "hybrid-mcp", value: "${app.name}" }],
  healthcheck: { tests: ["CMD-SHELL", "cat /ready"], interval: "1s", retries: 2 }, wait: true, waitTimeout: 3, networkMode: "none",
}, { deleteBeforeReplace: true, hooks: ${hook}(host, "app") });
`;

test("the only one of its name stays, and no update counts as done until it is healthy", async () => {
  await app.stack.program(program("awaited", "one"));
  const first = await app.up();
  expect([first.code, first.output]).toEqual([1, expect.stringContaining("Last lines of its log:")]);
  expect(first.output).toContain("still busy");
  const made = await app.id();

  const second = await app.up();
  expect([second.code, second.output]).toEqual([1, expect.stringContaining(`Container ${app.name} is not healthy.`)]);
  expect(second.output).not.toMatch(/TOKEN|\n\s+at /);
  expect(await app.id()).toBe(made);

  const exec = await app.docker.getContainer(app.name).exec({ Cmd: ["/bin/sh", "-c", "echo yes >/ready"] });
  await exec.start({});
  await app.stack.up();
  expect(await app.id()).toBe(made);
  expect(await app.stack.preview()).toEqual([]);
  await app.stack.run("destroy", "--yes", "--skip-preview");
}, 180_000);

test("one that is ready or not there is gone, out of the state too, and its name is free", async () => {
  await app.stack.program(program("readyOrNotAtAll", "two"));
  const { code, output } = await app.up();
  expect([code, output]).toEqual([1, expect.stringContaining("did not become healthy within 3 s")]);
  expect(output).toContain("still busy");
  expect(output).not.toMatch(/Conflict|TOKEN|\n\s+at /);
  await expect(app.docker.getContainer(app.name).inspect()).rejects.toMatchObject({ statusCode: 404 });
  expect((await app.stack.export()).resources.filter(({ type }) => type.endsWith("Container"))).toEqual([]);
}, 120_000);

test("a container that has the name already is left alone", async () => {
  const foreign = await app.docker.createContainer({
    name: app.name,
    Image: app.image,
    Entrypoint: ["sleep", "1000"],
    Labels: { "hybrid-mcp": app.name },
  });
  const { code, output } = await app.up();
  expect([code, output]).toEqual([1, expect.stringContaining("Conflict")]);
  expect(await app.id()).toBe(foreign.id);
}, 120_000);
