import TurndownService from "turndown";
import { z } from "zod";

const canvasContent = z.strictObject({ format: z.enum(["html", "markdown"]), content: z.string() });

/** The published description's `PageCreate`, without sync pages, which the stand-in does not keep: they are refused. */
export const pageCreate = z.strictObject({
  name: z.string().optional(),
  subtitle: z.string().optional(),
  iconName: z.string().optional(),
  imageUrl: z.string().optional(),
  parentPageId: z.string().optional(),
  pageContent: z
    .discriminatedUnion("type", [
      z.strictObject({ type: z.literal("canvas"), canvasContent }),
      z.strictObject({
        type: z.literal("embed"),
        url: z.string(),
        renderMethod: z.enum(["compatibility", "standard"]).optional(),
      }),
    ])
    .optional(),
});

/** The published description's `PageUpdate`. */
export const pageUpdate = z.strictObject({
  name: z.string().optional(),
  subtitle: z.string().optional(),
  iconName: z.string().optional(),
  imageUrl: z.string().optional(),
  isHidden: z.boolean().optional(),
  contentUpdate: z.strictObject({ insertionMode: z.enum(["append", "replace"]), canvasContent }).optional(),
});

const turndown = new TurndownService({ headingStyle: "atx", bulletListMarker: "-", emDelimiter: "*" });

/** Content as it is kept: as Markdown. */
export function toMarkdown({ format, content }: z.infer<typeof canvasContent>): string {
  return format === "markdown" ? content : turndown.turndown(content);
}

/** The blocks of Markdown that pages of the stand-in are made of: headings, lists of one level, paragraphs. */
export function toHtml(markdown: string): string {
  return markdown
    .split(/\n{2,}|\n(?=#)|(?<=^#.*)\n/m)
    .filter((block) => block.trim() !== "")
    .map((block) => {
      const heading = /^(#{1,6}) (.*)$/.exec(block);
      if (heading) return `<h${heading[1]!.length}>${inline(heading[2]!)}</h${heading[1]!.length}>`;
      const lines = block.split("\n");
      if (lines.every((line) => /^[-*] /.test(line))) {
        return `<ul>${lines.map((line) => `<li>${inline(line.slice(2))}</li>`).join("")}</ul>`;
      }
      return `<p>${lines.map(inline).join("<br>")}</p>`;
    })
    .join("\n");
}

function inline(text: string): string {
  return text
    .replace(/&/g, "&amp;")
    .replace(/</g, "&lt;")
    .replace(/\*\*(.+?)\*\*/g, "<strong>$1</strong>")
    .replace(/\*(.+?)\*/g, "<em>$1</em>")
    .replace(/\[([^\]]*)\]\(([^)\s]*)\)/g, '<a href="$2">$1</a>');
}
