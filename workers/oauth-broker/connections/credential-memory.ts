import type { CredentialAnswer } from "@hybrid-mcp/service-kit/broker-contract";

export type Credential = Extract<CredentialAnswer, { token: string }>;

/**
 * How long an opened credential is kept in memory, in milliseconds. With the minute that KV takes to be the same
 * everywhere, one that is disconnected is gone within two minutes.
 */
const KEPT_MS = 45_000;
/** Credentials that are kept at once. */
const MOST_KEPT = 500;

/** Credentials with which people are served, opened, for this isolate alone and for a moment: they save a KV read and the vault. */
export class CredentialMemory {
  readonly #kept = new Map<string, { credential: Credential; until: number }>();

  get(place: string): Credential | undefined {
    const found = this.#kept.get(place);
    if (found && found.until > Date.now()) return found.credential;
    this.#kept.delete(place);
    return undefined;
  }

  set(place: string, credential: Credential): void {
    const until = Math.min(Date.now() + KEPT_MS, (credential.expiresAt ?? Number.POSITIVE_INFINITY) * 1000);
    this.#kept.delete(place);
    this.#kept.set(place, { credential, until });
    // The oldest goes first: a Map keeps the order in which keys were set.
    if (this.#kept.size > MOST_KEPT) this.#kept.delete(this.#kept.keys().next().value!);
  }

  forget(place: string): void {
    this.#kept.delete(place);
  }
}
