import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Docker from "dockerode";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { execIn } from "../../infra/droplet/engine-client.ts";
import { N8N_VERSION } from "../../infra/droplet/images.ts";
import { ensureBaseImage, followed } from "../../local/docker/base-image.ts";
import { findDocker } from "../../local/docker/docker-engine.ts";
import { ensureN8nImage } from "../../local/docker/service-images.ts";
import { eventually } from "../support/eventually.ts";
import { N8nClient } from "../support/n8n-client.ts";
import { callingDuring } from "../support/outage.ts";
import { ONLY_CODA, TestStack } from "../support/test-stack.ts";

/** Upgrades between two real versions of n8n, the newer of which changes the database. */

const OLD_VERSION = "2.38.7";
/** How long an n8n gets to become ready, in seconds: enough for the newer one's migrations. */
const START_SECONDS = 150;

let docker: Docker;
let oldImage: string;
let newImage: string;
/** The newer n8n, at another port than the one where its readiness is asked for. */
let neverReady: string;

let stack: TestStack;
let n8n: N8nClient;
let workflow: string;
const figures: string[] = [];

beforeAll(async () => {
  docker = new Docker({ socketPath: (await findDocker())!.socket });
  const say = (line: string) => process.stdout.write(`${line}\n`);
  const base = await ensureBaseImage(docker, say);
  oldImage = await ensureN8nImage(docker, base, say, OLD_VERSION);
  newImage = await ensureN8nImage(docker, base, say);
  neverReady = `hybrid-mcp-upgrade-test-${process.pid}/n8n:${N8N_VERSION}`;
  await build(neverReady, [
    `FROM ${newImage}`,
    "USER root",
    "RUN rm /usr/local/bin/n8n \\",
    `  && printf '#!/bin/sh\\nN8N_PORT=5670 exec /usr/local/lib/node_modules/n8n/bin/n8n "$@"\\n' >/usr/local/bin/n8n \\`,
    "  && chmod 755 /usr/local/bin/n8n",
    "USER node",
  ]);
});
afterAll(async () => {
  process.stdout.write(`${figures.map((line) => `n8n upgrade: ${line}`).join("\n")}\n`);
  await docker.getImage(neverReady).remove();
});

async function build(name: string, dockerfile: string[]): Promise<void> {
  const context = mkdtempSync(join(tmpdir(), "hybrid-mcp-upgrade-test-"));
  writeFileSync(join(context, "Dockerfile"), dockerfile.join("\n"));
  await followed(docker, await docker.buildImage({ context, src: ["Dockerfile"] }, { t: name, rm: true }));
  rmSync(context, { recursive: true });
}

/** Each test begins with the older n8n, which has an owner, workflows, credentials and runs. */
beforeEach(async () => {
  const settings = { "services.n8n.enabled": true, "services.n8n.startSeconds": START_SECONDS };
  stack = await TestStack.create({ ...ONLY_CODA, ...settings, "cutover.drainSeconds": 10 });
  useImage(oldImage);
  await stack.must("up");
  n8n = new N8nClient(stack.stack.publicUrl("n8n"));
  await n8n.setUpOwner();
  workflow = await n8n.makeWebhook("echo");
  await n8n.makeWebhook("other");
  await eventually(answers);
  for (let run = 0; run < 20; run++) await answers();
  expect(await version()).toBe(OLD_VERSION);
});
afterEach(async () => {
  await stack?.destroy();
  rmSync(`${stack?.stack.dir}-backups`, { recursive: true, force: true });
});

const useImage = (image: string) => stack.stack.setFlag(["droplet", "images"], { n8n: image });

/** The version that n8n itself tells. */
async function version(): Promise<string> {
  return (await n8n.ask<{ versionCli: string }>("GET", "/rest/settings")).versionCli;
}

/** Both workflows answer through the edge, each with the credential that n8n decrypts for it. */
async function answers(): Promise<void> {
  for (const path of ["echo", "other"]) {
    const { status, body } = await n8n.callWebhook(path, { hello: path });
    expect([status, body]).toEqual([200, JSON.stringify({ sum: 3, got: { hello: path } })]);
  }
}

/** Lines that the database answers, from the backup container, which may read it. */
async function query(sql: string): Promise<string[]> {
  const container = await stack.container("backup");
  const { exitCode, stdout, stderr } = await execIn(container, ["psql", "--no-psqlrc", "-At", "--command", sql]);
  if (exitCode !== 0) throw new Error(stderr);
  return stdout.trim().split("\n");
}

/** What n8n keeps: a line for each of its things. */
const kept = () =>
  query(`SELECT concat_ws(' ', 'workflow', id, name, md5(nodes::text)) FROM workflow_entity
    UNION ALL SELECT concat_ws(' ', 'credential', id, name, md5(data)) FROM credentials_entity
    UNION ALL SELECT concat_ws(' ', 'person', email, md5(password)) FROM "user"
    UNION ALL SELECT concat_ws(' ', 'run', id, status) FROM execution_entity`);
