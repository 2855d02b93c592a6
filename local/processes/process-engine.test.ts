import { fork } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import Docker from "dockerode";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createTestStack } from "../providers/testing/stack.ts";
import { createProcessEngine, type ProcessEngine } from "./process-engine.ts";
import { identify } from "./process-identity.ts";

const server = `
import { createServer } from "node:http";
import { readFileSync, existsSync } from "node:fs";
const [host, port] = (process.env.LISTEN ?? "127.0.0.1:0").split(":");
const server = createServer((request, response) => {
  if (request.url === "/crash") process.exit(3);
  if (request.url === "/file") return response.end(existsSync("conf/app.conf") ? readFileSync("conf/app.conf") : "none");
  response.end(JSON.stringify({ pid: process.pid, cwd: process.cwd(), env: process.env }));
});
server.listen(Number(port), host, () => console.log("listening"));
process.on("SIGTERM", () => { console.log("going"); if (!process.env.STUBBORN) process.exit(0); });
`;
const dockerfile = `
# a comment
ARG BASE=debian:bookworm@sha256:0000
FROM \${BASE}
ARG MODE
WORKDIR /app
COPY --chown=1000:1000 server.mjs package.json ./
COPY conf conf/
ENV GREETING="hello there" MODE=$MODE
LABEL kind=test
EXPOSE 8085
USER 1000
HEALTHCHECK --interval=1s --timeout=5s --retries=2 CMD ["node", "-e", \\
  "fetch('http://' + process.env.LISTEN).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "server.mjs"]
`;

let dir: string;
let engine: ProcessEngine;
let docker: Docker;
const lines: string[] = [];
const socket = () => join(dir, "docker.sock");

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "processes-"));
  await mkdir(join(dir, "app", "conf"), { recursive: true });
  await writeFile(join(dir, "app", "Dockerfile"), dockerfile);
  await writeFile(join(dir, "app", "server.mjs"), server);
  await writeFile(join(dir, "app", "package.json"), "{}");
  await writeFile(join(dir, "app", "conf", "readme.txt"), "x");
  await start();
});

afterEach(async () => {
  await engine.close();
  await rm(dir, { recursive: true, force: true });
});

async function start(): Promise<void> {
  engine = await createProcessEngine({ dir: join(dir, "state"), socket: socket(), log: (line) => lines.push(line) });
  docker = new Docker({ socketPath: socket() });
}

async function build(tag = "test/app:1", args: Record<string, string> = { MODE: "fast" }): Promise<string> {
  const src = ["Dockerfile", "server.mjs", "package.json", "conf/readme.txt"];
  const stream = await docker.buildImage({ context: join(dir, "app"), src }, { t: tag, buildargs: args });
  return new Promise((done, fail) => {
    docker.modem.followProgress(stream, (error: Error | null, all: { error?: string; stream?: string }[]) => {
      const said = error?.message ?? all.find((line) => line.error)?.error;
      if (said) fail(new Error(said));
      else done(all.map((line) => line.stream ?? "").join(""));
    });
  });
}

async function address(name: string): Promise<string> {
  return vi.waitFor(async () => {
    const hosts = JSON.parse(await readFile(engine.hostsFile, "utf8")) as Record<string, string>;
    const found = hosts[`${name}:8085`];
    if (!found) throw new Error(`no address of ${name}`);
    await fetch(`http://${found}/`);
    return found;
  }, 10_000);
}

async function about(name: string) {
  const response = await fetch(`http://${await address(name)}/`);
  return (await response.json()) as { pid: number; cwd: string; env: Record<string, string> };
}

function isRunning(pid: number): boolean {
  return identify(pid) !== undefined;
}

