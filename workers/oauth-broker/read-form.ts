import type { Ctx } from "./config.ts";

/** A body that is no form; the message is for the person. */
export class FormError extends Error {}

/** The form that a page has sent. @throws {FormError} for a body that is none */
export async function readForm(c: Ctx): Promise<FormData> {
  try {
    return await c.req.formData();
  } catch {
    throw new FormError("The form could not be read. Go back, and send it again.");
  }
}
