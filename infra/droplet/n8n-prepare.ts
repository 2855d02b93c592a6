import { setTimeout as delay } from "node:timers/promises";
import * as pulumi from "@pulumi/pulumi";
import type Docker from "dockerode";
import type { Config } from "../config.ts";
import { containerOf, hostEngine } from "./engine-client.ts";
import type { Host } from "./host.ts";

/** How long the database may take to end, in seconds. */
const STOP_SECONDS = 60;
/** How long the preparation may take, in milliseconds. */
const PREPARE_MS = 600_000;

/**
 * The steps around the container that prepares n8n's volumes, as hooks on it: nothing else works on them meanwhile, and what
 * it refuses fails the update, which the exit code of a container does not do by itself.
 */
export function prepareHooks({ name, services }: Config, host: Host): pulumi.ResourceHookBinding {
  let stopped: Docker.Container | undefined;
  const goOn = async () => {
    await stopped?.start().catch(unlessThere);
    stopped = undefined;
  };

  const before = new pulumi.ResourceHook("n8n-prepare-before", async () => {
    const docker = await hostEngine(host);
    for (const volume of [services.n8n.adopt?.volume, services.n8n.adopt?.databaseVolume]) {
      if (volume !== undefined) await refuseWhileUsed(docker, name, volume);
    }
    const database = await containerOf(docker, name, "database");
    if (!database || !(await database.inspect()).State.Running) return;
    await database.stop({ t: STOP_SECONDS });
    stopped = database;
  });
  const after = new pulumi.ResourceHook("n8n-prepare-after", async ({ id }) => {
    const docker = await hostEngine(host);
    const container = docker.getContainer(id);
    const { ExitCode } = await ended(container);
    if (ExitCode !== 0) {
      const log = (await container.logs({ stdout: true, stderr: true, tail: 10 })).toString();
      await container.remove({ force: true });
      await goOn();
      throw new Error(`n8n's volumes could not be prepared: ${log.replace(/[^\x20-\x7e\n]/g, "").trim()}`);
    }
    await goOn();
  });
  const failed = new pulumi.ErrorHook("n8n-prepare-failed", async ({ failedOperation }) => {
    if (failedOperation === "create") await goOn();
    return false;
  });
  return { beforeCreate: [before], afterCreate: [after], onError: [failed] };
}

/** An n8n or a database that is adopted must not run anywhere else. */
async function refuseWhileUsed(docker: Docker, stack: string, volume: string): Promise<void> {
  const using = await docker.listContainers({ filters: { volume: [volume] } });
  const foreign = using.find(({ Labels }) => Labels["hybrid-mcp"] !== stack);
  if (!foreign) return;
  const container = foreign.Names[0]?.replace("/", "");
  throw new Error(
    `The container ${container} works on the volume ${volume}, which services.n8n.adopt names. Stop it first, for good, and make a copy of the volume: docker update --restart no ${container} && docker stop ${container}`,
  );
}

async function ended(container: Docker.Container): Promise<Docker.ContainerInspectInfo["State"]> {
  const deadline = performance.now() + PREPARE_MS;
  for (;;) {
    const { State } = await container.inspect();
    if (!State.Running) return State;
    if (performance.now() > deadline) throw new Error("n8n's volumes are not prepared after ten minutes.");
    await delay(200);
  }
}

/** Docker Engine API: 304 when it runs already, 404 when it is gone, as when the update has taken it away. */
function unlessThere(error: { statusCode?: number }): void {
  if (error.statusCode !== 304 && error.statusCode !== 404) throw error;
}
