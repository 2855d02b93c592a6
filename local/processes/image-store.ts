import { execFile } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { cp, glob, mkdir, readdir, readFile, readlink, rename, rm, stat } from "node:fs/promises";
import { basename, join, relative, resolve, sep } from "node:path";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { ApiError } from "./docker-error.ts";
import { type CopyStep, planBuild } from "./dockerfile.ts";
import type { RecordFile } from "./record-file.ts";
import type { ImageRecord } from "./records.ts";

const run = promisify(execFile);

export interface BuildRequest {
  tags: string[];
  dockerfile: string;
  buildArgs: Record<string, string>;
  labels: Record<string, string>;
  /** Tar archive, possibly compressed. */
  context: NodeJS.ReadableStream;
}

/** Images: a record and a directory with the files of each. */
export class ImageStore {
  readonly #file: RecordFile;
  readonly #dir: string;

  constructor(file: RecordFile, dir: string) {
    this.#file = file;
    this.#dir = join(dir, "images");
  }

  get all(): ImageRecord[] {
    return this.#file.records.images;
  }

  /** @param name - `repo`, `repo:tag`, an id or the beginning of one */
  find(name: string): ImageRecord | undefined {
    const tag = withTag(name);
    const hex = name.replace(/^sha256:/, "");
    const byId = /^[0-9a-f]{7,64}$/.test(hex)
      ? (image: ImageRecord) => image.id.startsWith(`sha256:${hex}`)
      : undefined;
    return this.all.find((image) => image.tags.includes(tag)) ?? (byId && this.all.find(byId));
  }

  /** Directory that holds the image's files. */
  root(image: ImageRecord): string {
    return join(this.#dir, image.id.replace("sha256:", ""));
  }

  /**
   * Builds from a Dockerfile that only puts files and settings together.
   * @param progress - takes lines for people
   * @throws ApiError naming the line that needs a real engine, or the file that is missing
   */
  async build(request: BuildRequest, progress: (line: string) => void): Promise<ImageRecord> {
    const work = join(this.#dir, `building-${randomBytes(6).toString("hex")}`);
    const [context, root] = [join(work, "context"), join(work, "root")];
    await mkdir(context, { recursive: true });
    await mkdir(root);
    try {
      const archive = join(work, "context.tar");
      await pipeline(request.context, createWriteStream(archive));
      await run("tar", ["-xf", archive, "-C", context, "--no-same-owner"]).catch((error: Error) => {
        throw new ApiError(
          400,
          `The build context is no tar archive: ${error.message.split("\n")[1] ?? error.message}`,
        );
      });
      const text = await readFile(inside(context, request.dockerfile), "utf8").catch(() => {
        throw new ApiError(400, `Cannot locate specified Dockerfile: ${request.dockerfile}`);
      });
      const plan = planBuild(text, request.buildArgs, (base) => this.find(base)?.config);
      plan.steps.forEach((step, index) => {
        progress(`Step ${index + 1}/${plan.steps.length} : ${step}`);
      });
      const base = this.find(plan.base);
      if (base) await cp(this.root(base), root, { recursive: true, verbatimSymlinks: true });
      await mkdir(join(root, plan.config.WorkingDir ?? "/"), { recursive: true });
      for (const copy of plan.copies) await copyInto(root, context, copy);
      const config = { ...plan.config, Labels: { ...plan.config.Labels, ...request.labels } };
      return await this.#keep(root, config, request.tags.map(withTag));
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  }

  async #keep(root: string, config: ImageRecord["config"], tags: string[]): Promise<ImageRecord> {
    const { hash, size } = await fingerprint(root);
    const id = `sha256:${createHash("sha256").update(JSON.stringify(config)).update(hash).digest("hex")}`;
    for (const other of this.all) other.tags = other.tags.filter((tag) => !tags.includes(tag));
    let image = this.all.find((known) => known.id === id);
    if (!image) {
      image = { id, tags: [], created: new Date().toISOString(), size, config };
      await rm(this.root(image), { recursive: true, force: true });
      await rename(root, this.root(image));
      this.all.push(image);
    }
    image.tags = [...new Set([...image.tags, ...tags])];
    this.#file.save();
    return image;
  }

  /**
   * @param users - names of containers made from it
   * @throws ApiError 404, or 409 when a container uses it
   */
  async remove(name: string, users: (image: ImageRecord) => string[]): Promise<object[]> {
    const image = this.find(name);
    if (!image) throw new ApiError(404, `No such image: ${withTag(name)}`);
    const byTag = image.tags.includes(withTag(name));
    const rest = byTag ? image.tags.filter((tag) => tag !== withTag(name)) : [];
    if (rest.length === 0) {
      const [user] = users(image);
      if (user) {
        throw new ApiError(
          409,
          `conflict: unable to remove repository reference "${name}" - container ${user} is using it`,
        );
      }
    }
    const untagged = image.tags.filter((tag) => !rest.includes(tag)).map((tag) => ({ Untagged: tag }));
    image.tags = rest;
    if (rest.length > 0) {
      this.#file.save();
      return untagged;
    }
    this.#file.records.images = this.all.filter((other) => other !== image);
    this.#file.save();
    await rm(this.root(image), { recursive: true, force: true });
    return [...untagged, { Deleted: image.id }];
  }
}

export function withTag(name: string): string {
  return /[:@]/.test(basename(name)) ? name : `${name}:latest`;
}

async function copyInto(root: string, context: string, { sources, destination, workingDir, line }: CopyStep) {
  const to = join(root, destination.startsWith("/") ? destination : join(workingDir, destination));
  const found: string[] = [];
  for (const source of sources) {
    const before = found.length;
    if (!/[*?[]/.test(source)) found.push(inside(context, source));
    else for await (const match of glob(source, { cwd: context })) found.push(inside(context, match));
    if (found.length === before) throw new ApiError(400, `Dockerfile line ${line}: COPY ${source} matches no file.`);
  }
  const intoFolder = destination.endsWith("/") || /(^|\/)\.$/.test(destination) || found.length > 1;
  for (const source of found) {
    const info = await stat(source).catch(() => {
      throw new ApiError(400, `COPY failed: file not found in build context: ${relative(context, source)}`);
    });
    const target = info.isDirectory() ? to : intoFolder || (await isFolder(to)) ? join(to, basename(source)) : to;
    await cp(source, target, { recursive: true, verbatimSymlinks: true });
  }
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}

/** @throws ApiError for a path that leaves the build context */
function inside(context: string, path: string): string {
  const full = resolve(context, `./${path}`);
  if (full === context || full.startsWith(context + sep)) return full;
  throw new ApiError(400, `Forbidden path outside the build context: ${path}`);
}

/** A hash over names, permissions and contents. */
async function fingerprint(root: string): Promise<{ hash: string; size: number }> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const paths = entries.map((entry) => ({ entry, path: join(entry.parentPath, entry.name) }));
  const total = createHash("sha256");
  let size = 0;
  for (const { entry, path } of paths.sort((a, b) => (a.path < b.path ? -1 : 1))) {
    total.update(`${relative(root, path)}\0`);
    if (entry.isSymbolicLink()) total.update(await readlink(path));
    if (!entry.isFile()) continue;
    const info = await stat(path);
    size += info.size;
    total.update(`${(info.mode & 0o111).toString(8)}\0${info.size}\0`);
    for await (const chunk of createReadStream(path)) total.update(chunk as Buffer);
  }
  return { hash: total.digest("hex"), size };
}
