import { z } from "zod";

/** The input that names a thing by GitHub's own number. @param what "the release: id of list_releases" */
export const idInput = (what: string) => z.int().min(1).max(Number.MAX_SAFE_INTEGER).describe(`Id of ${what}`);

/** The login of a person or organisation, in the signs that GitHub allows. */
export const loginInput = z
  .string()
  .regex(/^[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?$/, "must be a login, without a slash")
  .max(100);

/** A time, as GitHub takes it. @param what "Only what changed after this time" */
export const timeInput = (what: string) =>
  z.iso.datetime({ precision: 0 }).optional().describe(`${what}, in UTC: "2026-05-01T00:00:00Z"`);
