import { sweep } from "./audit/trail.ts";
import { authorizationServer } from "./authorization-server.ts";
import type { BrokerEnv } from "./config.ts";

/** Grants and tokens that one run looks at: each costs a KV read, and a run may do a thousand. */
const BATCH = 100;
/** Steps of a thousand events that one run removes from the trail; what is left waits for the next run. */
const MOST_AUDIT_STEPS = 10;
const CURSOR_KEY = "sweep-cursor";

/**
 * What the cron trigger does: removes grants and tokens that nobody can use any more, and audit events past their
 * retention. Sessions, sign-ins and questions end by themselves: KV forgets them. One part that fails is told in the log
 * and does not stop the other.
 *
 * @throws {AggregateError} when a part failed, so that the run counts as failed
 */
export async function sweepExpired(env: BrokerEnv, now: number = Date.now()): Promise<void> {
  const results = await Promise.allSettled([sweepGrants(env), sweepTrail(env, now)]);
  const errors = results.flatMap((result) => (result.status === "rejected" ? [result.reason as Error] : []));
  for (const error of errors) console.error(`oauth-broker: sweep: ${error.message}`);
  if (errors.length > 0) throw new AggregateError(errors, "the sweep is not complete");
}

/** Goes on where the last run stopped. One KV write or delete, none when one run is enough. */
async function sweepGrants(env: BrokerEnv): Promise<void> {
  try {
    const cursor = await env.OAUTH_KV.get<string>(CURSOR_KEY, "json");
    const result = await authorizationServer(env).purgeExpiredData(env, {
      batchSize: BATCH,
      ...(cursor && { cursor }),
    });
    if (result.cursor) await env.OAUTH_KV.put(CURSOR_KEY, JSON.stringify(result.cursor));
    else if (cursor) await env.OAUTH_KV.delete(CURSOR_KEY);
  } catch (error) {
    // A place that is no good must not stop every run to come: the next one begins anew.
    await env.OAUTH_KV.delete(CURSOR_KEY);
    throw error;
  }
}

async function sweepTrail(env: BrokerEnv, now: number): Promise<void> {
  const olderThan = now - env.BROKER_CONFIG.auditRetentionDays * 86_400_000;
  for (let step = 0; step < MOST_AUDIT_STEPS && (await sweep(env.AUDIT, olderThan)) > 0; step++);
}
