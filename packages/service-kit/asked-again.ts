/** Longest wait for the broker's answer, in milliseconds. */
export const ANSWER_TIMEOUT_MS = 10_000;

/** Pauses before the next question, in milliseconds: the broker may be replaced at that moment, or start anew. */
const PAUSES_MS = [0, 500, 1_500];

/**
 * Asks again when an answer is lost, as when the broker's Worker is replaced or ends at that moment: no call has to fail for
 * that. For questions that do no harm when they are asked twice.
 *
 * @param signal once it is aborted, nothing is waited for any longer, whatever becomes of the question
 * @throws what the last question threw, or the signal's reason
 */
export async function askedAgain<Answer>(ask: () => Promise<Answer>, signal: AbortSignal): Promise<Answer> {
  for (const pause of PAUSES_MS) {
    try {
      return await before(signal, ask);
    } catch (error) {
      if (signal.aborted) throw error;
      console.error(`the broker is asked once more: ${(error as Error).message}`);
      if (pause > 0) await before(signal, () => new Promise<void>((resolve) => setTimeout(resolve, pause)));
    }
  }
  return before(signal, ask);
}

/** A call over a service binding cannot be cut short; it is left to itself. */
function before<Answer>(signal: AbortSignal, ask: () => Promise<Answer>): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const late = () => reject(signal.reason);
    if (signal.aborted) return late();
    signal.addEventListener("abort", late, { once: true });
    ask()
      .then(resolve, reject)
      .finally(() => signal.removeEventListener("abort", late));
  });
}
