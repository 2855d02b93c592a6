import { mkdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { gatewayLatency } from "./gateway-latency.ts";

/** Peers side by side in one run: only ratios count, the machine may be busy. */
export interface Benchmark {
  /** Name of its file in `bench/results/`. */
  name: string;
  title: string;
  run(): Promise<{ rows: Row[]; verdict: string }>;
}

export interface Row {
  peer: string;
  medianMs: number;
  /** Beside the first peer. */
  addedMs: number;
  times: number;
}

/** `npm run bench`: a table for people, and JSON in `bench/results/`. */
const results = join(import.meta.dirname, "results");
mkdirSync(results, { recursive: true });
for (const benchmark of [gatewayLatency]) {
  process.stdout.write(`${benchmark.title}\n\n`);
  const { rows, verdict } = await benchmark.run();
  const table = [
    ["peer", "median", "added", "times"],
    ...rows.map(({ peer, medianMs, addedMs, times }) => [
      peer,
      `${medianMs.toFixed(2)} ms`,
      `${addedMs.toFixed(2)} ms`,
      times.toFixed(2),
    ]),
  ];
  const widths = table[0]!.map((_, column) => Math.max(...table.map((row) => row[column]!.length)));
  for (const row of table) {
    process.stdout.write(
      `${row
        .map((cell, i) => cell.padEnd(widths[i]!))
        .join("  ")
        .trimEnd()}\n`,
    );
  }
  process.stdout.write(`\n${verdict}\n`);
  const measured = { name: benchmark.name, title: benchmark.title, cpus: cpus().length, node: process.version };
  writeFileSync(
    join(results, `${benchmark.name}.json`),
    `${JSON.stringify({ ...measured, rows, verdict }, null, 2)}\n`,
  );
}
