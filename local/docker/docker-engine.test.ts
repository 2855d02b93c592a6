import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { engineVersion, findDocker, usualSockets } from "./docker-engine.ts";
import { fakeEngine } from "./fake-engine.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "docker-engine-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

test("the engine that DOCKER_HOST names is found, with its version", async () => {
  const socket = join(dir, "docker.sock");
  const engine = await fakeEngine(socket);
  expect(await findDocker({ DOCKER_HOST: `unix://${socket}` })).toEqual({ socket, version: "20.10.24" });
  await engine.close();
});

test("none is found where DOCKER_HOST names a socket behind which nothing listens", async () => {
  const socket = join(dir, "docker.sock");
  expect(await findDocker({ DOCKER_HOST: `unix://${socket}` })).toBeUndefined();
  writeFileSync(socket, "");
  expect(await findDocker({ DOCKER_HOST: `unix://${socket}` })).toBeUndefined();
});

test("something that is no engine and never answers is given up", async () => {
  const socket = join(dir, "docker.sock");
  const server = createServer((connection) => connection.end("no HTTP\n"));
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  expect(await engineVersion(socket)).toBeUndefined();
  server.close();
});

test("an engine on another machine is refused, in a sentence", async () => {
  await expect(findDocker({ DOCKER_HOST: "tcp://10.0.0.1:2375" })).rejects.toThrow(
    "DOCKER_HOST is tcp://10.0.0.1:2375: the local stack needs a Docker Engine on this machine",
  );
});

test("the usual sockets are the system's, then the user's", () => {
  expect(usualSockets({ HOME: "/home/ann", XDG_RUNTIME_DIR: "/run/user/7" }).slice(0, 3)).toEqual([
    "/var/run/docker.sock",
    "/run/user/7/docker.sock",
    "/home/ann/.docker/run/docker.sock",
  ]);
});
