import { DurableObject } from "cloudflare:workers";
import { record } from "../audit/trail.ts";
import type { BrokerEnv } from "../config.ts";
import { type ConnectionPlace, type ConnectionRecord, placeOf, times, unixNow } from "./record.ts";
import { UpstreamFailure, type UpstreamToken } from "./upstream.ts";
import { upstreamOf } from "./upstreams.ts";
import { VaultError, vaultOf } from "./vault.ts";
import { withinBudget } from "./within-budget.ts";

/** What a person connects: a credential that the upstream has accepted. */
export interface NewConnection {
  kind: ConnectionRecord["kind"];
  account: string | undefined;
  token: UpstreamToken;
}

/** A connection as it is kept: the refresh token, sealed, never leaves the object. */
interface Kept extends ConnectionRecord {
  refreshToken?: string;
}

const KEY = "connection";
/** After an upstream did not answer, what is still good is given without asking it again, for so long, in seconds. */
const PAUSE = 15;

/**
 * One person's connection to one upstream: the truth of which KV has a copy to read. Whatever changes it passes through
 * this one object, so that a refresh token that works once is used once.
 */
export class ConnectionKeeper extends DurableObject<BrokerEnv> {
  #refreshing: Promise<Kept | undefined> | undefined;
  #changes: Promise<unknown> = Promise.resolve();
  /** Unix time in seconds. */
  #pausedUntil = 0;

  /** What is kept, for the person's pages. */
  async look(): Promise<ConnectionRecord | undefined> {
    const kept = await this.#kept();
    return kept && shared(kept);
  }

