/** How often a wait says what it sees, in milliseconds. */
export const TELL_MS = 5_000;

/**
 * Says how something goes on that takes its time, every few seconds until it is stopped. It keeps no program running.
 *
 * @param tell gets the seconds since the start
 * @returns ends it, and answers how long it was, in seconds
 */
export function sayProgress(tell: (seconds: number) => Promise<void> | void): () => number {
  const start = performance.now();
  const seconds = () => (performance.now() - start) / 1000;
  // What cannot be looked at now is looked at the next time.
  const timer = setInterval(() => void Promise.resolve(tell(seconds())).catch(() => {}), TELL_MS);
  timer.unref();
  return () => {
    clearInterval(timer);
    return seconds();
  };
}
