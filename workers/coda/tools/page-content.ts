import { z } from "zod";
import type { Schemas } from "../api.ts";

/** Most characters of content that is written at a time; Coda refuses more than it can take. */
const MAX_CONTENT = 100_000;

const format = z.enum(["markdown", "html"]).default("markdown").describe("What content is written in");

/** The input of content that may be left out. */
export const contentInput = (what: string) => ({
  content: z.string().min(1).max(MAX_CONTENT).optional().describe(what),
  format,
});

/** The input of content that has to be there. */
export const neededContentInput = (what: string) => ({
  content: z.string().min(1).max(MAX_CONTENT).describe(what),
  format,
});

/** The input of an icon. */
export const iconInput = z.string().min(1).max(100).optional().describe("Name of a Coda icon, e.g. rocket");

/** Content of a new page, as Coda takes it. */
export function toContent(content: string, format: Schemas["PageContentFormat"]) {
  return { type: "canvas" as const, canvasContent: { format, content } };
}