  /**
   * Keeps what the person has connected, in place of what was there.
   *
   * @throws {VaultError} when the vault has no key
   * @throws when the copy in KV could not be written: the old one may be read until the person tries again
   */
  async keep(place: ConnectionPlace, { kind, account, token }: NewConnection): Promise<void> {
    const now = unixNow();
    const connection = {
      id: crypto.randomUUID(),
      kind,
      ...(account !== undefined && { account }),
      connectedAt: now,
      status: "ok" as const,
      ...(await this.#sealed(place, token, now)),
    };
    await this.#change(async () => {
      await this.ctx.storage.put(KEY, connection);
      await this.#copy(place, connection);
    });
    this.#pausedUntil = 0;
  }

  /**
   * The connection with a credential that is good now, where the upstream gives one; callers at the same time share one
   * refresh, and none is made for who has only not seen the last one. When the upstream does not answer, what there was is
   * given, though it may have expired.
   */
  async fresh(place: ConnectionPlace): Promise<ConnectionRecord | undefined> {
    let kept = await this.#resealed(place);
    if (kept && this.#isDue(kept)) {
      this.#refreshing ??= this.#refresh(place).finally(() => {
        this.#refreshing = undefined;
      });
      kept = await this.#refreshing;
    }
    return kept && shared(kept);
  }

  /** Forgets the connection, and gives its token back to the upstream as far as that takes it. */
  async disconnect(place: ConnectionPlace): Promise<{ found: boolean; revoked: boolean }> {
    // What a refresh brings now has to be given back, too.
    await this.#refreshing?.catch(() => {});
    const kept = await this.#change(async () => {
      const found = await this.#kept();
      // First the copy: if that fails nothing has happened yet, and the person is told.
      await this.env.OAUTH_KV.delete(placeOf(place));
      await this.ctx.storage.deleteAll();
      return found;
    });
    if (!kept) return { found: false, revoked: false };
    try {
      const upstream = upstreamOf(this.env, place.service);
      if (upstream?.kind !== "oauth") return { found: true, revoked: false };
      await upstream.revoke(await this.#opened(place, kept));
      return { found: true, revoked: true };
    } catch (error) {
      console.error(`oauth-broker: ${place.service}: a token was not revoked: ${(error as Error).message}`);
      return { found: true, revoked: false };
    }
  }

  #kept(): Promise<Kept | undefined> {
    return this.ctx.storage.get<Kept>(KEY);
  }

  /** What is kept, sealed again if that was with a key that is to go. */
  async #resealed(place: ConnectionPlace): Promise<Kept | undefined> {
    const kept = await this.#kept();
    if (!kept) return undefined;
    const vault = vaultOf(this.env.VAULT_KEYS);
    if (!vault.isStale(kept.credential) && !(kept.refreshToken && vault.isStale(kept.refreshToken))) return kept;
    try {
      return await this.#changeOf(kept.id, async (current) => {
        const token = await this.#opened(place, current);
        const { credential, refreshToken } = await this.#sealed(place, token, unixNow());
        return this.#save(place, { ...current, credential, ...(refreshToken && { refreshToken }) });
      });
    } catch (error) {
      // Its key is gone; whoever opens it says so.
      if (error instanceof VaultError) return kept;
      throw error;
    }
  }

  #isDue(kept: Kept): boolean {
    const { status, expiresAt, refreshAt } = kept;
    const now = unixNow();
    if (status === "broken" || expiresAt === undefined || refreshAt === undefined || now < refreshAt) return false;
    return now >= expiresAt || now >= this.#pausedUntil;
  }

  async #refresh(place: ConnectionPlace): Promise<Kept | undefined> {
    const kept = await this.#kept();
    if (!kept || !this.#isDue(kept)) return kept;
    const upstream = upstreamOf(this.env, place.service);
    try {
      if (upstream?.kind !== "oauth")
        throw new UpstreamFailure("misconfigured", "It is not an OAuth upstream any more.");
      const { refreshToken } = await this.#opened(place, kept);
      if (refreshToken === undefined) {
        if (unixNow() < kept.expiresAt!) return kept;
        throw new UpstreamFailure("refused", `${upstream.title} gave no refresh token.`);
      }
      const token = await withinBudget((signal) => upstream.refresh(refreshToken, signal));
      const sealed = await this.#sealed(place, { refreshToken, ...token }, unixNow());
      const { expiresAt: _, refreshAt: __, ...rest } = kept;
      this.#audit(place, "allowed");
      return await this.#changeOf(kept.id, () => this.#save(place, { ...rest, ...sealed }));
    } catch (error) {
      if (!(error instanceof UpstreamFailure || error instanceof VaultError)) throw error;
      this.#audit(place, "failed", error.message);
      if (error instanceof VaultError || error.kind === "refused") {
        return this.#changeOf(kept.id, (current) => this.#save(place, { ...current, status: "broken" }));
      }
      if (error.kind === "misconfigured") console.error(`oauth-broker: ${place.service}: ${error.message}`);
      this.#pausedUntil = unixNow() + PAUSE;
      return kept;
    }
  }

  /** Changes happen one after the other, the copy in KV included: of two, the later one is what both places have. */
  #change<Result>(change: () => Promise<Result>): Promise<Result> {
    const done = this.#changes.then(change);
    this.#changes = done.catch(() => {});
    return done;
  }

  /** Changes what is kept only if it is still the same connection: the person may have connected anew, or disconnected. */
  #changeOf(id: string, change: (current: Kept) => Promise<Kept>): Promise<Kept | undefined> {
    return this.#change(async () => {
      const current = await this.#kept();
      return current?.id === id ? change(current) : current;
    });
  }

  /** Keeps a change that the broker itself has made. Without a new copy in KV, whoever finds the old one asks here. */
  async #save(place: ConnectionPlace, kept: Kept): Promise<Kept> {
    await this.ctx.storage.put(KEY, kept);
    await this.#copy(place, kept).catch((error: Error) =>
      console.error(`oauth-broker: ${place.service}: the copy of a connection was not written: ${error.message}`),
    );
    return kept;
  }

  #copy(place: ConnectionPlace, kept: Kept): Promise<void> {
    return this.env.OAUTH_KV.put(placeOf(place), JSON.stringify(shared(kept)));
  }

  async #sealed(place: ConnectionPlace, token: UpstreamToken, now: number) {
    const vault = vaultOf(this.env.VAULT_KEYS);
    const { accessToken, refreshToken, expiresIn } = token;
    return {
      credential: await vault.seal(accessToken, placeOf(place)),
      ...(refreshToken !== undefined && { refreshToken: await vault.seal(refreshToken, refreshPlaceOf(place)) }),
      ...times(expiresIn, now),
    };
  }

  async #opened(place: ConnectionPlace, { credential, refreshToken }: Kept): Promise<UpstreamToken> {
    const vault = vaultOf(this.env.VAULT_KEYS);
    return {
      accessToken: await vault.open(credential, placeOf(place)),
      ...(refreshToken !== undefined && { refreshToken: await vault.open(refreshToken, refreshPlaceOf(place)) }),
    };
  }

  #audit({ userId, service }: ConnectionPlace, decision: "allowed" | "failed", reason?: string): void {
    const event = {
      time: Date.now(),
      kind: "refresh" as const,
      user: userId,
      service,
      decision,
      ...(reason && { reason }),
    };
    this.ctx.waitUntil(
      record(this.env.AUDIT, [event]).catch((error: Error) => console.error(`oauth-broker: audit: ${error.message}`)),
    );
  }
}

/** Without what stays in the object. */
function shared({ refreshToken: _, ...rest }: Kept): ConnectionRecord {
  return rest;
}

/** Another place than the access token's: the one does not open where the other belongs. */
function refreshPlaceOf(place: ConnectionPlace): string {
  return `${placeOf(place)}:refresh`;
}
