import type { AuditEvent } from "./broker-contract.ts";

/** Events that wait to be sent, at most; more than that are dropped, the oldest first. */
const CAPACITY = 1000;
/** Events in one batch, at most. */
const BATCH = 100;

/** Audit events on their way from the droplet to the broker, kept while it cannot be reached. */
export interface AuditBuffer {
  add(event: AuditEvent): void;
  /**
   * Sends what waits, in batches, oldest first. While another call is sending, that one takes it along. What could not
   * be sent stays for the next time.
   *
   * @param deliver sends one batch; throws when it was not taken
   */
  send(deliver: (batch: AuditEvent[]) => Promise<void>): Promise<void>;
}

/** @param now Unix time in milliseconds */
export function auditBuffer(now: () => number = Date.now): AuditBuffer {
  const waiting: AuditEvent[] = [];
  let dropped = 0;
  let sending = false;

  const lost = (count: number): AuditEvent => ({
    time: now(),
    kind: "lost",
    decision: "failed",
    reason: `${count} events were dropped while the broker could not be reached`,
  });

  const trim = () => {
    while (waiting.length > CAPACITY) {
      waiting.shift();
      dropped++;
    }
  };

  return {
    add(event) {
      waiting.push(event);
      trim();
    },
    async send(deliver) {
      if (sending) return;
      sending = true;
      try {
        while (waiting.length > 0) {
          const batch = waiting.splice(0, BATCH);
          const reported = dropped;
          try {
            await deliver(reported > 0 ? [lost(reported), ...batch] : batch);
          } catch (error) {
            waiting.unshift(...batch);
            trim();
            throw error;
          }
          dropped -= reported;
        }
      } catch (error) {
        console.error(`audit: ${waiting.length} events wait: ${(error as Error).message}`);
      } finally {
        sending = false;
      }
    },
  };
}
