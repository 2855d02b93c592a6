import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { brokerOf } from "./broker.ts";
import type { BrokerBinding, CallAnswer } from "./broker-contract.ts";

const answer = { call: { userId: "github-1815" } } as CallAnswer;

/** The broker as a service binding, which loses some answers. */
function broker(answers: (CallAnswer | null | Error)[]) {
  const asked: string[] = [];
  const authorize: BrokerBinding["authorize"] = async (_, token) => {
    asked.push(token);
    const next = answers.shift()!;
    if (next instanceof Error) throw next;
    return next;
  };
  const BROKER = { authorize, record: async () => {} };
  return { asked, ...brokerOf({ ISSUER: "https://auth.example.com", BROKER }, "coda") };
}

beforeEach(() => void vi.spyOn(console, "error").mockImplementation(() => {}));
afterEach(() => void vi.restoreAllMocks());

const lost = () => new Error("Network connection lost.");

test("a question whose answer is lost is asked once more", async () => {
  const { admit, asked } = broker([lost(), answer]);
  expect((await admit("https://coda-mcp.example.com/mcp", "t"))?.call).toEqual(answer.call);
  expect(asked).toEqual(["t", "t"]);
});

test("a broker that starts anew is waited for", async () => {
  const { admit, asked } = broker([lost(), lost(), lost(), answer]);
  const begun = performance.now();
  expect((await admit("https://coda-mcp.example.com/mcp", "t"))?.call).toEqual(answer.call);
  expect([asked.length, performance.now() - begun > 1_900]).toEqual([4, true]);
});

test("a broker that does not answer is no endless question", async () => {
  const { admit, asked } = broker([lost(), lost(), lost(), lost(), answer]);
  await expect(admit("https://coda-mcp.example.com/mcp", "t")).rejects.toThrow("Network connection lost.");
  expect(asked).toHaveLength(4);
});

test("a no is an answer", async () => {
  const { admit, asked } = broker([null, answer]);
  expect(await admit("https://coda-mcp.example.com/mcp", "t")).toBeNull();
  expect(asked).toHaveLength(1);
});

test("a broker that hangs is waited for ten seconds, and no longer", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const timeout = vi.spyOn(AbortSignal, "timeout").mockImplementation((ms) => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(new Error(`no answer in ${ms} ms`)), ms);
    return controller.signal;
  });
  const BROKER = { authorize: () => new Promise<null>(() => {}), record: async () => {} };
  const { admit } = brokerOf({ ISSUER: "https://auth.example.com", BROKER }, "coda");
  const asked = expect(admit("https://coda-mcp.example.com/mcp", "t")).rejects.toThrow("no answer in 10000 ms");
  await vi.advanceTimersByTimeAsync(10_000);
  await asked;
  expect(timeout).toHaveBeenCalledOnce();
  vi.useRealTimers();
});
