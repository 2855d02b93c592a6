import { setTimeout as wait } from "node:timers/promises";

/**
 * Tries an assertion until it holds, and fails with its last error.
 *
 * @param seconds how long to go on trying
 */
export async function eventually(assertion: () => Promise<void>, seconds = 30): Promise<void> {
  const end = performance.now() + seconds * 1000;
  for (;;) {
    try {
      return await assertion();
    } catch (error) {
      if (performance.now() > end) throw error;
      await wait(100);
    }
  }
}
