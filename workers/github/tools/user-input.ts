import { z } from "zod";

/** A login, of the signs that GitHub allows, so that it never reaches another path of the API. */
export const login = z
  .string()
  .regex(/^[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?(?:\[bot\])?$/, "must be the login of a person")
  .max(100);
