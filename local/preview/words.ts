import { dollars } from "./cost.ts";
import { shownSeconds } from "./durations.ts";
import { cloudflare, dropletBackups, droplets, PRICES_READ, spaces, uptime, volume } from "./prices.ts";
import type { Report } from "./report.ts";
import type { Change, Loss } from "./scene.ts";

/** How dangerous a change is. */
export type Danger = "data" | "unknown" | "calls" | "none";

export function dangerOf({ losses, data, calls }: Change): Danger {
  if (losses.length > 0 && losses.every(({ certain }) => !certain)) return "unknown";
  return losses.length > 0 || data.risk ? "data" : calls.fail ? "calls" : "none";
}

/** The whole in one sentence. */
export function summary({ changes, seconds, blocked }: Report): string {
  if (changes.length === 0) return "Nothing changes.";
  const number = changes.length === 1 ? "One change" : `${changes.length} changes`;
  const dangers = changes.map(dangerOf);
  const fail = changes.some(({ calls }) => calls.fail);
  const data = blocked.some(({ certain }) => certain)
    ? "DATA WOULD BE LOST"
    : blocked.length > 0
      ? "NOT KNOWN WHETHER DATA WOULD BE LOST"
      : dangers.includes("data")
        ? "data is lost, as allowed"
        : dangers.includes("unknown")
          ? "not known whether data is lost, as allowed"
          : "no data is at risk";
  return `${number}, about ${shownSeconds(seconds)}: ${fail ? "calls can fail" : "no call fails"}, ${data}.`;
}

/** `$12.00 → $24.00 a month (+$12.00)`, or as before; `$12.00 → not known`. */
export function monthly({ cost }: Report): string {
  if (!cost) return "";
  const { before, after } = cost;
  if (before === null || after === null) return `${dollarsOrNot(before)} → ${dollarsOrNot(after)}`;
  const difference = after - before;
  const unknown = cost.complete ? "" : ", and what has no price here";
  if (Math.abs(difference) < 0.005) return `${dollars(after)} a month${unknown}, as before`;
  const sign = difference > 0 ? "+" : "−";
  return `${dollars(before)} → ${dollars(after)} a month${unknown} (${sign}${dollars(Math.abs(difference))})`;
}

/** One part of the cost, before and after. */
export function dollarsOf({ before, after }: { before: number | null; after: number | null }): string {
  const [from, to] = [dollarsOrNot(before), dollarsOrNot(after)];
  return from === to ? from : `${from} → ${to}`;
}

const dollarsOrNot = (usd: number | null) => (usd === null ? "not known" : dollars(usd));

/** What the cost is reckoned with. */
export function reckonedWith({ stack, cost }: Report): string {
  const { calls, source } = cost!.usage;
  const where = stack === "local" ? "What it would be on real accounts, reckoned" : "Reckoned";
  return `${where} with ${calls.toLocaleString("en-US")} calls of tools a month (${source}), in US dollars without taxes, by prices of ${PRICES_READ}.`;
}

/** Pages that prices are from, by what they are of. */
export const priceSources: Record<string, string> = {
  Cloudflare: cloudflare.source.url,
  droplets: droplets.source.url,
  "their backups": dropletBackups.source.url,
  volumes: volume.source.url,
  "uptime checks": uptime.source.url,
  Spaces: spaces.source.url,
};

/** The two words without which none of it can be understood. */
export const GLOSSARY =
  "Workers: at Cloudflare, without a machine. The droplet: the machine at DigitalOcean, with its containers.";

/** How what is refused is allowed. */
export function howToAllow({ stack, blocked, refused, changes }: Report): string[] {
  // What is allowed already is named again: the command is to be copied.
  const losses = changes.flatMap((each) => each.losses).filter((loss) => loss.blocked || loss.allowed);
  const names = [...new Set(losses.map(({ name }) => name))];
  const flags = names.map((name) => `--allow-data-loss ${name}`).join(" ");
  const isLower = ({ op }: Loss) => op === "lower";
  const byEngine = blocked.filter((loss) => !isLower(loss) && refused && loss.refused).map(({ name }) => name);
  const byProgram = blocked.filter(isLower).map(({ name }) => name);
  const byPreview = blocked.filter((loss) => !isLower(loss) && !(refused && loss.refused)).map(({ name }) => name);
  const why = [
    ...(byEngine.length > 0
      ? [`The update would refuse: ${byEngine.join(", ")} ${byEngine.length === 1 ? "is" : "are"} protected.`]
      : []),
    ...(byProgram.length > 0
      ? [`The update would refuse, as less is kept of what is there: ${byProgram.join(", ")}.`]
      : []),
    ...(byPreview.length > 0
      ? [`Only this preview stops it, here and in CI; the update itself would go through: ${byPreview.join(", ")}.`]
      : []),
  ];
  if (stack === "local") return [...why, `If it is meant:  npm run up -- ${flags}`];
  return [
    ...why,
    "If it is meant, in the stack's config, for this change only (take it out again with the next):",
    `  hybrid-mcp:allowDataLoss: [${names.join(", ")}]`,
    ...unprotecting(stack, losses),
  ];
}

/** What the program has no more is unprotected in the state: it cannot say so itself. */
export function unprotecting(stack: string, losses: Loss[]): string[] {
  const left = losses.filter((loss) => loss.left);
  if (left.length === 0) return [];
  return [
    "and, just before the update, for what the program has no more:",
    ...left.map(({ urn }) => `  pulumi state unprotect '${urn}' --stack ${stack}`),
  ];
}
