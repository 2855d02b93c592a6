import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Docker from "dockerode";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { BASE_IMAGE, N8N_IMAGE, N8N_VERSION, POSTGRES_IMAGE, RESTIC_IMAGE } from "../../infra/droplet/images.ts";
import { LOCAL_BASE } from "./base-image.ts";
import { type EngineAnswer, type EngineRequest, fakeEngine } from "./fake-engine.ts";
import {
  ensureN8nImage,
  ensurePostgresImage,
  ensureResticImage,
  ensureServiceImages,
  LOCAL_POSTGRES,
  LOCAL_RESTIC,
  localN8n,
} from "./service-images.ts";

let dir: string;
let images: string;
let socketPath: string;
let engine: Awaited<ReturnType<typeof fakeEngine>> | undefined;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "service-images-"));
  images = join(dir, "cache", "images");
  socketPath = join(dir, "docker.sock");
  vi.stubEnv("HYBRID_MCP_CACHE", join(dir, "cache"));
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await engine?.close();
  engine = undefined;
  rmSync(dir, { recursive: true, force: true });
});

/** An engine that has some images; what it builds or loads, it has. A pull fails unless one is given. */
async function withEngine(
  has: string[],
  answers: { pull?: () => EngineAnswer; build?: () => EngineAnswer; loads?: string } = {},
): Promise<Docker> {
  const answer = ({ method, url }: EngineRequest): EngineAnswer => {
    const path = decodeURIComponent(url);
    if (method === "GET" && has.some((image) => path === `/images/${image}/json`)) return { json: { Id: "x" } };
    if (method === "GET" && has.some((image) => path === `/images/${image}/get`)) return { json: "a saved image" };
    if (method === "POST" && path.startsWith("/build?")) {
      const failure = answers.build?.();
      if (failure) return failure;
      has.push(new URL(url, "http://engine").searchParams.get("t")!);
      return { lines: [{ stream: "Step 1/2" }, { stream: "Successfully built" }] };
    }
    if (method === "POST" && path.startsWith("/images/load")) {
      if (answers.loads !== undefined) has.push(answers.loads);
      return { lines: [{ stream: "Loaded image" }] };
    }
    if (method === "POST" && path.includes("fromImage=")) {
      return answers.pull?.() ?? { status: 500, json: { message: "lookup failed" } };
    }
    return { status: 404, json: { message: "no such image" } };
  };
  engine = await fakeEngine(socketPath, answer);
  return new Docker({ socketPath });
}

const posts = () => engine!.requests.filter(({ method }) => method === "POST");
const builds = () => posts().filter(({ url }) => url.startsWith("/build?"));

