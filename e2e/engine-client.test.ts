import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import Docker from "dockerode";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { containerOf, engineClient, execIn, ROLE_LABEL } from "../infra/droplet/engine-client.ts";
import { ensureBaseImage } from "../local/docker/base-image.ts";
import { findDocker } from "../local/docker/docker-engine.ts";

/**
 * An `ssh` whose far end is this machine: it writes down its arguments and connects its own stdin and stdout with the engine's
 * socket, as `docker system dial-stdio` does there.
 */
const BRIDGE = `#!${process.execPath}
import { appendFileSync } from "node:fs";
import { connect } from "node:net";
appendFileSync(process.env.SSH_CALLS, JSON.stringify(process.argv.slice(2)) + "\\n");
const engine = connect({ path: process.env.SSH_SOCKET, allowHalfOpen: false });
process.stdin.pipe(engine);
engine.pipe(process.stdout);
engine.on("close", () => process.stdout.write("", () => process.exit()));
`;

const NAME = `engine-client-${process.pid}`;
let socket: string;
let container: Docker.Container;
let dir: string;

beforeAll(async () => {
  socket = (await findDocker())!.socket;
  const docker = new Docker({ socketPath: socket });
  container = await docker.createContainer({
    name: NAME,
    Image: await ensureBaseImage(docker, () => {}),
    Cmd: ["sleep", "infinity"],
    Labels: { "hybrid-mcp": NAME, [ROLE_LABEL]: "database" },
    HostConfig: { Init: true },
  });
  await container.start();
});
afterAll(() => container?.remove({ force: true }));

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "engine-client-"));
  vi.stubEnv("SSH_CALLS", join(dir, "calls"));
  vi.stubEnv("SSH_SOCKET", socket);
  vi.stubEnv("PATH", `${dir}${delimiter}${process.env.PATH}`);
  // What dockerode would go by.
  vi.stubEnv("DOCKER_HOST", "tcp://127.0.0.1:1");
  ssh(BRIDGE);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(dir, { recursive: true });
});

function ssh(script: string): void {
  writeFileSync(join(dir, "package.json"), '{"type":"module"}');
  writeFileSync(join(dir, "ssh"), script);
  chmodSync(join(dir, "ssh"), 0o755);
}

const sshCalls = (): string[][] =>
  existsSync(join(dir, "calls"))
    ? readFileSync(join(dir, "calls"), "utf8")
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line))
    : [];

