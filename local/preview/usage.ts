import { queryTrail, type TrailAddress } from "../cli/audit-counts.ts";

/** How often tools are called in a month, and how that is known. */
export interface Usage {
  calls: number;
  /** For people: `counted in the audit trail over the last 30 days`. */
  source: string;
}

const DAYS = 30;
const TIMEOUT_MS = 10_000;

/** Calls a month where nobody counted and nobody said. */
export const ASSUMED_CALLS = 10_000;

/**
 * Calls of the last 30 days, out of the audit trail; of a trail that is younger, as many as it has.
 *
 * @returns undefined when it cannot be asked: a preview says what it reckons with, and is none the less made
 */
export async function countedCalls(trail: TrailAddress): Promise<number | undefined> {
  const sql = "SELECT COUNT(*) AS calls FROM audit WHERE kind = 'call' AND time > ?";
  const params = [Date.now() - DAYS * 86_400_000];
  const rows = await queryTrail<{ calls: number }>(trail, { sql, params }, TIMEOUT_MS);
  return typeof rows === "string" ? undefined : rows[0]?.calls;
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