test("an image is built from files and settings, and a container of it runs as a process with its own environment only", async () => {
  process.env.SECRET_OF_THE_PARENT = "do not pass on";
  const progress = await build();
  expect(progress).toContain("Step 1/");
  const image = await docker.getImage("test/app:1").inspect();
  expect(image.Config.Env).toEqual(["GREETING=hello there", "MODE=fast"]);
  expect(image.Config.Labels).toEqual({ kind: "test" });
  // The same content gives the same image, other arguments another one.
  await build("test/app:2");
  expect((await docker.getImage("test/app:2").inspect()).Id).toBe(image.Id);
  await build("test/app:3", { MODE: "slow" });
  expect((await docker.getImage("test/app:3").inspect()).Id).not.toBe(image.Id);

  await docker.createNetwork({ Name: "net" });
  const made = await docker.createContainer({
    name: "coda",
    Image: image.Id,
    Env: ["TOKEN=abc", "MODE=own"],
    HostConfig: { NetworkMode: "net" },
    NetworkingConfig: { EndpointsConfig: { net: { Aliases: ["coda-mcp"] } as Docker.EndpointSettings } },
  });
  await made.start();
  const { env, cwd } = await about("coda-mcp");
  expect(cwd.endsWith("/root/app")).toBe(true);
  expect(Object.keys(env).sort()).toEqual(
    ["CONNECTOR_HOSTS_FILE", "GREETING", "HOME", "LISTEN", "MODE", "PATH", "TOKEN"].sort(),
  );
  expect(env).toMatchObject({ TOKEN: "abc", MODE: "own", GREETING: "hello there" });
  expect(env.CONNECTOR_HOSTS_FILE).toBe(engine.hostsFile);
  expect(env.LISTEN).toBe(await address("coda"));
  await vi.waitFor(async () => expect((await made.inspect()).State.Health?.Status).toBe("healthy"), 10_000);
  const log = await made.logs({ stdout: true, stderr: true, tail: 5 });
  expect(log.toString("utf8", 8)).toBe("listening\n");

  const [listed] = await docker.listContainers();
  expect(listed).toMatchObject({ Names: ["/coda"], State: "running", Labels: { kind: "test" } });
  expect(listed?.Status).toMatch(/^Up \d+ seconds/);
}, 60_000);

test("what would run a program or fetch something says that it needs Docker Engine, and names the line", async () => {
  for (const [line, what] of [
    ["RUN apt-get update", "RUN needs Docker Engine"],
    ["ADD https://example.com/x /x", "ADD needs Docker Engine"],
    ["COPY --from=other /x /x", "COPY --from needs Docker Engine"],
    ["FROM debian AS second", "several stages needs Docker Engine"],
    ["COPY ../../outside .", "outside the build context"],
    ["COPY nothing.txt .", "file not found"],
  ]) {
    await writeFile(join(dir, "app", "Dockerfile"), `FROM debian\n${line}\n`);
    await expect(build()).rejects.toThrow(what);
  }
  await writeFile(join(dir, "app", "Dockerfile"), "FROM debian\n\nRUN true\n");
  await expect(build()).rejects.toThrow("Dockerfile line 3");
  await expect(docker.pull("debian:bookworm")).rejects.toThrow("needs Docker Engine");
});

test("errors are Docker's own: no such thing, name in use, still running, unknown endpoint", async () => {
  await build();
  await expect(docker.getContainer("nobody").inspect()).rejects.toMatchObject({
    statusCode: 404,
    json: { message: "No such container: nobody" },
  });
  await expect(docker.createContainer({ Image: "nothing:1" })).rejects.toMatchObject({ statusCode: 404 });
  const made = await docker.createContainer({ name: "one", Image: "test/app:1" });
  await expect(docker.createContainer({ name: "one", Image: "test/app:1" })).rejects.toMatchObject({ statusCode: 409 });
  await made.start();
  await expect(made.start()).rejects.toMatchObject({ statusCode: 304 });
  await expect(made.remove()).rejects.toMatchObject({ statusCode: 409 });
  await expect(docker.getImage("test/app:1").remove()).rejects.toMatchObject({ statusCode: 409 });
  await made.stop();
  await expect(made.stop()).rejects.toMatchObject({ statusCode: 304 });
  await made.remove();
  await docker.createNetwork({ Name: "net" });
  await expect(docker.createNetwork({ Name: "net" })).rejects.toMatchObject({ statusCode: 409 });
  await expect(docker.listSecrets()).rejects.toMatchObject({ statusCode: 404, json: { message: "page not found" } });
}, 30_000);

