import { z } from "zod";

const faults = z
  .strictObject({
    /** Milliseconds that every answer is held back. */
    latencyMs: z.number().int().min(0).max(60_000),
    /** Every request is answered with an error, and nothing is read or written. */
    fail: z.boolean(),
  })
  .partial();

/** What goes wrong on purpose with what Workers keep; by default nothing. Set at `/_control/storage` of the API, by tests. */
export const storageFaults = z.strictObject({ kv: faults, d1: faults }).partial();

export type StorageFaults = z.infer<typeof storageFaults>;
