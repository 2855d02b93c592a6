import { catalogue, isServiceName, type Placement, type ServiceName } from "@hybrid-mcp/catalogue";

/** Runs the CLI on a stack and answers with what it prints. */
export type RunCli = (args: string[]) => Promise<string>;

/** A config value as `pulumi stack history --json` and `pulumi config --json` show it; a secret one has no value. */
export interface ConfigValue {
  value?: string;
  /** Of a value that is no plain text. */
  objectValue?: unknown;
  secret: boolean;
}

/** An update as `pulumi stack history --json` tells it. https://www.pulumi.com/docs/iac/cli/commands/pulumi_stack_history/ */
export interface Update {
  /** `update`, `refresh`, `destroy`, … */
  kind: string;
  result?: string;
  /** ISO 8601, to the second. */
  startTime: string;
  /** Absent while it runs. */
  endTime?: string;
  /** By key with its namespace. */
  config: Record<string, ConfigValue>;
  /** Updates that did not succeed, since the last one before it that did: all of them once that one is read. */
  failedBefore?: Update[];
}

/** A change of a service's placement that an update has brought about. */
export interface Flip {
  from: Placement;
  to: Placement;
  /** When that update had ended, ISO 8601. */
  at: string;
  /** How long that update took; null: it finished what one had begun that did not succeed. */
  seconds: number | null;
}

/** How many updates are read at a time. */
const PAGE = 100;

/**
 * The updates of a stack that succeeded, newest first; they are read page by page, as far as they are asked for.
 *
 * @param run the CLI on that stack
 * @param pages how many pages to read at most; default: all
 */
export async function* successfulUpdates(run: RunCli, pages = Number.POSITIVE_INFINITY): AsyncGenerator<Update> {
  let failed: Update[] = [];
  for (let page = 1; page <= pages; page++) {
    const size = ["--page-size", String(PAGE), "--page", String(page)];
    const updates = JSON.parse(await run(["stack", "history", "--json", ...size])) as Update[];
    for (const update of updates.filter(({ kind }) => kind === "update")) {
      if (update.result === "succeeded" && update.endTime) {
        failed = [];
        yield { ...update, failedBefore: failed };
      } else failed.push(update);
    }
    if (updates.length === 0) return;
  }
}

/**
 * The last flip of each service: the newest update that placed it elsewhere than the one before it.
 *
 * @param updates those that succeeded, newest first; no more of them are read than are needed
 * @returns by service; one that has not moved has none
 */
export async function lastFlips<Name extends ServiceName>(
  updates: AsyncIterable<Update> | Iterable<Update>,
  services: readonly Name[],
): Promise<Partial<Record<Name, Flip>>> {
  const flips: Partial<Record<Name, Flip>> = {};
  const later: Partial<Record<Name, { placement: Placement; update: Update }>> = {};
  let left = services;
  if (left.length === 0) return flips;
  for await (const update of updates) {
    const placements = placementsIn(update);
    for (const service of left) {
      const placement = placements[service];
      // It was not there then, or nobody can tell where.
      if (!placement) continue;
      const next = later[service];
      if (next && next.placement !== placement) {
        const begun = next.update.failedBefore?.some((failed) => placementsIn(failed)[service] === next.placement);
        flips[service] = flip(placement, next.placement, next.update, begun);
      }
      later[service] = { placement, update };
    }
    left = left.filter((service) => !flips[service]);
    if (left.length === 0) break;
  }
  return flips;
}

/** Where a service goes back to. */
export interface WayBack {
  from: Placement;
  to: Placement;
  /** What is undone; undefined: a flip that has not come to its end. */
  flip?: Flip;
}

/**
 * Where a service goes back to: to where the newest update placed it, if it is elsewhere by now, or to be there: a flip has
 * not come to its end. Else to where it was before its last flip.
 *
 * @param updates those that succeeded, newest first
 * @param now where the config places it, and who answers clients, if anybody does
 * @returns undefined: it has never moved
 */
export async function wayBack(
  updates: AsyncIterable<Update> | Iterable<Update>,
  service: ServiceName,
  now: Placement[],
): Promise<WayBack | undefined> {
  let newest: Placement | undefined;
  const seen = async function* () {
    for await (const update of updates) {
      newest ??= placementsIn(update)[service];
      yield update;
    }
  };
  const last = (await lastFlips(seen(), [service]))[service];
  const elsewhere = now.find((placement) => placement !== newest);
  if (newest && elsewhere) return { from: elsewhere, to: newest };
  return last && { from: last.to, to: last.from, flip: last };
}

function flip(from: Placement, to: Placement, { startTime, endTime }: Update, begunBefore = false): Flip {
  const seconds = (Date.parse(endTime!) - Date.parse(startTime)) / 1000;
  return { from, to, at: endTime!, seconds: begunBefore ? null : seconds };
}

/** Where an update placed each service that was enabled in it. */
export function placementsIn({ config }: Update): Partial<Record<ServiceName, Placement>> {
  const value = config["hybrid-mcp:services"];
  if (value?.secret) return {};
  const services = (value?.objectValue ?? {}) as Record<string, { enabled?: boolean; placement?: Placement }>;
  return Object.fromEntries(
    Object.entries(catalogue)
      .filter(([name]) => isServiceName(name) && services[name]?.enabled !== false)
      .map(([name, { placements }]) => [name, services[name]?.placement ?? placements[0]]),
  );
}
