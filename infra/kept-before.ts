import { type Config, deploysN8n, engineOverSsh, hasState, hostsFirecrawl } from "./config.ts";
import { keepsDataOnDisk } from "./droplet/data-volume.ts";
import { known } from "./known.ts";
import { lastOutputs, lossRefused } from "./last-outputs.ts";
import { statefulNamed } from "./stateful.ts";

/** What a setting would put in the place of a resource that has the data in it. */
type Setting = "tunnel.adopt" | "droplet.adopt" | "droplet.storage" | "services.n8n.adopt";

/** By the name of each resource that can have data in it: the setting by which it has none of this stack's, if one says so. */
function places(config: Config): Record<string, Setting | undefined> {
  const { tunnel, droplet } = config;
  const onVolume = droplet.storage === "volume" ? "droplet.storage" : undefined;
  const onDisk = keepsDataOnDisk(config) ? undefined : "droplet.storage";
  const { adopt } = config.services.n8n;
  const ofN8n = adopt ? "services.n8n.adopt" : onVolume;
  return {
    tunnel: tunnel.adopt ? "tunnel.adopt" : undefined,
    ...(droplet.adopt && { droplet: "droplet.adopt" }),
    ...(!droplet.adopt && hasState(config) && engineOverSsh(droplet) && { droplet: onDisk }),
    ...(deploysN8n(config) && { "n8n-data": ofN8n, "postgres-data": ofN8n }),
    ...(deploysN8n(config) && config.backup.repository === undefined && { "backups-data": onVolume }),
    ...(hostsFirecrawl(config) && { "firecrawl-postgres-data": onVolume }),
  };
}

/** Names of the resources that go with their data when they go: an output of the stack, for its next update. */
export function keptHere(config: Config): string[] {
  return Object.entries(places(config)).flatMap(([name, elsewhere]) => (elsewhere ? [] : [name]));
}

/**
 * Refuses a config that puts something else in the place of what the last update has left data in. `protect` does not do
 * that: the engine goes by what the program asks for now, also where it replaces by an import.
 *
 * @throws {pulumi.RunError} before anything is changed
 */
export async function refuseToReplaceKept(config: Config): Promise<void> {
  const { kept } = await known(lastOutputs());
  const before = Array.isArray(kept) ? kept.map(String) : [];
  const now = places(config);
  const lost = before.filter((name) => now[name] && !config.allowDataLoss.includes(name));
  if (lost.length === 0) return;
  const losses = lost.map((name) => {
    const { title, lost } = statefulNamed(name)!;
    return `${name}: with hybrid-mcp:${now[name]}, ${title} would be replaced, and ${lost}`;
  });
  throw lossRefused(losses, lost);
}
