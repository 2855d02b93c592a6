import type { Flip } from "./placement-history.ts";
import { missing, NOT_ASKED, type StatusReport } from "./status-report.ts";

const MINUTE_MS = 60_000;

/** The report as tables and sentences, for a terminal of 120 columns. @param now Unix time in milliseconds */
export function statusTables(status: StatusReport, now: number): string {
  const { services, platform, unknown } = status;
  const where = services.map((s) => [
    s.service,
    s.placement,
    s.servedBy ?? "-",
    s.health.split(":")[0]!,
    s.version ?? "-",
    s.url,
  ]);
  const what = services.map((s) => {
    const standby = Object.entries(s.sides).find(([side]) => side !== (s.servedBy ?? s.placement));
    return [
      s.service,
      standby ? `${standby[0]} ${standby[1].health.split(":")[0]}` : "-",
      ...(["calls", "failed", "denied"] as const).map((name) => (s.calls ? String(s.calls[name]) : "?")),
      counted(s.drift),
      counted(s.pending),
      s.lastFlip ? flipped(s.lastFlip, now) : "-",
    ];
  });
  const problems = [...services.flatMap((s) => s.problems), ...platform.problems];
  return [
    table(["SERVICE", "PLACEMENT", "SERVED BY", "HEALTH", "VERSION", "URL"], where),
    "",
    table(["SERVICE", "STANDBY", "CALLS/H", "FAILED", "DENIED", "DRIFT", "UNAPPLIED", "LAST FLIP"], what),
    ...notes(unknown),
    ...(status.driftAt ? ["", `Drift is what was found ${age(status.driftAt, now)} s ago.`] : []),
    "",
    ...verdict(problems, missing(status)),
  ].join("\n");
}

function verdict(problems: string[], unknown: string[]): string[] {
  if (problems.length > 0) return ["Not as wanted:", ...problems.map((line) => `  ${line}`)];
  return unknown.length > 0 ? [`Nothing wrong was found; not known: ${unknown.join(", ")}.`] : ["All is as wanted."];
}

function flipped({ from, to, at, seconds }: Flip, now: number): string {
  return `${from} → ${to}, ${ago(at, now)}${seconds === null ? "" : ` (${seconds} s)`}`;
}

const age = (at: string, now: number) => Math.max(0, Math.round((now - Date.parse(at)) / 1000));

/** A line for each service, for a log. */
export function statusLines({ services, platform, driftAt }: StatusReport): string[] {
  return [
    ...services.map(({ service, placement, servedBy, health, version, calls, drift, problems }) => {
      const of = calls ? `${calls.calls} calls/h, ${calls.failed} failed, ${calls.denied} denied` : "calls unknown";
      const served = `on ${placement}, served by ${servedBy ?? "nobody"}, ${health}, ${version ?? "no version"}`;
      const wrong = problems.length > 0 ? `; not as wanted: ${problems.join("; ")}` : "";
      const found = drift?.length && driftAt ? ` as of ${driftAt.slice(0, 19)}Z` : "";
      return `${service}: ${served}, ${of}, drift ${counted(drift)}${found}${wrong}`;
    }),
    ...platform.problems.map((line) => `platform: not as wanted: ${line}`),
  ];
}

/** What could not be asked, and what to do about it where something can be done. */
function notes({ drift, calls, history, config }: StatusReport["unknown"]): string[] {
  const lines = [
    drift && drift !== NOT_ASKED && `Drift is not known: ${drift}`,
    calls &&
      `Calls are not known: ${calls}${calls === "no-token" ? " (set CLOUDFLARE_API_TOKEN, or cloudflare:apiToken in the stack config)" : ""}`,
    history && `Flips are not known: ${history}`,
    config && `The config of now is not known: ${config}`,
  ].filter((line) => typeof line === "string");
  return lines.length > 0 ? ["", ...lines] : [];
}

function counted(list: unknown[] | undefined): string {
  if (!list) return "?";
  return list.length === 0 ? "none" : String(list.length);
}

/** How long ago something was, e.g. `12 min ago`. */
export function ago(at: string, now: number): string {
  const minutes = Math.floor((now - Date.parse(at)) / MINUTE_MS);
  if (minutes < 1) return "just now";
  if (minutes < 60) return `${minutes} min ago`;
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} h ago`;
  return `${Math.floor(minutes / 60 / 24)} days ago`;
}

function table(head: string[], rows: string[][]): string {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]!.length)));
  return all
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i]!))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
