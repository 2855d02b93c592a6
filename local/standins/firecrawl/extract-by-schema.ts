import { plainText, wordsOf } from "./relevant-sentences.ts";

/** What a value is taken from. */
export interface ExtractSource {
  markdown: string;
  title?: string | undefined;
  description?: string | undefined;
  url: string;
}

interface Schema {
  type?: unknown;
  properties?: unknown;
  items?: unknown;
}

const NUMBERS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];

/**
 * Stands in for a model that fills a JSON Schema from a page, by plain rules on the names of the properties:
 * `title`, `description` and `url` are the page's own; a number is the one before the property's words ("three piers");
 * a list is the list below a heading with them; a boolean is whether the page has them; text is what is said to be them
 * ("Maren Olsen is the harbour master") or what follows them after a colon. What is not found is null.
 */
export function extractBySchema(schema: unknown, source: ExtractSource): unknown {
  return valueFor("", schema as Schema, source);
}

function valueFor(name: string, schema: Schema, source: ExtractSource): unknown {
  const words = name
    .replace(/([a-z])([A-Z])/g, "$1 $2")
    .replace(/[_-]+/g, " ")
    .toLowerCase();
  const text = plainText(source.markdown);
  switch (schema?.type) {
    case "object": {
      const properties = Object.entries((schema.properties ?? {}) as Record<string, Schema>);
      return Object.fromEntries(properties.map(([key, each]) => [key, valueFor(key, each, source)]));
    }
    case "array":
      return listBelow(words, source.markdown);
    case "number":
    case "integer": {
      const found = new RegExp(`(\\d+|${NUMBERS.join("|")})\\s+${escaped(words)}`, "i").exec(text)?.[1]?.toLowerCase();
      if (found === undefined) return null;
      return NUMBERS.includes(found) ? NUMBERS.indexOf(found) : Number(found);
    }
    case "boolean":
      return wordsOf(words).every((word) => wordsOf(text).includes(word));
    default: {
      if (words === "title" || words === "description" || words === "url") return source[words] ?? null;
      const label = new RegExp(`^${escaped(words)}:\\s*(.+)$`, "im").exec(text)?.[1];
      const subject = new RegExp(`(?:^|[.!?]\\s+)([^.!?\\n]+?) is the ${escaped(words)}\\b`, "im").exec(text)?.[1];
      return label ?? subject ?? null;
    }
  }
}

function listBelow(words: string, markdown: string): string[] {
  const lines = markdown.split("\n");
  const heading = lines.findIndex((line) => /^#+ /.test(line) && line.toLowerCase().includes(words));
  if (heading === -1) return [];
  const after = lines.slice(heading + 1);
  const end = after.findIndex((line) => /^#+ /.test(line));
  return after
    .slice(0, end === -1 ? undefined : end)
    .filter((line) => /^\s*(?:[-*]|\d+\.)\s/.test(line))
    .map((line) => plainText(line).trim());
}

const escaped = (text: string) => text.replace(/[^\p{L}\p{N} ]/gu, "\\$&");
