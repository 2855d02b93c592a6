import { createHash, generateKeyPairSync, type JsonWebKey, randomInt, randomUUID } from "node:crypto";
import { join } from "node:path";
import { readState, writeState } from "../state-file.ts";
import { changedPerson, type Person, type PersonChange, type Provider } from "./people.ts";

const SECOND = 1000;
const DAY = 24 * 60 * 60 * SECOND;
/** Of an authorization code, at GitHub ("Authorizing OAuth apps", step 2) and here at Google too. */
const CODE_LIFETIME_MS = 10 * 60 * SECOND;
/** How long a browser that asked for it stays signed in, in seconds. */
export const SESSION_LIFETIME_S = 14 * 24 * 60 * 60;

/** What a person allowed a client: what a code stands for. */
export interface Allowance {
  clientId: string;
  personId: string;
  scopes: string[];
  /** Where the code was sent. */
  redirectUri: string;
  /** PKCE (RFC 7636), method S256. */
  codeChallenge?: string;
  /** Goes into the ID token. */
  nonce?: string;
  /** A refresh token is wanted (Google). */
  offline?: boolean;
  /** The person was asked anew (Google's `prompt=consent`). */
  asked?: boolean;
}

export interface Token {
  /** SHA-256 of the token, base64url: tokens themselves are not kept. */
  digest: string;
  use: "access" | "refresh";
  /** Milliseconds since 1970; absent when it does not expire. */
  expiresAt?: number;
  /** A refresh token that was used, or an access token that was replaced. */
  spent?: boolean;
}

/** The tokens that come from one code, by refreshes too. */
export interface Authorization {
  id: string;
  provider: Provider;
  clientId: string;
  personId: string;
  scopes: string[];
  /** Milliseconds since 1970. */
  startedAt: number;
  refreshes: number;
  refusedRefreshes: number;
  revoked: boolean;
  tokens: Token[];
}

/** A code as it was issued, with its provider and time. */
interface Code extends Allowance {
  provider: Provider;
  digest: string;
  expiresAt: number;
}

interface Session {
  provider: Provider;
  digest: string;
  personId: string;
  expiresAt: number;
}

interface State {
  version: 1;
  /** What is different from the people of the options, by their id. */
  changes: Record<string, Pick<Person, "github" | "google">>;
  codes: Code[];
  sessions: Session[];
  authorizations: Authorization[];
  /** Signs Google's ID tokens. */
  key: { kid: string; privateKey: JsonWebKey };
}

export interface IdentityStoreOptions {
  /** Directory of the state file; without one, the state is gone with the process. */
  stateDir?: string;
  people: readonly Person[];
  /** Milliseconds since 1970. */
  now: () => number;
}

export interface IdentityStore {
  people(): Person[];
  person(id: string): Person | undefined;
  /** @throws as {@link changedPerson}, or when there is no such person */
  changePerson(id: string, change: PersonChange): Person;
  /** @returns a code that is good once, for ten minutes */
  newCode(provider: Provider, allowance: Allowance): string;
  /** Uses a code up. Undefined when it is unknown, used, too old or another client's, who cannot use it up. */
  takeCode(provider: Provider, clientId: string, code: string): Allowance | undefined;
  /** Starts what a code was good for; it has no tokens yet. */
  start(provider: Provider, allowance: Allowance): Authorization;
  /** @param lifetimeSeconds default: does not expire */
  addToken(authorization: Authorization, use: Token["use"], token: string, lifetimeSeconds?: number): void;
  /** Finds a token of any state with the authorization that it belongs to. */
  find(
    provider: Provider,
    use: Token["use"],
    token: string,
  ): { authorization: Authorization; token: Token } | undefined;
  isLive(authorization: Authorization, token: Token): boolean;
  /** All that are kept: those with a live token, and the rest for a day. */
  authorizations(): Authorization[];
  /** Changes an authorization and keeps the change. */
  update(authorization: Authorization, change: (authorization: Authorization) => void): void;
  /** Ends every authorization that fits; returns how many were not revoked before. */
  revoke(fits: (authorization: Authorization) => boolean): number;
  /** @returns the value of the cookie */
  newSession(provider: Provider, personId: string): string;
  session(provider: Provider, cookie: string): Person | undefined;
  endSession(provider: Provider, cookie: string): void;
  key(): State["key"];
}

/**
 * Opens the state in `stateDir`, or starts with none. What was changed is on disk before a method returns.
 * @throws {Error} when the state file is not one that this can read
 */
