import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { account_id, startTestApi, type TestApi } from "../cloud/api/test-api.ts";
import type { Engine } from "../engine/ensure-engine.ts";
import { createProcessEngine, type ProcessEngine } from "../processes/process-engine.ts";
import type { ExportedStack } from "../providers/pending-creates.ts";
import { recover } from "./recover.ts";
import { isRefreshDue } from "./refresh-due.ts";
import { preparePulumi, pulumiOutput } from "./run-pulumi.ts";
import { LocalStack, repositoryRoot } from "./stack.ts";
import { writeProject } from "./stack-config.ts";

/** The real engine on a stack of one namespace and one network, whose updates and recoveries are cut off. */

const program = `
import * as cloudflare from "@pulumi/cloudflare";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
new cloudflare.WorkersKvNamespace("sessions", { accountId: "${account_id}", title: "sessions" }, { protect: true });
const provider = new docker.Provider("docker", { host: new pulumi.Config("hybrid-mcp").requireObject("droplet").dockerHost });
new docker.Network("network", { name: "recover-test" }, { provider });
`;

let cloud: TestApi;
let stack: LocalStack;
let engine: Engine;
/** An engine that is killed whenever it is to refresh. */
let killed: Engine;
const containers: ProcessEngine[] = [];

beforeAll(async () => {
  cloud = await startTestApi();
  stack = new LocalStack(mkdtempSync(join(tmpdir(), "recover-")));
  stack.create();
  stack.saveIdentity({
    ...stack.identity,
    cloudflareToken: String(cloud.cloudflare.apiToken),
    containers: "processes",
  });
  stack.setFlag(["local", "portOffset"], Number(new URL(cloud.origin).port) - 8781);
  mkdirSync(stack.path("processes"));
  await startContainers("processes");
  symlinkSync(join(repositoryRoot, "node_modules"), stack.path("node_modules"));
  engine = await preparedProject();
  writeFileSync(stack.path("project", "package.json"), JSON.stringify({ type: "module" }));
  const command = stack.path("killed-engine");
  writeFileSync(
    command,
    `#!/bin/sh\ncase " $* " in *" refresh "*) kill -9 $$ ;; esac\nexec '${engine.command}' "$@"\n`,
  );
  chmodSync(command, 0o755);
  killed = { ...engine, command };
  await pulumiOutput(stack, engine, ["up", "--yes", "--skip-preview", "--stack", "local"]);
}, 300_000);
afterAll(async () => {
  await Promise.all(containers.map((each) => each.close()));
  await cloud.close();
  rmSync(stack.dir, { recursive: true, force: true });
});

async function startContainers(folder: string): Promise<string> {
  mkdirSync(stack.path(folder), { recursive: true });
  const socket = stack.path(folder, "docker.sock");
  containers.push(await createProcessEngine({ dir: stack.path(folder), socket, log: () => {} }));
  return socket;
}

/** The project as a command writes it, with this file's program. */
async function preparedProject(): Promise<Engine> {
  const infra = stack.path("project", "infra");
  rmSync(infra, { recursive: true, force: true });
  writeProject(stack, { base: "scratch", cloudflared: "scratch" });
  rmSync(infra);
  mkdirSync(infra);
  writeFileSync(join(infra, "index.ts"), program);
  return preparePulumi(stack, () => {});
}

const exported = async () =>
  JSON.parse(await pulumiOutput(stack, engine, ["stack", "export", "--stack", "local"])) as ExportedStack;
const resource = async (name: string) =>
  (await exported()).deployment.resources?.find(({ urn }) => urn.endsWith(`::${name}`));

/** As a kill leaves the state between the request that makes a resource and its answer. An import would not let it in. */
function cutOff(name: string): void {
  const file = stack.path("state", ".pulumi", "stacks", "hybrid-mcp", "local.json");
  const state = JSON.parse(readFileSync(file, "utf8")) as { checkpoint: { latest: ExportedStack["deployment"] } };
  const { latest } = state.checkpoint;
  const cut = latest.resources!.find(({ urn }) => urn.endsWith(`::${name}`))!;
  const { id: _, outputs: __, ...pending } = cut;
  latest.resources = latest.resources!.filter((each) => each !== cut);
  latest.pending_operations = [{ resource: pending, type: "creating" }];
  writeFileSync(file, JSON.stringify(state));
}

test("a recovery that is cut off before its refresh is gone on with by the next", async () => {
  const { id } = (await resource("sessions"))!;
  cutOff("sessions");
  await expect(recover(stack, killed)).rejects.toThrow("The state could not be put in order");
  // In the state by its import id, and nothing else is known of it.
  expect(await resource("sessions")).toMatchObject({ id: expect.stringContaining(id!) });
  expect((await resource("sessions"))?.outputs).toBeUndefined();
  expect(isRefreshDue(stack)).toBe(true);

  await recover(stack, engine);
  expect(await resource("sessions")).toMatchObject({ id, outputs: { title: "sessions" } });
  expect(isRefreshDue(stack)).toBe(false);
  // Nothing is due any more: the engine is not asked to refresh.
  await recover(stack, killed);
}, 300_000);

test("after a cut-off update the containers' engine may be another, also where the first try is cut off too", async () => {
  cutOff("sessions");
  await containers.pop()!.close();
  stack.saveIdentity({ ...stack.identity, containers: "docker", dockerSocket: await startContainers("other") });
  await preparedProject();

  await expect(recover(stack, killed)).rejects.toThrow("The state could not be put in order");
  await recover(stack, engine);
  expect(await resource("network")).toBeUndefined();
  expect(await resource("sessions")).toMatchObject({ outputs: { title: "sessions" } });
  expect((await resource("docker"))?.inputs?.host).toBe(`unix://${stack.engineSocket}`);
}, 300_000);
