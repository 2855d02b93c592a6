import { createHash, randomUUID, timingSafeEqual } from "node:crypto";
import { z } from "zod";
import { FirecrawlError, firecrawlError } from "./error.ts";

export interface FirecrawlKey {
  /** What the client sends as `Authorization: Bearer`. */
  key: string;
  /** How many pages the plan pays for, each costs one; default 1,000,000. Not kept over a restart. */
  credits?: number;
}

/** A team, as the API knows it by its key. */
export interface Account {
  digest: Buffer;
  teamId: string;
  planCredits: number;
  remainingCredits: number;
}

/** What a route finds in its context. */
export type StandInEnv = { Variables: { account: Account } };

export function accountOf({ key, credits = 1_000_000 }: FirecrawlKey): Account {
  return { digest: digest(key), teamId: randomUUID(), planCredits: credits, remainingCredits: credits };
}

/** The account whose key a request shows. @throws {FirecrawlError} 401 */
export function accountFor(accounts: readonly Account[], authorization: string | undefined): Account {
  const bearer = /^Bearer +(\S+) *$/i.exec(authorization ?? "")?.[1];
  const sent = digest(bearer ?? "");
  const account = accounts.find((each) => timingSafeEqual(each.digest, sent));
  if (!account) throw firecrawlError(401);
  return account;
}

/** @throws {FirecrawlError} 402 when the account has too few left */
export function needCredits(account: Account, credits: number): void {
  if (account.remainingCredits < credits) throw firecrawlError(402);
}

/**
 * The body of a request. The SDK's client adds its name (`origin`) to every one, so that is no field of any.
 * @throws {FirecrawlError} 400 for what is no JSON, or not as the schema says
 */
export async function readBody<Schema extends z.ZodType>(schema: Schema, request: Request): Promise<z.output<Schema>> {
  const body: unknown = await request.json().catch(() => {
    throw new FirecrawlError(400, "Bad request, malformed JSON", "BAD_REQUEST_INVALID_JSON");
  });
  return checked(schema, withoutOrigin(body));
}

function withoutOrigin(body: unknown): unknown {
  if (typeof body !== "object" || body === null || Array.isArray(body)) return body;
  const { origin: _, ...rest } = body as Record<string, unknown>;
  return rest;
}

/** @throws {FirecrawlError} 400 for what is not as the schema says */
export function checked<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new FirecrawlError(400, `Bad Request: ${z.prettifyError(parsed.error)}`, "BAD_REQUEST", parsed.error.issues);
}

/** What belongs to an account, by id. */
export class Owned<Thing extends { id: string; account: Account }> {
  readonly #things = new Map<string, Thing>();
  readonly #word: string;

  /** @param word what one is called when there is none: "Job not found" */
  constructor(word: string) {
    this.#word = word;
  }

  add(thing: Thing): Thing {
    this.#things.set(thing.id, thing);
    return thing;
  }

  remove(thing: Thing): void {
    this.#things.delete(thing.id);
  }

  /** @throws {FirecrawlError} 404 for one that there is not, or that is another account's */
  get(id: string, account: Account): Thing {
    const thing = this.#things.get(id);
    if (thing?.account !== account) throw new FirecrawlError(404, `${this.#word} not found`);
    return thing;
  }

  /** The account's, the newest first. */
  of(account: Account): Thing[] {
    return [...this.#things.values()].filter((thing) => thing.account === account).reverse();
  }
}

/** Digests have one length, so comparing them tells nothing about the key's. */
function digest(key: string): Buffer {
  return createHash("sha256").update(key).digest();
}
