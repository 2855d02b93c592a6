import { z } from "zod";

/** The input that names a thing by GitHub's own number. @param what "the release: id of list_releases" */
export const idInput = (what: string) => z.int().min(1).max(Number.MAX_SAFE_INTEGER).describe(`Id of ${what}`);

/** A time, as GitHub takes it. @param what "Only what changed after this time" */
export const timeInput = (what: string) =>
  z.iso.datetime({ precision: 0 }).optional().describe(`${what}, in UTC: "2026-05-01T00:00:00Z"`);
