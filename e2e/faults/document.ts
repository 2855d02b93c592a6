import { readFileSync } from "node:fs";
import { join } from "node:path";
import { repositoryRoot } from "../../local/cli/stack.ts";
import { type Figures, measured } from "./figures.ts";
import { CALLERS, FAULTS, type Fault } from "./table.ts";

const INTRODUCTION = `<!-- made by \`npm run docs\` from e2e/faults/table.ts and docs/faults.json -->

# What breaks, and what then

Each row is a test: it breaks one part while clients call all the time, and checks what is said here. Nothing that was stored or acknowledged is lost
by any of these: connections and grants in KV, the audit trail in D1, rows in Coda, issues in GitHub, runs and credentials in n8n.

The stack of the tests has Coda on Workers and GitHub on the droplet, each called by itself and through the gateway. *Failed* and *seconds* (until
all callers were answered again) are of the last run that kept them, on a machine with two cores: \`npm run docs:faults\`. Words in \`code\` are what
clients are told, and the tests allow no others.
`;

/** docs/faults.md as it has to be. @throws {Error} for a row that names a test which is not there */
export function faultsDocument(): string {
  const rows: readonly Fault[] = FAULTS;
  const figures = measured();
  const columns = ["what breaks", "how the test makes it", "what clients see", "goes on", "well again", "lost", "test"];
  const lines = [columns, columns.map(() => "---"), ...rows.map((row) => cells(row, figures[row.id]))];
  const table = lines.map((line) => `| ${line.join(" | ")} |\n`).join("");
  return `${INTRODUCTION}\n${table}`;
}

function cells(row: Fault, figures: Figures | undefined): string[] {
  const { fault, made, saw, told = [], recovers, lost, test } = row;
  if (!hasTest(test))
    throw new Error(`The row ${row.id} names a test that is not there: "${test.name}" in ${test.file}.`);
  const counted = figures?.failed ? ` ${figures.failed} of ${figures.calls} calls failed.` : "";
  const words = told.length > 0 ? `<br>${told.map((text) => `\`${text}\``).join("<br>")}` : "";
  const seconds = figures?.failed ? `, ${figures.seconds} s` : "";
  const link = `[${test.name}](../${test.file})`;
  return [fault, made, `${saw}${counted}${words}`, unharmed(row), `${recovers}${seconds}`, lost, link];
}

/** Who has no call that fails. */
function unharmed({ harmed, unharmed }: Fault): string {
  if (unharmed !== undefined) return unharmed;
  const names = CALLERS.filter((caller) => !harmed?.includes(caller));
  if (names.length === CALLERS.length) return "everything";
  return names.length > 0 ? names.join(", ") : "nothing";
}

function hasTest({ file, name }: Fault["test"]): boolean {
  const text = readFileSync(join(repositoryRoot, file), "utf8");
  return [`"${name}"`, `\`${name}\``].some((literal) => text.includes(literal));
}