/** The engine's socket, offered on a TCP port of this machine. */
async function onTcp(): Promise<{ server: Server; port: number }> {
  const server = createServer((request, response) => {
    const docker = new Docker({ socketPath: socket, host: undefined });
    docker.ping().then(
      () => response.end(JSON.stringify({ Version: `asked for ${request.url}` })),
      () => response.destroy(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { server, port: (server.address() as { port: number }).port };
}

test("a unix socket, whatever DOCKER_HOST says", async () => {
  const found = await containerOf(engineClient(`unix://${socket}`), NAME, "database");
  expect(found?.id).toBe(container.id);
});

test("a TCP port", async () => {
  const { server, port } = await onTcp();
  try {
    expect((await engineClient(`tcp://127.0.0.1:${port}`).version()).Version).toBe("asked for /version");
  } finally {
    server.close();
  }
});

test("over SSH: the docker CLI's own command line, and one connection for several requests", async () => {
  const docker = engineClient("ssh://root@[2001:db8::1]:2222", ["-o", "BatchMode=yes"]);
  expect((await containerOf(docker, NAME, "database"))?.id).toBe(container.id);
  expect((await docker.getContainer(NAME).inspect()).Id).toBe(container.id);
  const command = ["-T", "--", "2001:db8::1", "docker", "system", "dial-stdio"];
  expect(sshCalls()).toEqual([
    ["-l", "root", "-p", "2222", "-o", "BatchMode=yes", "-o", "ConnectTimeout=30", ...command],
  ]);
});

test("over SSH to an engine that listens elsewhere", async () => {
  await engineClient("ssh://droplet.example.com/run/user/1000/docker.sock", ["-o", "ConnectTimeout=5"]).ping();
  expect(sshCalls()).toEqual([
    [
      ...["-o", "ConnectTimeout=5", "-T", "--", "droplet.example.com"],
      ...["docker", "--host=unix:///run/user/1000/docker.sock", "system", "dial-stdio"],
    ],
  ]);
});

test.each(["unix", "ssh"])("a command's output comes while it runs, and its exit code at the end (%s)", async (how) => {
  const docker = engineClient(how === "unix" ? `unix://${socket}` : "ssh://droplet.example.com");
  const go = Promise.withResolvers<void>();
  const came: string[] = [];
  const running = execIn(
    docker.getContainer(NAME),
    ["bash", "-c", 'echo "first $WORD"; until [ -e /tmp/go ]; do sleep 0.05; done; rm /tmp/go; echo ö >&2; exit 7'],
    {
      env: ["WORD=für"],
      onOutput: (text, stream) => {
        came.push(`${stream}: ${text}`);
        go.resolve();
      },
    },
  );
  await go.promise;
  expect(came).toEqual(["stdout: first für\n"]);
  await execIn(docker.getContainer(NAME), ["touch", "/tmp/go"]);
  expect(await running).toEqual({ exitCode: 7, stdout: "first für\n", stderr: "ö\n" });
});

test.each(["unix", "ssh"])("much output is all there (%s)", async (how) => {
  const docker = engineClient(how === "unix" ? `unix://${socket}` : "ssh://droplet.example.com");
  const { stdout, exitCode } = await execIn(docker.getContainer(NAME), ["seq", "1", "200000"]);
  expect(exitCode).toBe(0);
  expect(stdout).toBe(`${Array.from({ length: 200_000 }, (_, i) => i + 1).join("\n")}\n`);
});

test("a command that is cut off from us is no success", async () => {
  const docker = engineClient("ssh://droplet.example.com");
  ssh(
    BRIDGE.replace(
      "const engine",
      'appendFileSync(process.env.SSH_CALLS + ".pid", process.pid + "\\n");\nconst engine',
    ),
  );
  const started = Promise.withResolvers<void>();
  const running = execIn(docker.getContainer(NAME), ["bash", "-c", "echo on; sleep 60"], {
    onOutput: () => started.resolve(),
  });
  running.catch(() => {});
  await started.promise;
  // The connection on which the command runs is the last that was opened.
  const pids = readFileSync(join(dir, "calls.pid"), "utf8").trim().split("\n");
  process.kill(Number(pids.at(-1)), "SIGKILL");
  await expect(running).rejects.toThrow(/cannot be reached over SSH|broke off while bash ran/);
});

test("what ssh says is the error", async () => {
  ssh("#!/bin/sh\necho 'root@droplet.example.com: Permission denied (publickey).' >&2\nexit 255\n");
  await expect(engineClient("ssh://root@droplet.example.com").ping()).rejects.toThrow(
    "droplet.example.com cannot be reached over SSH: root@droplet.example.com: Permission denied (publickey).",
  );
});

test("a machine without ssh is told so", async () => {
  vi.stubEnv("PATH", join(dir, "nothing"));
  await expect(engineClient("ssh://droplet.example.com").ping()).rejects.toThrow("ssh is not installed");
});

test("a host of another kind is refused", () => {
  expect(() => engineClient("http://droplet.example.com")).toThrow("must start with unix://, tcp:// or ssh://");
});

test("a stack has no container of a role that it does not have", async () => {
  const docker = engineClient(`unix://${socket}`);
  expect(await containerOf(docker, NAME, "n8n")).toBeUndefined();
  expect(await containerOf(docker, `${NAME}-other`, "database")).toBeUndefined();
});