export function openIdentityStore(options: IdentityStoreOptions): IdentityStore {
  const file = options.stateDir === undefined ? undefined : join(options.stateDir, "identity.json");
  const found = readState<State>(file, "identity");
  const state = found ?? newState();
  const { now } = options;

  const save = () => {
    const at = now();
    state.codes = state.codes.filter((each) => each.expiresAt > at);
    state.sessions = state.sessions.filter((each) => each.expiresAt > at);
    state.authorizations = state.authorizations.filter(
      (each) => each.startedAt > at - DAY || each.tokens.some((token) => isLive(each, token)),
    );
    if (file !== undefined) writeState(file, state);
  };

  const isLive = (authorization: Authorization, token: Token) =>
    !authorization.revoked && !token.spent && (token.expiresAt ?? Number.POSITIVE_INFINITY) > now();

  const people = () => options.people.map((person) => ({ ...person, ...state.changes[person.id] }));
  const person = (id: string) => people().find((each) => each.id === id);

  if (!found) save();

  return {
    people,
    person,
    changePerson(id, change) {
      const before = person(id);
      if (!before) throw new Error(`There is no person with the id "${id}".`);
      const after = changedPerson(before, change);
      state.changes[id] = {
        ...(after.github && { github: after.github }),
        ...(after.google && { google: after.google }),
      };
      save();
      return after;
    },
    newCode(provider, allowance) {
      // Google's begin with `4/`, which has to be encoded in a query.
      const code = (provider === "google" ? "4/0" : "") + randomText(40);
      state.codes.push({ ...allowance, provider, digest: digest(code), expiresAt: now() + CODE_LIFETIME_MS });
      save();
      return code;
    },
    takeCode(provider, clientId, code) {
      const wanted = digest(code);
      const at = now();
      const taken = state.codes.find(
        (each) =>
          each.provider === provider &&
          each.clientId === clientId &&
          each.digest === wanted &&
          each.expiresAt > at &&
          person(each.personId),
      );
      if (!taken) return undefined;
      state.codes = state.codes.filter((each) => each !== taken);
      save();
      return taken;
    },
    start(provider, { clientId, personId, scopes }) {
      const authorization: Authorization = {
        id: randomUUID(),
        provider,
        clientId,
        personId,
        scopes,
        startedAt: now(),
        refreshes: 0,
        refusedRefreshes: 0,
        revoked: false,
        tokens: [],
      };
      state.authorizations.push(authorization);
      save();
      return authorization;
    },
    addToken(authorization, use, token, lifetimeSeconds) {
      authorization.tokens.push({
        digest: digest(token),
        use,
        ...(lifetimeSeconds !== undefined && { expiresAt: now() + lifetimeSeconds * SECOND }),
      });
      save();
    },
    find(provider, use, text) {
      const wanted = digest(text);
      for (const authorization of state.authorizations) {
        if (authorization.provider !== provider || !person(authorization.personId)) continue;
        const token = authorization.tokens.find((each) => each.use === use && each.digest === wanted);
        if (token) return { authorization, token };
      }
      return undefined;
    },
    isLive,
    authorizations: () => state.authorizations,
    update(authorization, change) {
      change(authorization);
      save();
    },
    revoke(fits) {
      const revoked = state.authorizations.filter((each) => !each.revoked && fits(each));
      for (const authorization of revoked) authorization.revoked = true;
      save();
      return revoked.length;
    },
    newSession(provider, personId) {
      const cookie = randomText(40);
      state.sessions.push({
        provider,
        digest: digest(cookie),
        personId,
        expiresAt: now() + SESSION_LIFETIME_S * SECOND,
      });
      save();
      return cookie;
    },
    session(provider, cookie) {
      const wanted = digest(cookie);
      const at = now();
      const session = state.sessions.find(
        (each) => each.provider === provider && each.digest === wanted && each.expiresAt > at,
      );
      return session && person(session.personId);
    },
    endSession(provider, cookie) {
      const wanted = digest(cookie);
      state.sessions = state.sessions.filter((each) => each.provider !== provider || each.digest !== wanted);
      save();
    },
    key: () => state.key,
  };
}

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/** @returns so many random letters and digits */
export function randomText(length: number): string {
  return Array.from({ length }, () => ALPHABET[randomInt(ALPHABET.length)]).join("");
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("base64url");
}

function newState(): State {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return {
    version: 1,
    changes: {},
    codes: [],
    sessions: [],
    authorizations: [],
    key: { kid: randomUUID(), privateKey: privateKey.export({ format: "jwk" }) },
  };
}
