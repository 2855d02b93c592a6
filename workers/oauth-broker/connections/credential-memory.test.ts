import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { CredentialMemory } from "./credential-memory.ts";

beforeEach(() => vi.useFakeTimers({ now: 1_000_000_000_000 }));
afterEach(() => vi.useRealTimers());

const inSeconds = (seconds: number) => Date.now() / 1000 + seconds;

test("a credential is kept for less than a minute", () => {
  const memory = new CredentialMemory();
  memory.set("a", { token: "1" });
  vi.advanceTimersByTime(44_000);
  expect(memory.get("a")).toEqual({ token: "1" });
  vi.advanceTimersByTime(2_000);
  expect(memory.get("a")).toBeUndefined();
});

test("one that ends sooner is not kept beyond its end", () => {
  const memory = new CredentialMemory();
  memory.set("a", { token: "1", expiresAt: inSeconds(10) });
  vi.advanceTimersByTime(9_000);
  expect(memory.get("a")?.token).toBe("1");
  vi.advanceTimersByTime(1_000);
  expect(memory.get("a")).toBeUndefined();
});

test("one that is forgotten is gone at once, and the others stay", () => {
  const memory = new CredentialMemory();
  memory.set("a", { token: "1" });
  memory.set("b", { token: "2" });
  memory.forget("a");
  expect([memory.get("a"), memory.get("b")?.token]).toEqual([undefined, "2"]);
});

test("there are never more than 500; the oldest goes", () => {
  const memory = new CredentialMemory();
  for (let i = 0; i <= 500; i++) memory.set(String(i), { token: String(i) });
  expect([memory.get("0"), memory.get("1")?.token, memory.get("500")?.token]).toEqual([undefined, "1", "500"]);
});
