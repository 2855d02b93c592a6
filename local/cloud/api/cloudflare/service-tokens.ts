import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { Hono } from "hono";
import { type Fields, readFields, text } from "./body.ts";
import type { CloudflareContext } from "./context.ts";
import { ApiError, page, success } from "./envelope.ts";
import { hexId, now, uuid } from "./identifiers.ts";
import type { ServiceTokenRecord } from "./records.ts";

const perPage = { default: 25, max: 1000 };
/** A year, as the API writes it. */
const DEFAULT_DURATION = "8760h";
/** Go's `time.ParseDuration`, in which the API reads durations; in milliseconds. */
const UNITS: Record<string, number> = { ns: 1e-6, us: 1e-3, µs: 1e-3, ms: 1, s: 1e3, m: 60e3, h: 3600e3 };

/**
 * `/accounts/{account_id}/access/service_tokens` (Cloudflare API, Access service tokens): a secret is told once, when it is made.
 * https://developers.cloudflare.com/api/resources/zero_trust/subresources/access/subresources/service_tokens/
 */
export function serviceTokenRoutes({ serviceTokens, policies }: CloudflareContext): Hono {
  const token = (id = ""): ServiceTokenRecord => {
    const found = serviceTokens.get(id);
    if (!found) throw new ApiError(404, 12135, "access.api.error.not_found");
    return found;
  };
  const save = (record: Omit<ServiceTokenRecord, "updated_at" | "expires_at">, expires_at = expiry(record.duration)) =>
    serviceTokens.put({ ...record, updated_at: now(), expires_at });

  return new Hono()
    .get("/", (c) => {
      const name = c.req.query("name");
      const found = serviceTokens.list((one) => name === undefined || one.name === name);
      return page(c, found.map(told), perPage);
    })
    .post("/", async (c) => {
      const body = await readFields(c);
      const name = text(body, "name");
      if (name === undefined) throw invalid("name is required");
      const secret = newSecret();
      const made = save({
        id: uuid(),
        name,
        client_id: `${hexId()}.access`,
        secretHash: hashOf(secret),
        previous: null,
        client_secret_version: version(body) ?? 1,
        duration: duration(body) ?? DEFAULT_DURATION,
        enabled: body.enabled !== false,
        created_at: now(),
      });
      return success(c, { ...told(made), client_secret: secret });
    })
    .get("/:token_id", (c) => success(c, told(token(c.req.param("token_id")))))
    .put("/:token_id", async (c) => {
      const before = token(c.req.param("token_id"));
      const body = await readFields(c);
      const longer = duration(body);
      const asked = version(body) ?? before.client_secret_version;
      // A higher version makes a new secret, as a rotation does; only that answer has it.
      const rotated = asked > before.client_secret_version ? newSecret() : undefined;
      const until = text(body, "previous_client_secret_expires_at");
      const kept = before.previous && until ? { ...before.previous, expires_at: until } : before.previous;
      const changed = save(
        {
          ...before,
          name: text(body, "name") ?? before.name,
          enabled: typeof body.enabled === "boolean" ? body.enabled : before.enabled,
          duration: longer ?? before.duration,
          client_secret_version: asked,
          previous: rotated ? replaced(before, until) : kept,
          secretHash: rotated ? hashOf(rotated) : before.secretHash,
        },
        longer ? expiry(longer) : before.expires_at,
      );
      return success(c, { ...told(changed), ...(rotated && { client_secret: rotated }) });
    })
    .post("/:token_id/rotate", async (c) => {
      const before = token(c.req.param("token_id"));
      const body: Fields = (await c.req.text()) === "" ? {} : await readFields(c);
      const secret = newSecret();
      const changed = save(
        {
          ...before,
          client_secret_version: before.client_secret_version + 1,
          previous: replaced(before, text(body, "previous_client_secret_expires_at")),
          secretHash: hashOf(secret),
        },
        before.expires_at,
      );
      return success(c, { ...told(changed), client_secret: secret });
    })
    .post("/:token_id/refresh", (c) => {
      const before = token(c.req.param("token_id"));
      return success(c, told(save(before, expiry(before.duration))));
    })
    .delete("/:token_id", (c) => {
      const found = token(c.req.param("token_id"));
      const uses = policies.list((policy) => JSON.stringify(policy.include ?? []).includes(`"${found.id}"`));
      if (uses.length > 0) {
        throw new ApiError(409, 12130, "access.api.error.invalid_request: service token is used by a policy");
      }
      serviceTokens.delete(found.id);
      return success(c, told(found));
    });
}

/**
 * @returns whether these are the credentials of this token, and it is enabled and has not expired
 */
export function isSecretOf(token: ServiceTokenRecord, secret: string, at = Date.now()): boolean {
  const { enabled, expires_at, secretHash, previous } = token;
  if (!enabled || (expires_at !== null && Date.parse(expires_at) <= at)) return false;
  const given = Buffer.from(hashOf(secret));
  const is = (hash: string) => timingSafeEqual(given, Buffer.from(hash));
  return is(secretHash) || (previous !== null && Date.parse(previous.expires_at) > at && is(previous.secretHash));
}

/** The secret that is no longer the current one; without a time until when it is good, it ends at once. */
function replaced({ secretHash }: ServiceTokenRecord, until: string | undefined): ServiceTokenRecord["previous"] {
  return until === undefined ? null : { secretHash, expires_at: until };
}

/** What the API tells of a token: no secret. */
function told({ secretHash: _, previous, ...token }: ServiceTokenRecord): Fields {
  return { ...token, ...(previous && { previous_client_secret_expires_at: previous.expires_at }) };
}

/** `cfast_`, 40 letters and digits, 8 of a checksum (Cloudflare docs, "Client Secret format"). */
function newSecret(): string {
  const body = randomBytes(20).toString("hex");
  return `cfast_${body}${createHash("sha256").update(body).digest("hex").slice(0, 8)}`;
}

function hashOf(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}

/** When a token ends that is made or refreshed now; null: never. */
function expiry(duration: string): string | null {
  return duration === "forever" ? null : new Date(Date.now() + milliseconds(duration)!).toISOString();
}

function duration(body: Fields): string | undefined {
  const given = text(body, "duration");
  if (given !== undefined && given !== "forever" && milliseconds(given) === undefined) {
    throw invalid(`duration ${JSON.stringify(given)} must be "forever" or like 8760h`);
  }
  return given;
}

function milliseconds(duration: string): number | undefined {
  const parts = [...duration.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join("") !== duration) return undefined;
  return parts.reduce((sum, [, value, unit = ""]) => sum + Number(value) * UNITS[unit]!, 0);
}

function version(body: Fields): number | undefined {
  return typeof body.client_secret_version === "number" ? body.client_secret_version : undefined;
}

function invalid(reason: string): ApiError {
  return new ApiError(400, 12130, `access.api.error.invalid_request: ${reason}`);
}
