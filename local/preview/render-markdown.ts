import { shownSeconds } from "./durations.ts";
import type { Report } from "./report.ts";
import {
  type Danger,
  dangerOf,
  dollarsOf,
  GLOSSARY,
  howToAllow,
  monthly,
  priceSources,
  reckonedWith,
  summary,
  unprotecting,
} from "./words.ts";

const signs: Record<Danger, string> = { data: "⛔", unknown: "⛔", calls: "⚠️", none: "✅" };

/** First line of the comment about a stack: CI finds it by this, and changes it instead of adding another. */
export function marker(stack: string): string {
  return `<!-- hybrid-mcp preview: ${stack} -->`;
}

/**
 * The report as a comment on a pull request.
 *
 * @param commit that it is of; the comment names it
 */
export function renderMarkdown(report: Report, commit?: string): string {
  const { stack, changes, cost, blocked, errors, warnings, violations } = report;
  const parts: string[] = [marker(stack), `### What this change does (stack \`${stack}\`)`];
  // GitHub makes it a link.
  if (commit !== undefined) parts.push(`Of commit ${commit}.`);
  if (errors.length > 0 && changes.length === 0) {
    parts.push("**The update would fail; what would change is not known.**", fence(errors.join("\n\n")));
  } else {
    if (errors.length > 0) parts.push("⛔ **The update would fail.**", fence(errors.join("\n\n")));
    const sign = changes.length === 0 ? "" : `${signs[dangerOf(changes[0]!)]} `;
    parts.push(`${sign}**${summary(report)}** ${cost ? `Cost: **${monthly(report)}**.` : ""}`.trim());
  }
  if (blocked.length > 0) parts.push(fence(howToAllow(report).join("\n")));
  const broken = violations.map(
    ({ policy, message, resource, advisory }) =>
      `- ${advisory ? "Advice" : "**Broken**"}: ${code(policy)}${resource ? ` (${code(resource)})` : ""}: ${cell(message)}`,
  );
  if (broken.length > 0) parts.push(["**Policies**", "", ...broken].join("\n"));
  if (changes.length > 0) {
    const rows = changes.map((change) => [
      `${signs[dangerOf(change)]} **${cell(change.title)}**`,
      cell(change.calls.text),
      cell(change.data.text),
      `about ${shownSeconds(change.seconds).replaceAll(" ", "&nbsp;")}`,
    ]);
    parts.push(table(["what changes", "calls", "data", "time"], rows));
  }
  if (blocked.length === 0 && stack !== "local") {
    const needed = unprotecting(
      stack,
      changes.flatMap(({ losses }) => losses),
    );
    if (needed.length > 0) parts.push(fence(needed.join("\n")));
  }
  if (cost) {
    const rows = cost.lines.map((each) => [each.what, dollarsOf(each).replaceAll(" ", "&nbsp;"), cell(each.how)]);
    const sources = Object.entries(priceSources).map(([of, url]) => `[${of}](${url})`);
    const from = `Prices: ${sources.join(", ")}; each with its date in \`local/preview/prices.ts\`.`;
    const text = `${table(["a month", "US dollars", ""], rows)}\n\n${reckonedWith(report)} ${from}`;
    parts.push(folded(`Cost: ${monthly(report)}`, text));
  }
  const notes = changes.filter((change) => change.notes.length > 0);
  if (changes.length > 0) {
    const details = changes.map((change) => {
      const resources = change.resources
        .map(({ op, type, name }) => `${code(op)} ${cell(name)} (${cell(type)})`)
        .join("; ");
      return [
        `- **${cell(change.title)}**`,
        ...change.notes.map((note) => `  - ${cell(note)}`),
        `  - ${resources}`,
      ].join("\n");
    });
    parts.push(
      folded(
        notes.length > 0 ? "Deadlines, and what the engine changes" : "What the engine changes",
        details.join("\n"),
      ),
    );
  }
  if (warnings.length > 0) parts.push(`**Warnings**\n\n${fence(warnings.join("\n"))}`);
  parts.push(
    `<sub>${GLOSSARY} All of it is from \`pulumi preview\` of this program; \`npm run preview -- --stack ${stack}\` shows the same.</sub>`,
  );
  return `${parts.join("\n\n")}\n`;
}

const table = (head: string[], rows: string[][]) =>
  [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");

const folded = (title: string, text: string) => `<details>\n<summary>${title}</summary>\n\n${text}\n\n</details>`;

/** A text of somebody else's stays a text: in a cell of a table, without markup of its own, and nobody is called by it. */
function cell(text: string): string {
  return text
    .replaceAll(/\s+/g, " ")
    .replaceAll(/[\\`*_~|<>[\]&]/g, (sign) => entities[sign] ?? `\\${sign}`)
    .replaceAll(/(?<!\w)@(?=\w)/g, "@&#8203;");
}

const entities: Record<string, string> = { "<": "&lt;", "&": "&amp;" };

/** The same as code, which it cannot end. */
function code(text: string): string {
  const flat = text.replaceAll(/\s+/g, " ");
  const ticks = "`".repeat(longestOf(flat, 0) + 1);
  return flat.includes("`") ? `${ticks} ${flat} ${ticks}` : `${ticks}${flat}${ticks}`;
}

/** Longer than any fence in the text. */
function fence(text: string): string {
  const ticks = "`".repeat(longestOf(text, 2) + 1);
  return `${ticks}\n${text}\n${ticks}`;
}

/** Length of the longest run of backticks, but at least that many. */
const longestOf = (text: string, least: number) =>
  Math.max(least, ...[...text.matchAll(/`+/g)].map(([ticks]) => ticks.length));
