import type { Context } from "hono";
import { ApiError, unprocessable } from "./envelope.ts";

/** A JSON object as a client sent it. */
export type Fields = Record<string, unknown>;

/** @throws {ApiError} 400 if the body is not a JSON object */
export async function readFields(c: Context): Promise<Fields> {
  const body: unknown = await c.req.json().catch(() => undefined);
  if (!isFields(body)) throw new ApiError(400, "bad_request", "The request body must be a JSON object.");
  return body;
}

export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** @throws {ApiError} 422 if the field is not a string with something in it */
export function requiredText(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value !== "string" || value.trim() === "") throw unprocessable(`${name} is required and must be a string`);
  return value;
}

/** @throws {ApiError} 422 if the field is there and not a string */
export function optionalText(fields: Fields, name: string): string {
  const value = fields[name] ?? "";
  if (typeof value !== "string") throw unprocessable(`${name} must be a string`);
  return value;
}

/** An empty list without the field. @throws {ApiError} 422 if the field is no list of what `is` accepts */
export function list<T>(fields: Fields, name: string, is: (entry: unknown) => entry is T): T[] {
  const value = fields[name] ?? [];
  if (!Array.isArray(value) || !value.every(is)) throw unprocessable(`${name} must be a list of the right kind`);
  return value;
}

export function isText(value: unknown): value is string {
  return typeof value === "string";
}

/** A copy without the named fields, which a client may not set. */
export function without(fields: Fields, ...names: string[]): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !names.includes(name)));
}