test("stop asks first and kills after the grace period; kill sends its signal at once", async () => {
  await build();
  const polite = await docker.createContainer({ name: "polite", Image: "test/app:1" });
  await polite.start();
  await about("polite");
  await polite.stop({ t: 5 });
  expect((await polite.inspect()).State).toMatchObject({ Status: "exited", ExitCode: 0, Running: false });
  expect((await polite.logs({ stdout: true })).toString()).toContain("going");

  const stubborn = await docker.createContainer({ name: "stubborn", Image: "test/app:1", Env: ["STUBBORN=1"] });
  await stubborn.start();
  const { pid } = await about("stubborn");
  const events: string[] = [];
  const stream = await docker.getEvents({ filters: { label: ["kind=test"], event: ["kill", "die"] } });
  createInterface({ input: stream }).on("line", (line) => {
    const { Action, Actor } = JSON.parse(line) as { Action: string; Actor: { Attributes: Record<string, string> } };
    events.push(`${Actor.Attributes.name} ${Action} ${Actor.Attributes.signal ?? Actor.Attributes.exitCode}`);
  });
  await stubborn.stop({ t: 1 });
  await vi.waitFor(() => expect(events).toEqual(["stubborn kill 15", "stubborn die 137"]));
  (stream as unknown as Readable).destroy();
  expect(isRunning(pid)).toBe(false);
  expect((await stubborn.inspect()).State.ExitCode).toBe(137);

  await polite.start();
  await about("polite");
  const over = polite.wait();
  await polite.kill({ signal: "KILL" });
  expect(await over).toEqual({ StatusCode: 137 });
  expect(JSON.parse(await readFile(engine.hostsFile, "utf8"))).toEqual({});
}, 60_000);

test("a process that ends is started again by its policy, at the same address", async () => {
  await build();
  const always = await docker.createContainer({
    name: "always",
    Image: "test/app:1",
    HostConfig: { RestartPolicy: { Name: "unless-stopped" } },
  });
  await always.start();
  const before = await about("always");
  await fetch(`http://${before.env.LISTEN}/crash`).catch(() => {});
  await vi.waitFor(async () => expect((await about("always")).pid).not.toBe(before.pid), 10_000);
  expect((await about("always")).env.LISTEN).toBe(before.env.LISTEN);
  expect((await always.inspect()).RestartCount).toBe(1);

  const once = await docker.createContainer({ name: "once", Image: "test/app:1" });
  await once.start();
  await fetch(`http://${await address("once")}/crash`).catch(() => {});
  await vi.waitFor(async () => expect((await once.inspect()).State).toMatchObject({ Status: "exited", ExitCode: 3 }));
}, 60_000);

test("a program that is not there is an error of the start, and an unhealthy container says so", async () => {
  await build();
  const missing = await docker.createContainer({ name: "missing", Image: "test/app:1", Entrypoint: ["./nothing"] });
  await expect(missing.start()).rejects.toThrow('"./nothing": no such file');
  const sick = await docker.createContainer({
    name: "sick",
    Image: "test/app:1",
    Healthcheck: {
      Test: ["CMD-SHELL", "echo not well; exit 1"],
      Interval: 200_000_000,
      Retries: 2,
    } as Docker.HealthConfig,
  });
  await sick.start();
  await vi.waitFor(async () => {
    const health = (await sick.inspect()).State.Health;
    expect(health?.Status).toBe("unhealthy");
    expect(health?.Log.at(-1)?.Output).toBe("not well\n");
  }, 10_000);
}, 60_000);

test("close ends every process, and the next start brings back those with a restart policy", async () => {
  await build();
  const kept = await docker.createContainer({
    name: "kept",
    Image: "test/app:1",
    HostConfig: { RestartPolicy: { Name: "unless-stopped" } },
  });
  const stopped = await docker.createContainer({
    name: "stopped",
    Image: "test/app:1",
    HostConfig: { RestartPolicy: { Name: "unless-stopped" } },
  });
  await kept.start();
  await stopped.start();
  await stopped.stop();
  const { pid, env } = await about("kept");
  await engine.close();
  expect(isRunning(pid)).toBe(false);
  await start();
  const again = await about("kept");
  expect(again.pid).not.toBe(pid);
  expect(again.env.LISTEN).toBe(env.LISTEN);
  expect((await docker.getContainer("stopped").inspect()).State.Status).toBe("exited");
}, 60_000);

