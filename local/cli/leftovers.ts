import Docker from "dockerode";
import { STACK_LABEL } from "../docker/lifetime.ts";

/**
 * Removes every container and network of a stack from an engine, whether the state knows them or not: what a killed
 * update left, or what stayed on an engine that the stack no longer uses.
 *
 * @param socket Unix socket of the engine
 * @param stackName value of the label that all of a stack's containers and networks have
 */
export async function removeLeftovers(socket: string, stackName: string): Promise<void> {
  const docker = new Docker({ socketPath: socket });
  const filters = { label: [`${STACK_LABEL}=${stackName}`] };
  for (const { Id } of await docker.listContainers({ all: true, filters })) {
    await docker.getContainer(Id).remove({ force: true });
  }
  for (const { Id } of await docker.listNetworks({ filters })) await docker.getNetwork(Id).remove();
}
