import { createReadStream } from "node:fs";
import { join } from "node:path";
import type Docker from "dockerode";
import { BASE_IMAGE } from "../../infra/droplet/images.ts";
import { cacheDir } from "../engine/cache-dir.ts";
import { publish } from "../engine/publish.ts";
import { makeBaseTarball, unmountBelow } from "./debootstrap.ts";

/** The base that is made here where the public one cannot be pulled. The number is raised when it is made in another way. */
export const LOCAL_BASE = "hybrid-mcp/base:bookworm-1";

const STALL_MS = 20_000;

/**
 * Makes sure that the engine has the base image of our Dockerfiles: the public one, else one that is made here with debootstrap
 * and kept in the cache.
 * @returns the reference to build with, as the build argument `BASE`
 * @throws when no image registry is reached and none can be made here; says what is missing
 */
export async function ensureBaseImage(docker: Docker, log: (line: string) => void): Promise<string> {
  for (const image of [BASE_IMAGE, LOCAL_BASE]) {
    if (await hasImage(docker, image)) return image;
  }
  let notPulled: string;
  try {
    log(`docker: pulling ${BASE_IMAGE}`);
    await pull(docker, BASE_IMAGE, STALL_MS);
    await mustHave(docker, BASE_IMAGE);
    return BASE_IMAGE;
  } catch (error) {
    notPulled = (error as Error).message.trim();
    log(`docker: it cannot be pulled (${notPulled}), the base image is made here`);
  }
  const tarball = join(cacheDir(), "images", `${LOCAL_BASE.replaceAll(/[/:]/g, "-")}.tar`);
  try {
    await publish(tarball, (workDir) => makeBaseTarball(workDir, log), {
      onWait: (pid) => log(`docker: process ${pid} is making the base image already, waiting`),
      beforeRemove: unmountBelow,
    });
  } catch (error) {
    throw new Error(
      `The base image ${BASE_IMAGE} cannot be pulled (${notPulled}), and none can be made here: ${(error as Error).message}`,
    );
  }
  const [repo, tag] = LOCAL_BASE.split(":");
  const stream = await docker.importImage(createReadStream(tarball), { repo, tag, changes: 'CMD ["/bin/bash"]' });
  await followed(docker, stream);
  await mustHave(docker, LOCAL_BASE);
  log(`docker: ${LOCAL_BASE} is ready`);
  return LOCAL_BASE;
}

/** Whether the engine has an image, by name or id. */
export async function hasImage(docker: Docker, image: string): Promise<boolean> {
  try {
    await docker.getImage(image).inspect();
    return true;
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode === 404) return false;
    throw error;
  }
}

/**
 * Docker Engine API, `POST /images/create`.
 * @param stallMs gives up after so long without any progress
 */
export async function pull(docker: Docker, image: string, stallMs: number): Promise<void> {
  const stalled = new AbortController();
  const giveUp = () => stalled.abort(new Error(`no answer from the image registry within ${stallMs / 1000} s`));
  let timer = setTimeout(giveUp, stallMs);
  try {
    const stream = await docker.pull(image, { abortSignal: stalled.signal });
    await followed(docker, stream, () => {
      clearTimeout(timer);
      timer = setTimeout(giveUp, stallMs);
    });
  } catch (error) {
    stalled.signal.throwIfAborted();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** Waits for the end of a progress stream; a failure is one of its events, which dockerode does not look at. */
export function followed(docker: Docker, stream: NodeJS.ReadableStream, onProgress?: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.once("error", reject);
    let failure: string | undefined;
    const done = (error: Error | null) =>
      error ? reject(error) : failure !== undefined ? reject(new Error(failure)) : resolve();
    docker.modem.followProgress(stream, done, (event: { error?: string }) => {
      failure ??= event.error;
      onProgress?.();
    });
  });
}

/** A stream that breaks off looks like one that ended. */
export async function mustHave(docker: Docker, image: string): Promise<void> {
  if (!(await hasImage(docker, image))) throw new Error(`the engine ended the transfer of ${image} without an error`);
}
