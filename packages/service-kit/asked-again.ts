/**
 * Asks a question that changes nothing once more when its answer is lost, as when the broker's Worker is replaced at that
 * moment: no call has to fail for that.
 */
export async function askedAgain<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
  try {
    return await ask();
  } catch (error) {
    console.error(`the broker is asked once more: ${(error as Error).message}`);
    return ask();
  }
}
