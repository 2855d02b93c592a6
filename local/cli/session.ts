import { existsSync, rmSync } from "node:fs";
import Docker from "dockerode";
import { ensureBaseImage } from "../docker/base-image.ts";
import { installDocker } from "../docker/install-docker.ts";
import { releaseDocker, startDocker, useDocker } from "../docker/lifetime.ts";
import { ensureServiceImages } from "../docker/service-images.ts";
import type { Engine } from "../engine/ensure-engine.ts";
import { withPidLock } from "../engine/pid-lock.mjs";
import { startCloud } from "./cloud-process.ts";
import { ensureConnectorImage } from "./connector-image.ts";
import { awaitOwnRuns, endKilledRuns } from "./killed-runs.ts";
import { removeLeftovers } from "./leftovers.ts";
import { recover } from "./recover.ts";
import { preparePulumi } from "./run-pulumi.ts";
import { type LocalStack, runsN8n, wantsN8n } from "./stack.ts";
import { type LocalImages, writeProject } from "./stack-config.ts";
import { say, UserError } from "./user-error.ts";

export interface StartOptions {
  /** Install and start Docker Engine if none answers. */
  installDocker?: boolean;
  /** Run containers as plain processes even where Docker Engine answers. */
  noDocker?: boolean;
  /** The stack is about to be taken down: what only an update needs is not made. */
  takesDown?: boolean;
}

/** A local stack whose cloud runs and whose engine is ready. */
export interface Session {
  stack: LocalStack;
  engine: Engine;
  images: LocalImages;
}

/**
 * Holds the stack's lock: one command at a time changes a local stack; a second one waits and says so. What a command that
 * was killed has left running is ended first.
 */
export function exclusively<T>(stack: LocalStack, work: () => Promise<T>): Promise<T> {
  const run = async () => {
    await endKilledRuns(stack.dir);
    rmSync(stack.tmpDir, { recursive: true, force: true });
    try {
      return await work();
    } finally {
      await awaitOwnRuns(stack.dir);
      rmSync(stack.tmpDir, { recursive: true, force: true });
    }
  };
  return withPidLock(stack.path("lock"), run, {
    onWait: (pid) => say(`Another command (pid ${pid}) is working on this stack; waiting for it.`),
  });
}

/** Brings everything up that an update needs, and puts the state in order after one that was killed. */
export async function startSession(stack: LocalStack, options: StartOptions = {}): Promise<Session> {
  if (process.platform !== "linux" || process.arch !== "x64") {
    throw new UserError(`The local stack runs on Linux x64; this machine is ${process.platform} ${process.arch}.`);
  }
  stack.create();
  await chooseContainers(stack, options);
  const { containers } = stack.identity;
  await startCloud(stack);
  // Its processes ended with the local cloud that ran them; they must not come back with a later one.
  if (containers === "docker") rmSync(stack.path("processes"), { recursive: true, force: true });

  const images = await localImages(stack, { n8n: runsN8n(stack) && !options.takesDown, log: say });
  writeProject(stack, images);

  const engine = await preparePulumi(stack);
  await recover(stack, engine);
  return { stack, engine, images };
}

/**
 * The images that an update of the stack uses instead of the public ones; what is missing is made.
 *
 * @param n8n whether those of n8n are among them
 */
export async function localImages(
  stack: LocalStack,
  { n8n, log }: { n8n: boolean; log: (line: string) => void },
): Promise<LocalImages> {
  const docker = new Docker({ socketPath: stack.engineSocket });
  const base = stack.identity.containers === "docker" ? await ensureBaseImage(docker, log) : "scratch";
  const cloudflared = await ensureConnectorImage(docker, base, stack.path("build"));
  return { base, cloudflared, ...(await ensureServiceImages(docker, base, log, { n8n })) };
}

/**
 * Where this stack's containers run: on Docker Engine if one answers, else as plain processes. A stack that has its
 * containers on Docker Engine keeps to it: they would come back beside the processes when the engine does.
 */
async function chooseContainers(stack: LocalStack, options: StartOptions): Promise<void> {
  const { identity } = stack;
  const use = async () => {
    if (options.noDocker) return undefined;
    if (options.installDocker) return installDocker(stack.dir, say);
    return (await useDocker(stack.dir)) ?? (identity.containers === "docker" ? startAgain(stack) : undefined);
  };
  if (options.noDocker && identity.containers === "docker" && !options.takesDown && wantsN8n(stack)) {
    throw new UserError(
      "n8n of this stack needs containers, and keeps its data there: it cannot go on without Docker Engine. Nothing was changed.",
    );
  }
  const engine = await use();
  if (!engine && identity.containers === "docker" && existsSync(stack.engineSocket)) {
    await removeLeftovers(stack.engineSocket, stack.name);
    await releaseDocker(stack.dir, say);
  }
  const { dockerSocket: _, ...rest } = identity;
  stack.saveIdentity({
    ...rest,
    ...(engine ? { containers: "docker", dockerSocket: engine.socket } : { containers: "processes" }),
  });
}

async function startAgain(stack: LocalStack) {
  try {
    return await startDocker(stack.dir, say);
  } catch (error) {
    throw new UserError(
      `This stack's containers are on Docker Engine, which does not answer: ${(error as Error).message} ` +
        "Start it and run this again, or leave it for plain processes: npm run up -- --no-docker",
    );
  }
}
