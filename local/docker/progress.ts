const EVERY_MS = 10_000;

/** Does something long, and logs what it is and for how many seconds it runs, every ten seconds. */
export async function reportingProgress<T>(
  log: (line: string) => void,
  what: string,
  work: () => Promise<T>,
): Promise<T> {
  const started = Date.now();
  const timer = setInterval(() => log(`docker: ${what}, ${Math.round((Date.now() - started) / 1000)} s`), EVERY_MS);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}