const migrations = () => query("SELECT name FROM migrations ORDER BY id");
/** Waits for a newer n8n, which has changed the database. @returns the number of its migrations */
async function whenChanged(schema: string[]): Promise<number> {
  let now = 0;
  await eventually(async () => {
    now = (await migrations()).length;
    expect(now).toBeGreaterThan(schema.length);
  }, 2 * START_SECONDS);
  return now;
}
const runsOf = (lines: string[]) => lines.filter((line) => line.startsWith("run ")).length;

/** One n8n, of a version, that has what was there before, and answers. */
async function expectKept(before: string[], atVersion: string): Promise<void> {
  await eventually(answers, 60);
  expect(await version()).toBe(atVersion);
  expect(await stack.containers("n8n")).toHaveLength(1);
  expect(await kept()).toEqual(expect.arrayContaining(before));
  expect(await n8n.executions(workflow)).toBeGreaterThan(20);
}

/** `up`, while the webhook is called all the time: no run is lost that was answered. */
async function upUnderLoad() {
  const runs = runsOf(await kept());
  // An n8n that starts answers any path with 200 and a page: that is no run.
  const call = async () => (await n8n.callWebhook("echo", { hello: "load" })).body.startsWith('{"sum":3');
  const { result, outage } = await callingDuring(call, () => stack.run("up"));
  await eventually(async () => expect(runsOf(await kept())).toBeGreaterThanOrEqual(runs + outage.answered), 60);
  return { ...result, outage };
}

const megabytes = (bytes: number) => `${Math.ceil(bytes / 2 ** 20)} MB`;

test("a newer n8n that changes the database and is never ready: the older one goes on with its data, and can be upgraded then", async () => {
  const [before, schema] = [await kept(), await migrations()];
  const { Id } = await (await stack.container("n8n")).inspect();
  const size = async () => Number(await query("SELECT pg_database_size(current_database())"));
  figures.push(
    `images ${await Promise.all([oldImage, newImage].map(async (name) => megabytes((await docker.getImage(name).inspect()).Size)))}, database ${megabytes(await size())}`,
  );

  useImage(neverReady);
  const changed = whenChanged(schema);
  const failed = await upUnderLoad();
  expect(failed.code).toBe(1);
  expect(failed.output).toMatch(/n8n: backup [0-9a-f]{8} is made/);
  expect(failed.output).toContain(
    `n8n: version ${N8N_VERSION} did not become ready; putting the data back from backup`,
  );
  expect(failed.output).toContain("n8n: what ran before runs again, with its data as it was");
  const most = await changed;
  expect(await migrations()).toEqual(schema);
  expect((await (await stack.container("n8n")).inspect()).Id).toBe(Id);
  await expectKept(before, OLD_VERSION);
  figures.push(
    `the way back: ${failed.seconds.toFixed(0)} s for \`up\`, ${failed.outage.seconds.toFixed(1)} s without an answer (${START_SECONDS} s of them given to the new one), ${most - schema.length} migrations taken back`,
  );

  useImage(newImage);
  const upgraded = await upUnderLoad();
  expect([upgraded.code, upgraded.output]).toEqual([0, expect.stringMatching(/n8n: backup [0-9a-f]{8} is made/)]);
  await expectKept(before, N8N_VERSION);
  expect((await (await stack.container("n8n")).inspect()).Id).not.toBe(Id);
  const now = await migrations();
  expect(now.slice(0, schema.length)).toEqual(schema);
  expect(now.length).toBeGreaterThan(schema.length);
  figures.push(
    `${OLD_VERSION} → ${N8N_VERSION}: ${upgraded.seconds.toFixed(0)} s for \`up\`, ${upgraded.outage.seconds.toFixed(1)} s without an answer, ${now.length - schema.length} migrations (${schema.length} → ${now.length}), ${/backup \w+ is made \((.*)\)/.exec(upgraded.output)?.[1]} for the backup`,
  );

  for (const role of ["n8n", "database", "backup", "cloudflared"]) {
    const { memory_stats } = await (await stack.container(role)).stats({ stream: false });
    figures.push(`${role} uses ${megabytes(memory_stats.usage)} of ${megabytes(memory_stats.limit)}`);
  }
});

test("killed when the backup is made: `up` again upgrades, with everything", async () => {
  const before = await kept();
  useImage(newImage);
  await stack.killWhen("job", /n8n: backup [0-9a-f]{8} is made/, "up");
  await stack.must("up");
  await expectKept(before, N8N_VERSION);
});

test("killed when a newer n8n that is never ready has changed the database: `up` again ends with the older one and its data", async () => {
  const [before, schema] = [await kept(), await migrations()];
  useImage(neverReady);
  await stack.killWhen("job", async () => void (await whenChanged(schema)), "up");
  const { code } = await stack.run("up");
  expect(code).toBe(1);
  expect(await migrations()).toEqual(schema);
  await expectKept(before, OLD_VERSION);

  useImage(newImage);
  await stack.must("up");
  await expectKept(before, N8N_VERSION);
});
