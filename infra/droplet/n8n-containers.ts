import type Docker from "dockerode";
import { inBackup } from "./backup-client.ts";
import { containersOf } from "./engine-client.ts";

/** End of the name of a container that another has taken the place of. */
export const REPLACED = "-replaced";

/** The kind of backup that is made before a change. */
export const BEFORE_CHANGE = "before-upgrade";

/** The stack's n8n containers, running or not, but for those that another has taken the place of; the one that ran last first. */
export async function n8nContainers(docker: Docker, stack: string): Promise<Docker.ContainerInspectInfo[]> {
  const all = await containersOf(docker, stack, "n8n");
  const inspected = await Promise.all(all.map((container) => container.inspect()));
  return inspected.filter(({ Name }) => !Name.endsWith(REPLACED)).sort((a, b) => ranUntil(b) - ranUntil(a));
}

/** In milliseconds since 1970. */
function ranUntil({ State }: Docker.ContainerInspectInfo): number {
  return State.Running ? Infinity : Date.parse(State.FinishedAt);
}

/** A change that was cut off after its backup and before the new n8n was ready. */
export interface CutOff {
  /** The backup of before it. */
  snapshot: string;
  /** What it has begun. */
  unfinished: Docker.ContainerInspectInfo[];
}

/** The n8n whose data is there, running or stopped, and what of a change that was cut off is in its way. */
export async function lastN8n(
  docker: Docker,
  stack: string,
): Promise<{ last: Docker.ContainerInspectInfo | undefined; cutOff: CutOff | undefined }> {
  const all = await n8nContainers(docker, stack);
  if (all.every(({ State }) => State.Running)) return { last: all[0], cutOff: undefined };
  const snapshot = await lastBackup(docker, stack);
  const made = snapshot ? Date.parse(snapshot.time) : -Infinity;
  const stopped = all.find((each) => ranUntil(each) <= made);
  const later = all.filter(({ Created }) => Date.parse(Created) > made);
  // A new one that was ready has data since that is nowhere else: it is the one that counts.
  const isCutOff = stopped !== undefined && later.every(({ State }) => State.Health?.Status !== "healthy");
  if (
    !isCutOff ||
    all.some((each) => each !== stopped && !later.includes(each) && ranUntil(each) > ranUntil(stopped))
  ) {
    return { last: all[0], cutOff: undefined };
  }
  return { last: stopped, cutOff: { snapshot: snapshot!.short_id, unfinished: later } };
}

interface Snapshot {
  short_id: string;
  /** ISO 8601. */
  time: string;
  tags?: string[];
}

/** The newest backup that was made before a change; undefined where there is none. */
async function lastBackup(docker: Docker, stack: string): Promise<Snapshot | undefined> {
  const listed = await inBackup(docker, stack, ["snapshots", "--json"]).catch((error: Error) => {
    // A repository that is not there yet is made by the first backup.
    if (error.message.includes("There are no backups")) return "[]";
    throw error;
  });
  return (JSON.parse(listed) as Snapshot[])
    .filter(({ tags }) => tags?.includes(BEFORE_CHANGE))
    .sort((a, b) => Date.parse(b.time) - Date.parse(a.time))[0];
}
