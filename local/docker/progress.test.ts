import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { reportingProgress } from "./progress.ts";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

test.each([
  ["ends", (end: PromiseWithResolvers<string>) => end.resolve("made")],
  ["fails", (end: PromiseWithResolvers<string>) => end.reject(new Error("no"))],
])("tells every ten seconds what is being done, until it %s", async (_, finish) => {
  const end = Promise.withResolvers<string>();
  const logged: string[] = [];
  const work = reportingProgress(
    (line) => logged.push(line),
    "making it",
    () => end.promise,
  ).catch(() => "failed");
  await vi.advanceTimersByTimeAsync(25_000);
  finish(end);
  await work;
  await vi.advanceTimersByTimeAsync(25_000);
  expect(logged).toEqual(["docker: making it, 10 s", "docker: making it, 20 s"]);
});