test("what a killed engine left running is ended and started again by the next one", async () => {
  await build();
  await engine.close();
  const file = join(dir, "serve.mjs");
  const options = JSON.stringify({ dir: join(dir, "state"), socket: socket() });
  const module = JSON.stringify(new URL("./process-engine.ts", import.meta.url).href);
  await writeFile(
    file,
    `const { createProcessEngine } = await import(${module});
     await createProcessEngine({ ...${options}, log: () => {} }); process.send("ready"); setInterval(() => {}, 1000);`,
  );
  const killed = fork(file, { stdio: "ignore" });
  await new Promise((done) => killed.once("message", done));
  const made = await docker.createContainer({
    name: "orphan",
    Image: "test/app:1",
    HostConfig: { RestartPolicy: { Name: "always" } },
  });
  await made.start();
  const before = await about("orphan");
  killed.kill("SIGKILL");
  await new Promise((done) => killed.once("exit", done));
  expect(isRunning(before.pid)).toBe(true);
  await start();
  expect(isRunning(before.pid)).toBe(false);
  expect((await about("orphan")).pid).not.toBe(before.pid);
}, 60_000);

test("the Pulumi docker provider runs its containers here when DOCKER_HOST says so", async () => {
  await using stack = await createTestStack({ DOCKER_HOST: `unix://${socket()}` });
  const program = (mode: string) => `
    import * as pulumi from "@pulumi/pulumi";
    import * as docker from "@pulumi/docker";
    const image = new docker.RemoteImage("image", { name: "test/app:1", build: { context: ${JSON.stringify(join(dir, "app"))} } });
    const network = new docker.Network("network", { name: "net", ipamConfigs: [{ subnet: "10.9.0.0/24", gateway: "10.9.0.1" }] });
    const volume = new docker.Volume("volume", { name: "data" });
    const container = new docker.Container("app", {
      name: "app", image: image.imageId, envs: [pulumi.secret("TOKEN=hidden-value"), "MODE=${mode}"], restart: "unless-stopped",
      networksAdvanced: [{ name: network.name, aliases: ["alias"], ipv4Address: "10.9.0.5" }],
      mounts: [{ type: "volume", source: volume.name, target: "/data" }],
      uploads: [{ file: "/app/conf/app.conf", content: "configured" }],
      readOnly: true, memory: 128, capabilities: { drops: ["ALL"] }, securityOpts: ["no-new-privileges"], wait: true, waitTimeout: 20,
    });
    export const id = container.id;`;
  await stack.program(program("one"));
  await stack.up();
  expect((await about("alias")).env).toMatchObject({ TOKEN: "hidden-value", MODE: "one" });
  expect(await (await fetch(`http://${await address("app")}/file`)).text()).toBe("configured");
  expect(await stack.exportText()).not.toContain("hidden-value");
  expect(await stack.preview("--refresh")).toEqual([]);
  await stack.program(program("two"));
  await stack.up();
  expect((await about("alias")).env.MODE).toBe("two");
  await stack.run("destroy", "--yes", "--skip-preview");
  expect(await docker.listContainers({ all: true })).toEqual([]);
  expect(await docker.listImages()).toEqual([]);
}, 120_000);

test("the docker command line's filters and its older API versions are understood", async () => {
  await build();
  await (await docker.createContainer({ name: "shown", Image: "test/app:1" })).start();
  await docker.createContainer({ name: "other", Image: "test/app:1" });
  const old = new Docker({ socketPath: socket(), version: "v1.24" });
  const all = await old.listContainers({ all: true, filters: JSON.stringify({ name: { shown: true } }) });
  expect(all).toMatchObject([{ Names: ["/shown"], Image: "test/app:1" }]);
});
