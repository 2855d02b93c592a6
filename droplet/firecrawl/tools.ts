import { scrape } from "./tools/scrape.ts";

/** Every tool of the service, in the order in which clients see them. */
export const tools = [scrape];
