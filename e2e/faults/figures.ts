import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { repositoryRoot } from "../../local/cli/stack.ts";

/** What was measured when a fault was made last. */
export interface Figures {
  calls: number;
  failed: number;
  /** From the fault, or from its end where it lasts, until every caller was answered again, in seconds. */
  seconds: number;
}

const FILE = join(repositoryRoot, "docs/faults.json");

/** Those of every fault that has been measured, by its id. */
export function measured(): Record<string, Figures> {
  return existsSync(FILE) ? (JSON.parse(readFileSync(FILE, "utf8")) as Record<string, Figures>) : {};
}

/** Keeps what a test has measured, if that is asked for (`npm run docs:faults`): they differ from run to run. */
export function keepFigures(id: string, figures: Figures): void {
  if (!process.env.HYBRID_MCP_KEEP_FIGURES) return;
  const rounded = { ...figures, seconds: Number(figures.seconds.toFixed(1)) };
  const all = { ...measured(), [id]: rounded };
  const sorted = Object.fromEntries(Object.entries(all).sort(([a], [b]) => a.localeCompare(b)));
  writeFileSync(FILE, `${JSON.stringify(sorted, null, 2)}\n`);
}
