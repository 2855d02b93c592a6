/** A file's change as `git diff` shows it: one hunk, from the first line that differs to the last. */
export interface LineDiff {
  additions: number;
  deletions: number;
  /** Without the lines that name the files. */
  patch: string;
}

const CONTEXT = 3;

/** @param from before the change; undefined for a file that is new */
export function lineDiff(from: string | undefined, to: string | undefined): LineDiff {
  const before = linesOf(from ?? "");
  const after = linesOf(to ?? "");
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start++;
  let end = 0;
  while (
    end < before.length - start &&
    end < after.length - start &&
    before[before.length - 1 - end] === after[after.length - 1 - end]
  ) {
    end++;
  }
  const removed = before.slice(start, before.length - end);
  const added = after.slice(start, after.length - end);
  const lead = before.slice(Math.max(0, start - CONTEXT), start);
  const trail = before.slice(before.length - end, before.length - end + CONTEXT);
  const range = (count: number) => `${count === 0 ? 0 : start - lead.length + 1},${count}`;
  const hunk = [
    `@@ -${range(lead.length + removed.length + trail.length)} +${range(lead.length + added.length + trail.length)} @@`,
    ...lead.map((line) => ` ${line}`),
    ...removed.map((line) => `-${line}`),
    ...added.map((line) => `+${line}`),
    ...trail.map((line) => ` ${line}`),
  ];
  return { additions: added.length, deletions: removed.length, patch: hunk.join("\n") };
}

function linesOf(text: string): string[] {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines;
}