/** A program called npm that runs instead of the real one. */
function fakeNpm(script: string): void {
  const bin = join(dir, "bin");
  mkdirSync(bin);
  writeFileSync(join(bin, "npm"), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  vi.stubEnv("PATH", `${bin}:${process.env.PATH}`);
}

/** The words of a tar file from the first that begins so: the whole has a program of 100 MB in it. */
function wordsFrom(tar: string, first: string): string[] {
  const at = tar.indexOf(first);
  return tar.slice(at, at + 30_000).match(/[\w./-]+/g) ?? [];
}

test.each([
  ["n8n", ensureN8nImage, N8N_IMAGE, localN8n(N8N_VERSION)],
  ["PostgreSQL", ensurePostgresImage, POSTGRES_IMAGE, LOCAL_POSTGRES],
  ["restic", ensureResticImage, RESTIC_IMAGE, LOCAL_RESTIC],
] as const)("%s: the public image is taken, else ours, without asking anybody", async (_, ensure, pinned, ours) => {
  const has: string[] = [ours, pinned];
  const docker = await withEngine(has);
  expect(await ensure(docker, BASE_IMAGE, () => {})).toBe(pinned);
  has.pop();
  expect(await ensure(docker, BASE_IMAGE, () => {})).toBe(ours);
  expect(posts()).toEqual([]);
});

test("the public image is pulled where a registry is reached", async () => {
  const has: string[] = [];
  const docker = await withEngine(has, {
    pull: () => {
      has.push(POSTGRES_IMAGE);
      return { lines: [{ status: "Downloaded" }] };
    },
  });
  expect(await ensurePostgresImage(docker, BASE_IMAGE, () => {})).toBe(POSTGRES_IMAGE);
  expect(builds()).toEqual([]);
});

test("a pull that fails is said, and the image is built on the base, and kept in the cache", async () => {
  const docker = await withEngine([]);
  const logged: string[] = [];
  expect(await ensureResticImage(docker, BASE_IMAGE, (line) => logged.push(line))).toBe(LOCAL_RESTIC);
  expect(logged.join("\n")).toContain("lookup failed");
  expect(builds()).toHaveLength(1);
  const options = new URL(builds()[0]!.url, "http://engine").searchParams;
  expect(JSON.parse(options.get("buildargs")!)).toEqual({ BASE: BASE_IMAGE });
  expect(builds()[0]!.body).toContain("apt-get install");
  expect(readdirSync(images)).toEqual(["hybrid-mcp-restic-0.14.0-1.tar"]);
});

test("no registry is asked where the base had to be made", async () => {
  const docker = await withEngine([]);
  expect(await ensurePostgresImage(docker, LOCAL_BASE, () => {})).toBe(LOCAL_POSTGRES);
  expect(posts()).toEqual(builds());
});

test("what is in the cache is loaded, not built", async () => {
  mkdirSync(images, { recursive: true });
  writeFileSync(join(images, "hybrid-mcp-postgres-17-1.tar"), "kept");
  const docker = await withEngine([], { loads: LOCAL_POSTGRES });
  expect(await ensurePostgresImage(docker, LOCAL_BASE, () => {})).toBe(LOCAL_POSTGRES);
  expect(posts().map(({ url, body }) => [url.split("?")[0], body])).toEqual([["/images/load", "kept"]]);
});

test("two at once: the second waits for the first, and one is built", async () => {
  const docker = await withEngine([]);
  const logged: string[] = [];
  const both = [1, 2].map(() => ensurePostgresImage(docker, LOCAL_BASE, (line) => logged.push(line)));
  expect(await Promise.all(both)).toEqual([LOCAL_POSTGRES, LOCAL_POSTGRES]);
  expect(builds()).toHaveLength(1);
  expect(logged.join("\n")).toContain(`process ${process.pid} is making ${LOCAL_POSTGRES} already, waiting`);
});

test.each<[string, EngineAnswer, string]>([
  ["fails", { lines: [{ stream: "Step" }, { error: "no space left on device" }] }, "no space left on device"],
  ["breaks off", { lines: [{ stream: "Step" }] }, "ended the transfer"],
])("a build that %s is one error, and leaves nothing in the cache", async (_, build, reason) => {
  const docker = await withEngine([], { build: () => build });
  const failure = await ensurePostgresImage(docker, LOCAL_BASE, () => {}).catch((error: Error) => error.message);
  expect(failure).toContain(`The image ${POSTGRES_IMAGE} cannot be pulled (no image registry is reached), and`);
  expect(failure).toContain(`${LOCAL_POSTGRES} cannot be made here`);
  expect(failure).toContain(reason);
  expect(readdirSync(images)).toEqual([]);
});

test("n8n is built of what npm installs, without what it never reads", async () => {
  fakeNpm(`
    mkdir -p node_modules/n8n/bin node_modules/x/prebuilds/win32-x64 node_modules/x/prebuilds/linux-x64
    cp package.json node_modules/n8n/manifest.json; echo "$@" > node_modules/n8n/arguments
    touch node_modules/n8n/bin/n8n node_modules/n8n/left.js.map node_modules/n8n/left.d.ts
    touch node_modules/x/prebuilds/win32-x64/left.node node_modules/x/prebuilds/linux-x64/kept.node`);
  const docker = await withEngine([]);
  // Another version than the pinned one has no known digest: nothing is pulled.
  expect(await ensureN8nImage(docker, BASE_IMAGE, () => {}, "2.1.0")).toBe("hybrid-mcp/n8n:2.1.0-1");
  expect(posts()).toEqual(builds());
  const packed = wordsFrom(builds()[0]!.body, "node_modules/");
  expect(packed).toContain("node_modules/n8n/bin/n8n");
  expect(packed).toContain("node_modules/x/prebuilds/linux-x64/kept.node");
  expect(packed.filter((word) => word.includes("left."))).toEqual([]);
  expect(packed).toContain("--ignore-scripts");
  expect(packed.join(" ")).toContain("n8n 2.1.0");
});

test.each([
  ["fails", "echo 'npm error code ENOSPC' >&2; exit 228", "npm error code ENOSPC"],
  ["is not there", "exit 127", "npm is not installed"],
])("an npm that %s is one error, and leaves nothing", async (_, script, reason) => {
  fakeNpm(`mkdir node_modules; ${script}`);
  const docker = await withEngine([]);
  await expect(ensureN8nImage(docker, LOCAL_BASE, () => {}, "2.1.0")).rejects.toThrow(
    new RegExp(`^hybrid-mcp/n8n:2.1.0-1 cannot be made here: .*${reason}`),
  );
  expect(builds()).toEqual([]);
  expect(readdirSync(images)).toEqual([]);
});

test("nothing is made for a stack without n8n", async () => {
  const docker = await withEngine([]);
  expect(await ensureServiceImages(docker, LOCAL_BASE, () => {}, { n8n: false })).toEqual({});
  expect(engine!.requests).toEqual([]);
  expect(existsSync(images)).toBe(false);
});

test("a stack with n8n gets its three images", async () => {
  const docker = await withEngine([N8N_IMAGE, LOCAL_RESTIC, LOCAL_POSTGRES]);
  expect(await ensureServiceImages(docker, LOCAL_BASE, () => {}, { n8n: true })).toEqual({
    n8n: N8N_IMAGE,
    postgres: LOCAL_POSTGRES,
    restic: LOCAL_RESTIC,
  });
});
