import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { n8n as catalogued } from "@hybrid-mcp/catalogue";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import Docker from "dockerode";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { repositoryRoot } from "../local/cli/stack.ts";
import { TestBrowser } from "../workers/oauth-broker/testing/test-browser.ts";
import { copyCheckout } from "./support/checkout-copy.ts";
import { eventually } from "./support/eventually.ts";
import { N8nClient } from "./support/n8n-client.ts";
import { ONLY_CODA, TestStack } from "./support/test-stack.ts";

/** The real n8n with its real database, on the real Docker Engine: what it keeps survives whatever happens to its containers. */

/** Several updates of n8n in one test take minutes, on a busy machine twice as many. */
vi.setConfig({ testTimeout: 600_000 });

const SLOW_MS = 1_800_000;
const docker = new Docker();
let stack: TestStack;
let n8n: N8nClient;
let workflow: string;

const flags = { ...ONLY_CODA, "services.n8n.enabled": true, "cutover.drainSeconds": 10 };

beforeAll(async () => {
  // The first run on a machine makes the image of n8n, from its npm package.
  stack = await TestStack.create(flags);
  await stack.must("up");
  n8n = new N8nClient(stack.stack.publicUrl("n8n"));
}, SLOW_MS);
afterAll(() => stack?.destroy());

/** The workflow answers through the edge, with the credential that n8n decrypts for it. */
async function answers(): Promise<void> {
  const { status, body } = await n8n.callWebhook("echo", { hello: "edge" });
  expect([status, body]).toEqual([200, JSON.stringify({ sum: 3, got: { hello: "edge" } })]);
}

/** As `answers`, once n8n is there again; and it has every run that it had, and the new ones. */
async function hasEverything(): Promise<void> {
  await eventually(answers, 120);
  // A run is written down a moment after its answer.
  await eventually(async () => expect(await n8n.executions(workflow)).toBeGreaterThan(runs));
  runs = await n8n.executions(workflow);
}
let runs = 0;

const statusOf = async (service: string) => {
  const { services } = JSON.parse((await stack.run("status", "--json", "--no-drift")).output);
  return services.find((each: { service: string }) => each.service === service);
};
const restarts = async (role: string) => (await (await stack.container(role)).inspect()).RestartCount;
const health = async (role: string) => (await (await stack.container(role)).inspect()).State.Health?.Status;

test("a workflow runs by its webhook through the edge, and only with its key", async () => {
  await n8n.setUpOwner();
  workflow = await n8n.makeWebhook("echo");
  await eventually(answers);
  expect((await n8n.callWebhook("echo", {}, "")).status).toBe(403);
  expect((await n8n.callWebhook("nobody", {})).status).toBe(404);
  runs = await n8n.executions(workflow);
  expect(await statusOf("n8n")).toMatchObject({ placement: "droplet", servedBy: "droplet", health: "ok" });
});

test("n8n knows its public URL, and nothing but n8n reaches its database", async () => {
  const page = await n8n.ask<{ urlBaseWebhook: string; urlBaseEditor: string }>("GET", "/rest/settings");
  expect([page.urlBaseWebhook, page.urlBaseEditor]).toEqual([`${n8n.url}/`, n8n.url]);
  const database = await (await stack.container("database")).inspect();
  const network = Object.keys(database.NetworkSettings.Networks);
  expect(network).toEqual([`${stack.stack.name}-n8n`]);
  expect((await docker.getNetwork(network[0]!).inspect()).Internal).toBe(true);
  for (const role of ["database", "n8n"]) {
    const { HostConfig, Config } = await (await stack.container(role)).inspect();
    expect(HostConfig).toMatchObject({ ReadonlyRootfs: true, CapDrop: ["ALL"], PortBindings: {} });
    expect(Config.User || "node").not.toBe("root");
  }
});

