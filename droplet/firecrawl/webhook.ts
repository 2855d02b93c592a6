import { z } from "zod";
import type { FirecrawlApi } from "./api.ts";
import { urlInput } from "./page-options.ts";

/** Where a job tells how it goes on. @param events what there is to be told of */
export const webhookInput = <const Events extends readonly [string, ...string[]]>(events: Events) =>
  z
    .strictObject({
      url: urlInput.describe("Public address to which Firecrawl sends a POST"),
      events: z.array(z.enum(events)).min(1).max(10).optional().describe("Only these; default all"),
    })
    .optional()
    .describe("Have Firecrawl tell another system how it goes on");

/** The webhook as the API takes it. @throws {ToolError} for an address that is not public */
export function webhookOf<Event extends string>(
  webhook: { url: string; events?: Event[] | undefined } | undefined,
  upstream: FirecrawlApi,
): { webhook?: { url: string; events?: Event[] } } {
  if (!webhook) return {};
  const { url, events } = webhook;
  return { webhook: { url: upstream.target(url), ...(events && { events }) } };
}
