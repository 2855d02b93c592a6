import * as pulumi from "@pulumi/pulumi";
import { type Config, deploysN8n } from "./config.ts";
import { known } from "./known.ts";
import { lastOutputs, lossRefused } from "./last-outputs.ts";

/** A setting that says how much is kept. */
export interface Retention {
  /** What is kept, as `allowDataLoss` names it. */
  name: string;
  /** For people. */
  title: string;
  /** @returns what is deleted when it is lowered to this */
  lost: (value: number) => string;
}

const backups = (which: string): Retention => ({
  name: "backups-data",
  title: "n8n's backups",
  lost: (number) =>
    `older ones are deleted with the next backup, wherever they are kept; the last one stays of this many ${which}: ${number}`,
});

/** `1 day`, `30 days`. */
export const inDays = (days: number) => `${days} ${days === 1 ? "day" : "days"}`;

/** Settings with which something is deleted when they are lowered, by their config keys. */
export const retentions: Record<string, Retention> = {
  "auth.auditRetentionDays": {
    name: "audit",
    title: "the audit trail",
    lost: (days) => `what is older than ${inDays(days)} is deleted from the audit trail within the hour`,
  },
  "backup.keep.daily": backups("days"),
  "backup.keep.weekly": backups("weeks"),
  "backup.keep.monthly": backups("months"),
};

/** What the stack's outputs say of each that there is, for the next update. */
export function retentionOf(config: Config): Record<string, number> {
  const keep = deploysN8n(config) ? Object.entries(config.backup.keep) : [];
  return {
    "auth.auditRetentionDays": config.auth.auditRetentionDays,
    ...Object.fromEntries(keep.map(([each, number]) => [`backup.keep.${each}`, number])),
  };
}

/**
 * Ends an update that would keep less than the last one did, before it changes anything: the engine protects resources, and not
 * what is in them. A preview goes on, and tells it.
 *
 * @throws {pulumi.RunError} for each that is lowered and that `allowDataLoss` does not name
 */
export async function refuseToKeepLess(config: Config): Promise<void> {
  // Asked in a preview too: its plan has to have every resource of the update.
  const outputs = lastOutputs();
  if (pulumi.runtime.isDryRun()) return;
  const { retention } = await known(outputs);
  const before = (retention ?? {}) as Record<string, number>;
  const now = retentionOf(config);
  const lowered = Object.entries(retentions).filter(
    ([key, { name }]) => now[key]! < before[key]! && !config.allowDataLoss.includes(name),
  );
  if (lowered.length === 0) return;
  const losses = lowered.map(
    ([key, { lost }]) => `hybrid-mcp:${key}: ${before[key]} → ${now[key]}: ${lost(now[key]!)}`,
  );
  throw lossRefused(
    losses,
    lowered.map(([, { name }]) => name),
  );
}
