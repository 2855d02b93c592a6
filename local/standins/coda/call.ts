import type { Context, Hono } from "hono";
import { z } from "zod";
import { CodaError } from "./error.ts";
import { type ListRequest, listRequest } from "./list.ts";
import type { Person } from "./model.ts";

/** What is known of every request. */
export interface Env {
  Variables: {
    person: Person;
    /** The API's base URL as the client dialled it. */
    base: string;
    /** Whether the token may only read. */
    readOnly: boolean;
  };
}
/** A request that is being answered. */
export type Call = Context<Env>;
/** What endpoints are added to. */
export type CodaApp = Hono<Env>;

/** More than these many results are never given at once; the description leaves the number to the API. */
const MAX_ITEMS = 100;

/** The list that a request asks for. @param maxLimit a larger `limit` gets this many results */
export const listOf = (c: Call, maxLimit = MAX_ITEMS): ListRequest =>
  listRequest(new URL(c.req.url), c.get("base"), maxLimit);

/** The query of a request. */
export const queryOf = (c: Call): URLSearchParams => new URL(c.req.url).searchParams;

/** @throws {CodaError} 400 for a body that is no JSON, or does not fit */
export async function bodyOf<T>(c: Call, schema: z.ZodType<T>): Promise<T> {
  const body: unknown = await c.req.json().catch(() => {
    throw new CodaError(400, "The request body must be JSON.");
  });
  const parsed = schema.safeParse(body);
  if (!parsed.success) throw new CodaError(400, z.prettifyError(parsed.error));
  return parsed.data;
}

/**
 * An id wins over a name; of several with one name, the first is taken.
 * @param what it is called in the error
 * @throws {CodaError} 404
 */
export function byIdOrName<T>(
  what: string,
  all: T[],
  idOrName: string,
  identity: (each: T) => { id: string; name: string },
): T {
  const found =
    all.find((each) => identity(each).id === idOrName) ?? all.find((each) => identity(each).name === idOrName);
  if (found === undefined) throw new CodaError(404, `There is no ${what} with the id or name "${idOrName}".`);
  return found;
}
