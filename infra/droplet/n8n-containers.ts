import type Docker from "dockerode";
import { containersOf } from "./engine-client.ts";

/** End of the name of a container that another has taken the place of. */
export const REPLACED = "-replaced";

/** The stack's n8n containers, running or not, but for those that another has taken the place of; the one that ran last first. */
export async function n8nContainers(docker: Docker, stack: string): Promise<Docker.ContainerInspectInfo[]> {
  const all = await containersOf(docker, stack, "n8n");
  const inspected = await Promise.all(all.map((container) => container.inspect()));
  return inspected.filter(({ Name }) => !Name.endsWith(REPLACED)).sort((a, b) => ranUntil(b) - ranUntil(a));
}

/** When a container ended, in milliseconds since 1970; one that runs comes after all others. */
export function ranUntil({ State }: Docker.ContainerInspectInfo): number {
  return State.Running ? Infinity : Date.parse(State.FinishedAt);
}
