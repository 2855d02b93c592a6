import { readFileSync } from "node:fs";
import { join } from "node:path";
import { repositoryRoot } from "../../local/cli/stack.ts";
import { type Figures, measured } from "./figures.ts";
import { CALLERS, FAULTS, type Fault } from "./table.ts";

const INTRODUCTION = `<!-- made by \`npm run docs\` from e2e/faults/table.ts and docs/faults.json -->

# What breaks, and what then

Each row is a test: it breaks one part while clients call all the time, and checks what is said here. Nothing that was stored or acknowledged is lost
by any of these: grants and connections in KV, the audit trail in D1, rows in Coda, issues in GitHub, runs and credentials in n8n.

The stack of the tests has Coda on Workers and GitHub on the droplet; each is called by itself and through the gateway. How many calls failed, and
after how many seconds all were answered again, is of the last run that kept it, on a machine with two cores: \`npm run docs:faults\`.
`;

const WORDS = `
## Word for word

What a call may be told meanwhile. The tests allow nothing else.

`;

/** docs/faults.md as it has to be. @throws {Error} for a row that names a test which is not there */
export function faultsDocument(): string {
  const rows: readonly Fault[] = FAULTS;
  const figures = measured();
  const columns = ["what breaks", "what clients see", "what goes on", "well again", "lost", "shown by"];
  const lines = [columns, columns.map(() => "---"), ...rows.map((row) => cells(row, figures[row.id]))];
  const table = lines.map((line) => `| ${line.join(" | ")} |\n`).join("");
  const words = rows.flatMap(({ fault, told = [] }) => (told.length > 0 ? [`- ${fault}:\n${listed(told)}`] : []));
  return `${INTRODUCTION}\n${table}${WORDS}${words.join("")}`;
}

const listed = (told: readonly string[]) => told.map((text) => `  - \`${text}\`\n`).join("");

function cells(row: Fault, figures: Figures | undefined): string[] {
  const { fault, made, saw, recovers, lost, test } = row;
  if (!hasTest(test))
    throw new Error(`The row ${row.id} names a test that is not there: "${test.name}" in ${test.file}.`);
  const counted = figures?.failed ? ` ${figures.failed} of ${figures.calls} calls failed.` : "";
  const seconds = figures?.failed ? `, ${figures.seconds} s` : "";
  const link = `[${test.file.split("/").at(-1)}](../${test.file}): ${test.name}`;
  return [`**${fault}**<br>${made}`, saw + counted, unharmed(row), recovers + seconds, lost, link];
}

/** Who has no call that fails. */
function unharmed({ harmed, unharmed }: Fault): string {
  if (unharmed !== undefined) return unharmed;
  if (!harmed?.length) return "everything";
  const titles = (["Coda", "GitHub"] as const).filter((title) => {
    const its = CALLERS.filter((caller) => caller.startsWith(title.toLowerCase()));
    return !its.some((caller) => harmed.includes(caller));
  });
  return titles.join(", ") || "–";
}

function hasTest({ file, name }: Fault["test"]): boolean {
  const text = readFileSync(join(repositoryRoot, file), "utf8");
  return [`"${name}"`, `\`${name}\``].some((literal) => text.includes(literal));
}
