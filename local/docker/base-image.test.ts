import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Docker from "dockerode";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { BASE_IMAGE } from "../../infra/droplet/images.ts";
import { ensureBaseImage, LOCAL_BASE, pull } from "./base-image.ts";
import { type EngineAnswer, type EngineRequest, fakeEngine } from "./fake-engine.ts";

let dir: string;
let socketPath: string;
let engine: Awaited<ReturnType<typeof fakeEngine>> | undefined;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "base-image-"));
  socketPath = join(dir, "docker.sock");
  vi.stubEnv("HYBRID_MCP_CACHE", join(dir, "cache"));
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await engine?.close();
  engine = undefined;
  rmSync(dir, { recursive: true, force: true });
});

/** An engine that has some images and answers a pull as given; what it imports or `onPull` adds, it has. */
async function withEngine(images: string[], onPull: () => EngineAnswer): Promise<Docker> {
  const answer = ({ method, url }: EngineRequest): EngineAnswer => {
    const path = decodeURIComponent(url);
    if (method === "GET" && images.some((image) => path === `/images/${image}/json`)) return { json: { Id: "x" } };
    if (method === "POST" && path.includes("fromSrc=")) {
      images.push(LOCAL_BASE);
      return { lines: [{ status: "sha256:1" }] };
    }
    if (method === "POST" && path.includes("fromImage=")) return onPull();
    return { status: 404, json: { message: "no such image" } };
  };
  engine = await fakeEngine(socketPath, answer);
  return new Docker({ socketPath });
}

const posts = () => engine!.requests.filter(({ method }) => method === "POST");
const noPull = (): EngineAnswer => ({ status: 500, json: { message: "must not be asked" } });

test.each([BASE_IMAGE, LOCAL_BASE])("%s is taken if the engine has it, without asking a registry", async (image) => {
  const docker = await withEngine([image], noPull);
  expect(await ensureBaseImage(docker, () => {})).toBe(image);
  expect(posts()).toEqual([]);
});

test("the public image is pulled where a registry is reached", async () => {
  const images: string[] = [];
  const docker = await withEngine(images, () => {
    images.push(BASE_IMAGE);
    return { lines: [{ status: "Pulling" }, { status: "Downloaded" }] };
  });
  expect(await ensureBaseImage(docker, () => {})).toBe(BASE_IMAGE);
});

test.each<[string, EngineAnswer, string]>([
  ["is refused", { status: 500, json: { message: "dial tcp: lookup failed" } }, "lookup failed"],
  [
    "fails on its way",
    { lines: [{ status: "Pulling" }, { error: "connection reset", errorDetail: {} }] },
    "connection reset",
  ],
  ["breaks off", { lines: [{ status: "Pulling" }] }, "ended the transfer"],
])(
  "when the pull %s, the image in the cache is imported under our tag, and the log says why",
  async (_, answer, reason) => {
    mkdirSync(join(dir, "cache", "images"), { recursive: true });
    writeFileSync(join(dir, "cache", "images", "hybrid-mcp-base-bookworm-1.tar"), "tar of a base");
    const docker = await withEngine([], () => answer);
    const logged: string[] = [];
    expect(await ensureBaseImage(docker, (line) => logged.push(line))).toBe(LOCAL_BASE);
    expect(logged.join("\n")).toContain(reason);
    const imported = new URL(posts().at(-1)!.url, "http://engine").searchParams;
    expect([imported.get("repo"), imported.get("tag")]).toEqual(["hybrid-mcp/base", "bookworm-1"]);
    expect(posts().at(-1)!.body).toBe("tar of a base");
  },
);

test.each<[string, EngineAnswer]>([
  ["never answers", undefined],
  ["stops answering", { lines: [{ status: "Pulling" }], open: true }],
])("a pull is given up when the registry %s", async (_, answer) => {
  const docker = await withEngine([], () => answer);
  await expect(pull(docker, BASE_IMAGE, 50)).rejects.toThrow("no answer from the image registry within 0.05 s");
});
