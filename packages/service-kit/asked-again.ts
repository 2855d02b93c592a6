/**
 * Asks once more when an answer is lost, as when the broker's Worker is replaced at that moment: no call has to fail for
 * that. For questions that do no harm when they are asked twice.
 *
 * @param signal once it is aborted, there is no time left for a second question
 * @throws what the last question threw
 */
export async function askedAgain<Answer>(ask: () => Promise<Answer>, signal?: AbortSignal): Promise<Answer> {
  try {
    return await ask();
  } catch (error) {
    if (signal?.aborted) throw error;
    console.error(`the broker is asked once more: ${(error as Error).message}`);
    return ask();
  }
}