test("its MCP server is behind the gateway, for whoever connects it", async () => {
  const page = `${stack.authUrl}/auth/n8n`;
  const ada = new TestBrowser();
  await ada.signIn(page, "ada");
  const token = await n8n.mcpToken();
  // The broker asks n8n whether it is good, and a machine that is busy may be late with the answer.
  await eventually(async () => {
    await ada.submit(page, { token });
    expect((await ada.open(page)).text).toContain("You are connected");
  });

  const client = new Client({ name: "e2e", version: "1" });
  const headers = { authorization: `Bearer ${await stack.token("mcp-gateway")}` };
  await client.connect(new StreamableHTTPClientTransport(new URL(stack.gatewayUrl), { requestInit: { headers } }));
  await eventually(async () => {
    expect((await client.listTools()).tools.map(({ name }) => name)).toContain("n8n_execute_workflow");
  });
  // The tools that the catalogue says need no more than reading are what this n8n calls them.
  const names = (await client.listTools()).tools.map(({ name }) => name);
  // (Folders are there with a licence only.)
  const known = catalogued.scopes[0].tools.filter((name) => name !== "search_folders");
  expect(names).toEqual(expect.arrayContaining(known.map((name) => `n8n_${name}`)));
  const found = await client.callTool({ name: "n8n_search_workflows", arguments: { query: "echo" } });
  expect(JSON.stringify(found)).toContain(workflow);
  const webhookData = { method: "POST", body: { hello: "gateway" }, headers: {} };
  const started = await client.callTool({
    name: "n8n_execute_workflow",
    arguments: {
      workflowId: workflow,
      executionMode: "production",
      triggerNodeName: "Webhook",
      inputs: { webhookData },
    },
  });
  const { executionId } = started.structuredContent as { executionId: string };
  await eventually(async () => {
    const run = await client.callTool({
      name: "n8n_get_workflow_execution",
      arguments: { workflowId: workflow, executionId, includeData: true },
    });
    expect(JSON.stringify(run.structuredContent)).toContain('"success"');
  });
  await client.close();
});

describe("what n8n keeps survives", () => {
  test.each(["n8n", "database"])("kill -9 of %s", async (role) => {
    const { State } = await (await stack.container(role)).inspect();
    process.kill(State.Pid, "SIGKILL");
    await eventually(async () => {
      const now = await (await stack.container(role)).inspect();
      expect([now.State.Running, now.State.Pid === State.Pid]).toEqual([true, false]);
    });
    await hasEverything();
  });

  test("flips of another service, without a failed run", async () => {
    const failed: unknown[] = [];
    let calls = 0;
    let flipping = true;
    const load = (async () => {
      while (flipping) {
        const answer = await n8n.callWebhook("echo", { call: ++calls });
        if (answer.status !== 200) failed.push(answer);
      }
    })();
    await stack.must("flip", "coda", "droplet");
    await stack.must("flip", "coda", "workers");
    flipping = false;
    await load;
    process.stdout.write(`n8n during two flips of coda: ${calls} runs, ${failed.length} failed\n`);
    expect(failed).toEqual([]);
    await hasEverything();
  });

  test("a new container, and nobody is told that it took what it did not", async () => {
    const { Id } = await (await stack.container("n8n")).inspect();
    stack.stack.setFlag(["services", "n8n", "timezone"], "Europe/Berlin");
    const answered: { status: number; body: string }[] = [];
    let changing = true;
    const load = (async () => {
      while (changing) answered.push(await n8n.callWebhook("echo", { hello: "edge" }));
    })();
    const { output } = await stack.must("up");
    changing = false;
    await load;
    expect(output).toMatch(/n8n: backup [0-9a-f]{8} is made/);
    expect((await (await stack.container("n8n")).inspect()).Id).not.toBe(Id);
    // A sender that is not answered, or with a server's error, sends again.
    const unlike = answered.filter(({ status, body }) => status < 500 && !(status === 200 && body.includes('"sum":3')));
    expect(unlike).toEqual([]);
    expect(answered.some(({ status }) => status === 502)).toBe(true);
    await hasEverything();
  });

  test("a full stop and start", async () => {
    await stack.must("down");
    expect(await stack.containers("n8n")).toEqual([]);
    await stack.must("up");
    await hasEverything();
  });
});

test("its database is never worked on by two: what prepares the volumes waits until the database has stopped", async () => {
  const copy = copyCheckout();
  try {
    copy.edit("droplet/n8n/prepare.sh", 'echo "Making the database."', 'echo "Making it."');
    stack.checkout = copy.path;
    const { output } = await stack.must("up");
    expect(output).toMatch(/n8n-prepare created replacement/);
    await hasEverything();
    const log = (await (await stack.container("database")).logs({ stdout: true, stderr: true })).toString();
    expect(log).not.toMatch(/PANIC|lock file is invalid/);
  } finally {
    stack.checkout = repositoryRoot;
    copy.remove();
  }
  await stack.must("up");
  await hasEverything();

  // Nor by a second one that somebody starts by hand.
  const { Image, HostConfig, Config } = await (await stack.container("database")).inspect();
  const second = await docker.createContainer({
    Image,
    Entrypoint: Config.Entrypoint,
    Cmd: Config.Cmd,
    User: Config.User,
    HostConfig: { Binds: HostConfig.Binds, Tmpfs: HostConfig.Tmpfs, NetworkMode: "none" },
  });
  try {
    await second.start();
    await eventually(async () => {
      const log = (await second.logs({ stdout: true, stderr: true })).toString();
      expect(log).toContain("Another container works on the volume of n8n's database.");
    }, 90);
  } finally {
    await second.remove({ force: true });
  }
  await hasEverything();
});

