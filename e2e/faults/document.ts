import { readFileSync } from "node:fs";
import { join } from "node:path";
import { repositoryRoot } from "../../local/cli/stack.ts";
import { type Figures, measured } from "./figures.ts";
import { CALLERS, FAULTS, type Fault, SHOWN_ELSEWHERE, type ShownElsewhere } from "./table.ts";

const INTRODUCTION = `<!-- made by \`npm run docs\` from e2e/faults/table.ts and docs/faults.json -->

# What breaks, and what then

## Measured under calls

Each row is a test of [faults.test.ts](../e2e/faults.test.ts): it breaks one part of a stack with Coda on Workers and GitHub on the droplet, while each is
called all the time, by itself and through the gateway. It checks that no call of what goes on fails, and the others in no other words than those below; that
all are answered again within 90 s; and that every row in Coda and issue in GitHub that was written before is there once, and the events of calls before and
in the fault are in the audit trail.

Seconds are counted from the fault until all were answered again; where a fault lasts, from its end. They, and how many calls failed, are of the last run that
kept them, on a machine with two cores: \`npm run docs:faults\`. Where no call failed, there is nothing to measure.

`;

const WORDS = `
### Word for word

What a call may be told meanwhile. The tests allow nothing else.

`;

const ELSEWHERE = `
## Shown by other tests

These are there for other reasons too: each checks what is said here, and measures no time.

`;

/** docs/faults.md as it has to be. @throws {Error} for a row that names a test which is not there */
export function faultsDocument(): string {
  const rows: readonly Fault[] = FAULTS;
  const figures = measured();
  const words = rows.flatMap(({ fault, told = [] }) => (told.length > 0 ? [`- ${fault}:\n${listed(told)}`] : []));
  return [
    INTRODUCTION,
    table(
      ["what breaks", "what clients see", "what goes on", "well again", "lost", "test"],
      rows.map((row) => cells(row, figures[row.id])),
    ),
    WORDS,
    ...words,
    ELSEWHERE,
    table(["what breaks", "what is checked", "shown by"], SHOWN_ELSEWHERE.map(cellsElsewhere)),
  ].join("");
}

const table = (head: string[], rows: string[][]) =>
  [head, head.map(() => "---"), ...rows].map((line) => `| ${line.join(" | ")} |\n`).join("");

const listed = (told: readonly string[]) => told.map((text) => `  - \`${text}\`\n`).join("");

function cells(row: Fault, figures: Figures | undefined): string[] {
  const { fault, made, seconds, saw, recovers, lost, test } = row;
  find("e2e/faults.test.ts", test);
  const lasts = seconds === undefined ? "" : `, for ${seconds} s`;
  const counted = figures ? ` ${figures.failed || "None"} of ${figures.calls} calls failed.` : "";
  const after = figures?.failed ? `, ${figures.seconds} s` : "";
  return [`**${fault}**<br>${made}${lasts}`, saw + counted, unharmed(row), recovers + after, lost, test];
}

function cellsElsewhere({ fault, made, checked, test: { file, name } }: ShownElsewhere): string[] {
  find(file, name);
  return [`**${fault}**<br>${made}`, checked, `[${file.split("/").at(-1)}](../${file}): ${name}`];
}

/** Who has no call that fails. */
function unharmed({ harmed }: Fault): string {
  if (!harmed?.length) return "everything";
  const titles = (["Coda", "GitHub"] as const).filter((title) => {
    const its = CALLERS.filter((caller) => caller.startsWith(title.toLowerCase()));
    return !its.some((caller) => harmed.includes(caller));
  });
  return titles.join(", ") || "–";
}

/** @throws {Error} when there is no such test */
function find(file: string, name: string): void {
  const text = readFileSync(join(repositoryRoot, file), "utf8");
  if ([`"${name}"`, `\`${name}\``].some((literal) => text.includes(literal))) return;
  throw new Error(`A row names a test that is not there: "${name}" in ${file}.`);
}
