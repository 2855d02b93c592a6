/** What the audit trail has counted of one service. */
export interface CallCounts {
  /** All of them, the others too. */
  calls: number;
  failed: number;
  denied: number;
}

/** Where the trail is asked: Cloudflare's API, and the database in it. */
export interface TrailAddress {
  baseUrl: string;
  token: string | undefined;
  accountId: string | undefined;
  databaseId: string | undefined;
}

/** Why the trail cannot be asked, in one word. */
export type NotCounted = "no-token" | "no-database" | "unreachable" | "refused";

/** Longest wait for the answer, in milliseconds. */
const ANSWER_MS = 5_000;

/** Calls of tools by service; whatever else people and clients did (signing in, granting, …) was done at the broker. */
const SQL = `SELECT CASE kind WHEN 'call' THEN service ELSE 'oauth-broker' END AS service, decision, COUNT(*) AS calls
  FROM audit WHERE time >= ? AND kind <> 'lost' GROUP BY 1, 2`;

/**
 * Asks the audit trail, over Cloudflare's API.
 * https://developers.cloudflare.com/api/resources/d1/subresources/database/methods/query/
 *
 * @param timeoutMs longest wait for the answer, in milliseconds
 * @returns the rows; or why there are none
 */
export async function queryTrail<Row>(
  { baseUrl, token, accountId, databaseId }: TrailAddress,
  query: { sql: string; params: unknown[] },
  timeoutMs: number,
): Promise<Row[] | NotCounted> {
  if (!token) return "no-token";
  if (!accountId || !databaseId) return "no-database";
  try {
    const response = await fetch(`${baseUrl}/accounts/${accountId}/d1/database/${databaseId}/query`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify(query),
      signal: AbortSignal.timeout(timeoutMs),
    });
    const { success, result } = (await response.json()) as { success?: boolean; result?: { results: Row[] }[] };
    return success && result?.[0] ? result[0].results : "refused";
  } catch {
    return "unreachable";
  }
}

/**
 * Counts what the audit trail has of some time until now, by service.
 *
 * @param since Unix time in milliseconds
 * @returns the counts; or why there are none
 */
export async function countCalls(trail: TrailAddress, since: number): Promise<Record<string, CallCounts> | NotCounted> {
  const query = { sql: SQL, params: [since] };
  const rows = await queryTrail<{ service: string; decision: string; calls: number }>(trail, query, ANSWER_MS);
  if (typeof rows === "string") return rows;
  const counts: Record<string, CallCounts> = {};
  for (const { service, decision, calls } of rows) {
    counts[service] ??= { calls: 0, failed: 0, denied: 0 };
    const of = counts[service];
    of.calls += calls;
    if (decision === "failed") of.failed += calls;
    if (decision === "denied") of.denied += calls;
  }
  return counts;
}
