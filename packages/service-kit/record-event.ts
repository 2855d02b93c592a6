import { askedAgain } from "./asked-again.ts";
import type { AuditEvent, BrokerBinding } from "./broker-contract.ts";

/**
 * Tells the trail of an event after the answer, over a service binding. Told twice, if the answer to that was lost, is
 * better than not at all.
 *
 * @param waitUntil lets work go on after the answer
 */
export function recordEvent(
  binding: Pick<BrokerBinding, "record">,
  event: AuditEvent,
  waitUntil: (work: Promise<unknown>) => void,
): void {
  waitUntil(
    askedAgain(() => binding.record([event])).catch((error: Error) =>
      console.error(`audit: an event was lost: ${error.message}`),
    ),
  );
}