describe("without its database", () => {
  test("a running n8n stays, says that it is not ready, and goes on by itself", async () => {
    const database = await stack.container("database");
    await database.stop();
    await eventually(async () => expect(await health("n8n")).toBe("unhealthy"), 60);
    expect(await statusOf("n8n")).toMatchObject({ servedBy: null, health: expect.stringMatching(/^HTTP 503/) });
    expect(await restarts("n8n")).toBe(0);
    await database.start();
    await eventually(async () => expect(await health("n8n")).toBe("healthy"), 60);
    await hasEverything();
  });

  test("an n8n that starts waits for it, and says so", async () => {
    const [database, container] = [await stack.container("database"), await stack.container("n8n")];
    await database.stop();
    await container.restart({ t: 10 });
    await eventually(async () => {
      const log = (await container.logs({ stdout: true, stderr: true, tail: 20 })).toString();
      expect(log).toContain("n8n waits for its database at n8n-database:5432, which does not answer.");
    });
    const { State, RestartCount } = await container.inspect();
    expect([State.Running, RestartCount]).toEqual([true, 0]);
    await database.start();
    await hasEverything();
  });
});

describe("an upgrade", () => {
  /** An n8n that takes a table out of the database, as a migration that goes wrong may, and is never ready. */
  async function brokenImage(): Promise<string> {
    const { Config } = await (await stack.container("n8n")).inspect();
    const name = `${stack.stack.name}/n8n:9.9.9`;
    const dir = mkdtempSync(join(tmpdir(), "hybrid-mcp-broken-n8n-"));
    writeFileSync(
      join(dir, "Dockerfile"),
      `FROM ${(await docker.getImage(Config.Image).inspect()).RepoTags[0]}\nCOPY n8n /usr/local/bin/n8n\n`,
    );
    writeFileSync(
      join(dir, "n8n"),
      `#!/usr/bin/env node
const { Client } = require("node:module").createRequire("/usr/local/lib/node_modules/n8n/package.json")("pg");
const { DB_POSTGRESDB_HOST: host, DB_POSTGRESDB_DATABASE: database, DB_POSTGRESDB_USER: user, DB_POSTGRESDB_PASSWORD: password } = process.env;
const client = new Client({ host, database, user, password });
client.connect().then(() => client.query("DROP TABLE workflow_entity CASCADE")).then(() => console.log("half-way"));
setInterval(() => {}, 1000);
`,
      { mode: 0o755 },
    );
    const built = await docker.buildImage({ context: dir, src: ["Dockerfile", "n8n"] }, { t: name });
    await new Promise((resolve, reject) =>
      docker.modem.followProgress(built, (error) => (error ? reject(error) : resolve(0))),
    );
    rmSync(dir, { recursive: true });
    return name;
  }

  test("that does not become ready leaves n8n as it was, with its data", async () => {
    const { Id } = await (await stack.container("n8n")).inspect();
    const image = await brokenImage();
    stack.stack.setFlag(["droplet", "images"], { n8n: image });
    stack.stack.setFlag(["services", "n8n", "startSeconds"], 30);
    for (const time of ["first", "second"]) {
      const { code, output } = await stack.run("up");
      expect(code, time).toBe(1);
      expect(output).toContain("n8n: version 9.9.9 did not become ready; putting the data back from backup");
      expect(output).toContain("n8n: what ran before runs again, with its data as it was");
      expect(output).toMatch(/Container \S+-n8n-\S+ did not become healthy within 30 s/);
      expect(output).toContain("half-way");
      expect(output).not.toMatch(/Conflict|\n\s+at /);
      expect((await stack.containers("n8n")).map(({ id }) => id)).toEqual([Id]);
      await hasEverything();
    }

    // As it was before, it is the n8n that runs: nothing is made, stopped or deleted.
    stack.stack.setFlag(["droplet", "images"], undefined);
    stack.stack.setFlag(["services", "n8n", "startSeconds"], undefined);
    const { State } = await (await stack.container("n8n")).inspect();
    const { output } = await stack.must("up");
    expect(output).not.toMatch(/Container n8n \S+ \(/);
    const now = await (await stack.container("n8n")).inspect();
    expect([now.Id, now.State.StartedAt]).toEqual([Id, State.StartedAt]);
    await docker.getImage(image).remove();
  });
});

describe("what is lost", () => {
  test("comes back into an empty stack from a backup, with what n8n had encrypted", async () => {
    const { output } = await stack.must("backup");
    expect(output).toMatch(/Backup [0-9a-f]{8} is made: [\d.]+ MB/);
    const kept = await stack.must("down", "--purge");
    expect(kept.output).toContain(`Backups of n8n are kept in ${stack.stack.dir}-backups`);

    stack.begin(flags);
    await stack.must("up");
    expect((await n8n.callWebhook("echo", {})).status).toBe(404);
    const restored = await stack.must("restore");
    expect(restored.output).toContain("The backup has another encryption key than this stack");
    await eventually(answers, 120);
    await n8n.signIn();
    expect(await n8n.executions(workflow)).toBeGreaterThanOrEqual(runs);
    await hasEverything();

    const again = await stack.run("restore");
    expect([again.code, again.output]).toEqual([1, expect.stringContaining("has data already")]);
  });

  test("is told before an empty database takes its place, and only another generation begins again", async () => {
    await stack.must("backup");
    await stack.must("down");
    const volumes = ["n8n", "postgres"].map((what) => docker.getVolume(`${stack.stack.name}-${what}`));
    for (const volume of volumes) await volume.remove();
    const refused = await stack.run("up");
    expect(refused.code).toBe(1);
    expect(refused.output).toContain("its data is gone, and no empty one was made in its place");
    expect(refused.output).not.toMatch(/\n\s+at /);
    expect(await stack.containers("n8n")).toEqual([]);

    const asProcesses = await stack.run("up", "--no-docker");
    expect([asProcesses.code, asProcesses.output]).toEqual([
      1,
      expect.stringContaining("n8n of this stack needs containers"),
    ]);

    stack.stack.setFlag(["services", "n8n", "generation"], "2");
    await stack.must("up");
    await stack.must("restore");
    await eventually(answers, 120);
    await n8n.signIn();
    await hasEverything();
  });
});

test("the volumes of an n8n that the droplet has already are used as they are, and stay when the stack goes", async () => {
  const { Config } = await (await stack.container("n8n")).inspect();
  const key = Config.Env.find((entry) => entry.startsWith("N8N_ENCRYPTION_KEY="))!.split("=")[1];
  await stack.must("backup");
  await stack.must("down");
  const [volume, databaseVolume] = ["n8n", "postgres"].map((what) => `${stack.stack.name}-${what}`);
  const other = await TestStack.create({
    ...flags,
    "services.n8n.adopt": { volume, databaseVolume },
    n8nEncryptionKey: key,
  });
  try {
    // Somebody's own n8n may still be running on them.
    const running = await docker.createContainer({
      Image: Config.Image,
      Entrypoint: ["sleep", "infinity"],
      HostConfig: { Binds: [`${volume}:/home/node/.n8n`] },
    });
    await running.start();
    const refused = await other.run("up");
    await running.remove({ force: true });
    expect([refused.code, refused.output]).toEqual([1, expect.stringContaining(`works on the volume ${volume}`)]);

    await other.must("up");
    const adopted = new N8nClient(other.stack.publicUrl("n8n"));
    await adopted.signIn();
    await eventually(async () => expect((await adopted.callWebhook("echo", {})).status).toBe(200));
    expect(await adopted.executions(workflow)).toBeGreaterThan(0);
    expect((await other.must("up")).output).not.toMatch(/[1-9]\d* (created|updated|replaced|deleted)/);
  } finally {
    await other.destroy();
  }
  for (const name of [volume, databaseVolume]) expect((await docker.getVolume(name!).inspect()).Name).toBe(name);
  await stack.must("up");
  await hasEverything();
});

test("the memory that each container uses", async () => {
  const lines: string[] = [];
  for (const role of ["n8n", "database", "backup", "cloudflared"]) {
    const { memory_stats } = await (await stack.container(role)).stats({ stream: false });
    const megabytes = (bytes: number) => Math.round(bytes / 1024 / 1024);
    expect(memory_stats.usage).toBeLessThan(memory_stats.limit);
    lines.push(`${role} ${megabytes(memory_stats.usage)} of ${megabytes(memory_stats.limit)} MB`);
  }
  process.stdout.write(`memory: ${lines.join(", ")}\n`);
});
