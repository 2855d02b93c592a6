/** How often tools are called in a month, and how that is known. */
export interface Usage {
  calls: number;
  /** For people: `counted in the audit trail over the last 30 days`. */
  source: string;
}

/** How a stack's audit trail is asked: Cloudflare's API, or the local cloud's. */
export interface AuditAccess {
  /** Of the API, e.g. `https://api.cloudflare.com/client/v4`. */
  baseUrl: string;
  token: string;
  accountId: string;
  databaseId: string;
}

const DAYS = 30;
const TIMEOUT_MS = 10_000;

/** Calls a month where nobody counted and nobody said. */
export const ASSUMED_CALLS = 10_000;

/**
 * Calls of the last 30 days, out of the audit trail; of a trail that is younger, as many as it has.
 *
 * @returns undefined when it cannot be asked
 * @see https://developers.cloudflare.com/api/resources/d1/subresources/database/methods/query/
 */
export async function countedCalls({
  baseUrl,
  token,
  accountId,
  databaseId,
}: AuditAccess): Promise<number | undefined> {
  try {
    const response = await fetch(`${baseUrl}/accounts/${accountId}/d1/database/${databaseId}/query`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify({
        sql: "SELECT COUNT(*) AS calls FROM audit WHERE kind = 'call' AND time > ?",
        params: [Date.now() - DAYS * 86_400_000],
      }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const { result } = (await response.json()) as { result?: { results?: { calls?: number }[] }[] };
    return result?.[0]?.results?.[0]?.calls;
  } catch {
    // A preview says what it reckons with; that the trail is out of reach is no reason to have none.
    return undefined;
  }
}

/**
 * @param given by the person, calls a month
 * @param counted out of the audit trail
 */
export function usageOf(given: number | undefined, counted: number | undefined): Usage {
  if (given !== undefined) return { calls: given, source: "as given by --calls-per-month" };
  if (counted !== undefined && counted > 0) {
    return { calls: counted, source: `counted in the audit trail over the last ${DAYS} days` };
  }
  const why = counted === 0 ? "the audit trail has none of the last 30 days" : "the audit trail could not be asked";
  return { calls: ASSUMED_CALLS, source: `an assumption: ${why}; --calls-per-month N for another` };
}
