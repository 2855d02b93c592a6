import { readFileSync } from "node:fs";
import { UserError } from "../local/cli/user-error.ts";

/** How long a comment or an issue may be, in UTF-16 units: GitHub says so in its answer to a longer one. */
export const MAX_BODY = 65_536;

const MARKER = /^<!-- hybrid-mcp [a-z]+: [\w.-]+ -->$/;

/** What is posted, and the hidden line by which it is found again. */
export interface Body {
  marker: string;
  text: string;
}

/**
 * Reads what a command wrote with `--markdown`.
 * @throws {UserError} when it is not there, or does not begin with its marker
 */
export function readBody(file: string): Body {
  const text = readText(file);
  const marker = text.split("\n", 1)[0]!;
  if (!MARKER.test(marker))
    throw new UserError(`${file} does not begin with its marker, <!-- hybrid-mcp <what>: <stack> -->.`);
  return { marker, text: fitted(text) };
}

/**
 * What is said where a preview has left nothing to show, in the place of what was said of an earlier commit.
 * @param run URL of the run that has failed
 */
export function failedBody(stack: string, commit: string, run: string): Body {
  const marker = previewMarker(stack);
  const title = `### What this change does (stack \`${stack}\`)`;
  const text = `**The preview of ${commit} could not be made, so what it does is not known.** [The run](${run}) says why.`;
  return { marker, text: `${[marker, title, "", text].join("\n")}\n` };
}

/**
 * A body of what somebody else's code has printed: it is shown as it is, as text, so that nothing in it is a link, a picture
 * or somebody's name, and it cannot pose as anything else.
 */
export function untrustedBody(file: string, stack: string, title: string): Body {
  const marker = previewMarker(stack);
  // What a terminal would take for a command goes, and what would change the direction of the text.
  const text = readText(file).replace(/[^\P{C}\n\t]/gu, "");
  const longest = Math.max(3, ...[...text.matchAll(/`+|~+/g)].map(([run]) => run.length + 1));
  const fence = "`".repeat(longest);
  return { marker, text: fitted([marker, title, "", `${fence}text`, text.trimEnd(), fence, ""].join("\n")) };
}

function previewMarker(stack: string): string {
  return `<!-- hybrid-mcp preview: ${stack} -->`;
}

/** Cuts what is too long at the end of a line, closes what is open there, and says so. */
export function fitted(text: string, limit = MAX_BODY): string {
  if (text.length <= limit) return text;
  const note =
    "\n\n_Cut here: the rest is longer than GitHub lets a comment be. The run that posted this has all of it._\n";
  const room = limit - note.length - CLOSING_ROOM;
  const kept = text.slice(0, text.lastIndexOf("\n", room) + 1 || room);
  return kept + closing(kept) + note;
}

/** For what `closing` adds. */
const CLOSING_ROOM = 1_000;

function closing(text: string): string {
  let fence: string | undefined;
  let folded = 0;
  for (const line of text.split("\n")) {
    const run = /^(`{3,}|~{3,})/.exec(line)?.[1];
    if (fence !== undefined) {
      if (run?.startsWith(fence)) fence = undefined;
    } else if (run !== undefined) {
      fence = run;
    } else {
      folded += (line.match(/<details>/g)?.length ?? 0) - (line.match(/<\/details>/g)?.length ?? 0);
    }
  }
  return `${fence === undefined ? "" : `${fence}\n`}${"\n</details>\n".repeat(Math.max(0, Math.min(folded, 20)))}`;
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new UserError(`${file} cannot be read: ${(error as Error).message}`);
  }
}
