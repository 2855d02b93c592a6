import type { AuditEvent, BrokerBinding } from "./broker-contract.ts";

/**
 * Pauses before an event is told again, in milliseconds. Work may go on for 30 s after the answer:
 * https://developers.cloudflare.com/workers/runtime-apis/context/#waituntil
 */
const PAUSES_MS = [0, 1_000, 5_000, 15_000];

/**
 * Tells the trail of an event after the answer, over a service binding, and again while it is not taken. Told twice, if the
 * answer to that was lost, is better than not at all.
 *
 * @param waitUntil lets work go on after the answer
 */
export function recordEvent(
  binding: Pick<BrokerBinding, "record">,
  event: AuditEvent,
  waitUntil: (work: Promise<unknown>) => void,
): void {
  waitUntil(recordPatiently(() => binding.record([event]), event));
}

/**
 * Writes an event to the trail, and again while that fails. One that cannot be written is put into the log, whole: it holds
 * no secret, and whoever reads the log has the trail that is missing.
 *
 * @param write adds the event to the trail; throws when it was not taken
 */
export async function recordPatiently(write: () => Promise<void>, event: AuditEvent): Promise<void> {
  for (const pause of [...PAUSES_MS, undefined]) {
    try {
      return await write();
    } catch (error) {
      if (pause === undefined) {
        console.error(`audit: an event was lost: ${(error as Error).message}: ${JSON.stringify(event)}`);
      } else await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
}
