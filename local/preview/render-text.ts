import { shownSeconds } from "./durations.ts";
import type { Report } from "./report.ts";
import { dangerOf, dollarsOf, howToAllow, monthly, reckonedWith, summary, unprotecting } from "./words.ts";

/** Columns of a line; longer ones go on below, indented. */
const WIDTH = 100;

const headings = {
  data: "DATA IS LOST",
  unknown: "NOT KNOWN WHETHER DATA IS LOST",
  calls: "CALLS CAN FAIL",
  none: "NO CALL FAILS",
};

/** The report for a terminal: short, the most dangerous first. */
export function renderText(report: Report): string {
  const { stack, changes, cost, blocked, errors, warnings, violations } = report;
  const lines: string[] = [];
  if (errors.length > 0 && changes.length === 0) {
    return [
      `The update of the stack "${stack}" would fail; what would change is not known.`,
      "",
      ...errors.flatMap((error) => wrapped("  ", error)),
      ...violations.flatMap((each) => violationLine(each)),
      "",
    ].join("\n");
  }
  lines.push(...wrapped("", `Stack ${stack}: ${summary(report)}`), "");
  if (errors.length > 0) {
    lines.push("THE UPDATE WOULD FAIL", ...errors.flatMap((error) => wrapped("  ", error)), "");
  }
  let danger: string | undefined;
  for (const change of changes) {
    if (dangerOf(change) !== danger) {
      danger = dangerOf(change);
      lines.push(danger === "data" && blocked.length > 0 ? "DATA WOULD BE LOST" : headings[dangerOf(change)]);
    }
    lines.push(...wrapped("  ", change.title));
    lines.push(...wrapped("      calls  ", change.calls.text));
    lines.push(...wrapped("      data   ", change.data.text));
    lines.push(`      time   about ${shownSeconds(change.seconds)}`);
    for (const note of change.notes) lines.push(...wrapped("      note   ", note));
    lines.push("");
  }
  if (cost) {
    lines.push(`COST  ${monthly(report)}`);
    const width = Math.max(...cost.lines.map(({ what }) => what.length));
    const amounts = Math.max(...cost.lines.map((each) => dollarsOf(each).length));
    for (const each of cost.lines) {
      lines.push(...wrapped(`  ${each.what.padEnd(width)}  ${dollarsOf(each).padEnd(amounts)}  `, each.how));
    }
    lines.push(...wrapped("  ", reckonedWith(report)), "");
  }
  if (blocked.length > 0) {
    lines.push(...howToAllow(report).flatMap((line) => (line.startsWith(" ") ? [line] : wrapped("", line))), "");
  } else if (stack !== "local") {
    lines.push(
      ...unprotecting(
        stack,
        changes.flatMap(({ losses }) => losses),
      ),
    );
  }
  for (const each of violations) lines.push(...violationLine(each));
  for (const warning of warnings) lines.push(...wrapped("warning  ", warning));
  return `${lines.join("\n").trimEnd()}\n`;
}

function violationLine({ policy, message, resource, advisory }: Report["violations"][number]): string[] {
  const about = resource ? ` (${resource})` : "";
  return wrapped(advisory ? "policy, advice  " : "POLICY BROKEN   ", `${policy}${about}: ${message}`);
}

/** A text in lines of at most `WIDTH` columns, below each other. */
function wrapped(before: string, text: string): string[] {
  const indent = " ".repeat(before.length);
  const lines: string[] = [];
  for (const paragraph of text.split("\n")) {
    const kept = /^ */.exec(paragraph)![0];
    let line = "";
    for (const word of paragraph.trim().split(" ")) {
      if (line !== "" && indent.length + kept.length + line.length + word.length + 1 > WIDTH) {
        lines.push(kept + line);
        line = word;
      } else line = line === "" ? word : `${line} ${word}`;
    }
    lines.push(kept + line);
  }
  return lines.map((line, at) => `${at === 0 ? before : indent}${line}`.trimEnd());
}
