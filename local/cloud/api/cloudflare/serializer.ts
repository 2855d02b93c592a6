/**
 * Makes a function that runs work one at a time per key, in the order of the calls; other keys are not held up.
 * A piece of work that fails fails its own call only.
 */
export function serializer(): <T>(key: string, work: () => Promise<T> | T) => Promise<T> {
  const last = new Map<string, Promise<unknown>>();
  return async (key, work) => {
    const run = (last.get(key) ?? Promise.resolve()).then(work, work);
    last.set(key, run);
    try {
      return await run;
    } finally {
      if (last.get(key) === run) last.delete(key);
    }
  };
}
