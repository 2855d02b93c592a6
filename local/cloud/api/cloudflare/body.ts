import type { Context } from "hono";
import { ApiError } from "./envelope.ts";

/** A JSON object as a client sent it. */
export type Fields = Record<string, unknown>;

/** @throws {ApiError} 400, code 6007, if the body is not JSON */
export async function readJson(c: Context): Promise<unknown> {
  try {
    return JSON.parse(await c.req.text());
  } catch {
    throw new ApiError(400, 6007, "Malformed JSON in request body");
  }
}

/** @throws {ApiError} 400, code 6007, if the body is not a JSON object */
export async function readFields(c: Context): Promise<Fields> {
  const body = await readJson(c);
  if (!isFields(body)) throw new ApiError(400, 6007, "The request body must be a JSON object");
  return body;
}

export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The field if it is a string that is not empty. */
export function text(fields: Fields, name: string): string | undefined {
  const value = fields[name];
  return typeof value === "string" && value.trim() !== "" ? value : undefined;
}

/** A copy without the named fields, which a client may not set. */
export function without(fields: Fields, ...names: string[]): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !names.includes(name)));
}
