import { access, readdir } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import type Docker from "dockerode";
import type { OperationContext, Properties, ResourceType } from "../core/resource-type.ts";
import { asked, DockerError, dockerEngine, orGone } from "./engine.ts";

/**
 * Images that this run made. A replacement whose build gives the same image under the same name makes the new one
 * first; deleting the old one must then leave it alone.
 */
const madeInThisRun = new Set<string>();

/** An image that is pulled, or built from a folder on the engine itself; its id is the image's id and its name. */
export const remoteImage: ResourceType = {
  inputs: {
    name: { required: true, replaces: true },
    build: { replaces: true, unread: true },
    triggers: { replaces: true, unread: true },
    pullTriggers: { replaces: true, unread: true, set: true },
    platform: { replaces: true, unread: true },
    keepLocally: { default: false, unread: true },
    forceRemove: { default: false, unread: true },
  },
  outputs: ["imageId", "repoDigest"],
  importId: (importId) => ({ id: importId, state: { name: importId.replace(/^sha256:[0-9a-f]{64}/, "") } }),
  async create(inputs, context) {
    const engine = await dockerEngine(context);
    const name = String(inputs.name);
    if (inputs.build !== undefined) await build(engine, name, inputs, context);
    else if (!(await orGone(engine.getImage(name).inspect()))) await pull(engine, name, inputs.platform);
    const made = outputsOf(await asked(engine.getImage(name).inspect()));
    const id = `${made.imageId}${name}`;
    madeInThisRun.add(id);
    return { id, outputs: made };
  },
  async read(_id, { name }, context) {
    const engine = await dockerEngine(context);
    const found = await orGone(engine.getImage(String(name)).inspect());
    return found && { id: `${found.Id}${name}`, outputs: { name, ...outputsOf(found) } };
  },
  update: async () => ({}),
  async delete(id, { name, imageId, keepLocally, forceRemove }, context) {
    if (keepLocally === true || madeInThisRun.has(id)) return;
    const engine = await dockerEngine(context);
    const tagged = await orGone(engine.getImage(String(name)).inspect());
    // A newer image may have taken the name over: then only the old image goes.
    const target = tagged?.Id === imageId ? String(name) : String(imageId);
    try {
      await orGone(engine.getImage(target).remove({ force: forceRemove === true }));
    } catch (error) {
      // In use by a container, or another name keeps it: it stays, as with `docker rmi`.
      if (!(error instanceof DockerError && error.status === 409)) throw error;
    }
  },
  async lookup({ name }, context) {
    const engine = await dockerEngine(context);
    const found = await orGone(engine.getImage(String(name)).inspect());
    return found && `${found.Id}${name}`;
  },
};

function outputsOf(found: Docker.ImageInspectInfo): Properties {
  return { imageId: found.Id, repoDigest: found.RepoDigests?.[0] ?? "" };
}

async function pull(engine: Docker, name: string, platform: unknown): Promise<void> {
  const stream = await asked(engine.pull(name, platform === undefined ? {} : { platform: String(platform) }));
  await followed(engine, stream, `Pulling ${name} failed`);
}

async function build(engine: Docker, name: string, inputs: Properties, context: OperationContext): Promise<void> {
  const options = inputs.build as Properties;
  const folder = resolve(String(options.context));
  const dockerfile = String(options.dockerfile ?? "Dockerfile");
  await access(join(folder, dockerfile)).catch(() => {
    throw new DockerError(`There is no ${join(folder, dockerfile)} to build ${name} from.`, undefined);
  });
  const stream = await asked(
    engine.buildImage(
      { context: folder, src: await filesUnder(folder) },
      {
        t: [name, ...((options.tags ?? []) as string[])] as unknown as string,
        dockerfile,
        buildargs: (options.buildArgs ?? {}) as Record<string, string>,
        labels: { ...(options.label as object), ...(options.labels as object) },
        target: options.target as string | undefined,
        nocache: options.noCache === true,
        pull: options.pullParent === true,
        rm: true,
        forcerm: true,
        networkmode: options.networkMode as string | undefined,
        platform: (options.platform ?? inputs.platform) as string | undefined,
        abortSignal: context.signal,
      },
    ),
  );
  await followed(engine, stream, `Building ${name} failed`);
}

/** All files, relative to the folder, in an order that does not change; dockerode leaves out what .dockerignore names. */
async function filesUnder(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();
}

interface Progress {
  stream?: string;
  error?: string;
}

/** Waits for the end of a build or pull. @throws DockerError with the engine's error and the last lines of output */
async function followed(engine: Docker, stream: NodeJS.ReadableStream, what: string): Promise<void> {
  const lines: string[] = [];
  await new Promise<void>((done, fail) => {
    engine.modem.followProgress(
      stream,
      (error: Error | null, all: Progress[]) => {
        const said = error?.message ?? all?.find((progress) => progress.error)?.error;
        if (!said) return done();
        const tail = lines.slice(-10).join("\n");
        fail(new DockerError(`${what}: ${said}${tail ? `\n${tail}` : ""}`, undefined));
      },
      (progress: Progress) => {
        if (progress.stream?.trim()) lines.push(progress.stream.trimEnd());
      },
    );
  });
}
