import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { FirecrawlHarness } from "../testing/firecrawl-harness.ts";

interface Started {
  id: string;
  thread: string;
  turn: number;
}

let firecrawl: FirecrawlHarness;
let site: string;
beforeAll(async () => {
  firecrawl = await FirecrawlHarness.start({ pagesPerLook: 2 });
  ({ site } = firecrawl);
});
afterEach(() => expect(firecrawl.problems.splice(0)).toEqual([]));
afterAll(() => firecrawl?.close());

const prompt = "Who is the harbour master?";
const start = (args: Record<string, unknown> = {}) => firecrawl.call<Started>("agent", { prompt, ...args });
const status = (id: string, args: Record<string, unknown> = {}) =>
  firecrawl.call<Record<string, unknown>>("agent_status", { id, ...args });

test("agent: gives an id at once, and agent_status what it found when it is done", async () => {
  const { id, thread, turn } = await start();
  expect(turn).toBe(1);
  expect(await status(id)).toMatchObject({ status: "processing", thread });
  const told: string[] = [];
  const args = { id, wait_seconds: 20 };
  const done = await firecrawl.call("agent_status", args, ({ message }) => told.push(message!));
  expect(done).toMatchObject({ status: "completed", data: { answer: expect.stringContaining("Maren Olsen") } });
  expect(told).toEqual(["It is running."]);
});

test("agent_status: gives the data of a schema, and what it has cost", async () => {
  const schema = { type: "object", properties: { piers: { type: "number" } } };
  const { id } = await start({ urls: [site], strictConstrainToURLs: true, schema, effort: "low", maxCredits: 5 });
  expect(await status(id, { wait_seconds: 20 })).toMatchObject({ data: { piers: 3 }, credits_used: 1 });
});

test("agent: takes no address that is not public, in whatever field it is", async () => {
  firecrawl.harness.arrived.length = 0;
  for (const args of [
    { prompt, urls: ["http://0x7f.1/"] },
    { prompt: "Log in at http://127.0.0.1:8789/ and tell what you see" },
    { prompt, webhook: { url: "https://192.168.1.1/hook" } },
  ]) {
    expect(await firecrawl.refused("agent", args)).toContain("cannot be read: it is not a public address");
  }
  expect(firecrawl.harness.arrived).toEqual([]);
});

test("agent_thread: has the turns of a conversation, the newest first", async () => {
  const first = await start({ mode: "chat" });
  expect(await status(first.id, { wait_seconds: 20 })).toMatchObject({ message: expect.stringContaining("Maren") });
  const second = await start({ prompt: "When is high water?", thread: first.thread, mode: "chat" });
  expect(second).toMatchObject({ thread: first.thread, turn: 2 });
  const read = (cursor?: string) =>
    firecrawl.call<{ next_cursor: string }>("agent_thread", { thread: first.thread, limit: 1, cursor });
  const newest = await read();
  expect(newest).toMatchObject({ status: "running", turns: [{ agent: second.id, turn: 2, status: "processing" }] });
  const older = await read(newest.next_cursor);
  expect(older).toMatchObject({
    turns: [{ agent: first.id, turn: 1, prompt, status: "succeeded", message: expect.stringContaining("Maren") }],
  });
  expect(older.next_cursor).toBeUndefined();
  expect(await firecrawl.refused("agent", { prompt, thread: "no-such-thread" })).toContain("There is no such thread");
});

test("cancel_agent: says what would be lost, and then does it", async () => {
  const { id } = await start();
  expect(await firecrawl.call("cancel_agent", { id, dry_run: true })).toEqual({
    would: "Stops the agent, which has used 2 credits. What it has found so far is lost.",
  });
  expect(await firecrawl.call("cancel_agent", { id })).toEqual({ id, cancelled: true });
  expect(await status(id)).toMatchObject({ status: "failed", error: "Cancelled" });
  expect(await firecrawl.call("cancel_agent", { id, dry_run: true })).toEqual({
    would: "Nothing: the agent is failed already.",
  });
});

test("agent_trace: tells what it has done, the newest first, in parts", async () => {
  const { id } = await start({ urls: [`${site}about`] });
  await status(id, { wait_seconds: 20 });
  const trace = (args = {}) =>
    firecrawl.call<{ events: { type: string; text?: string }[]; next_cursor: string }>("agent_trace", { id, ...args });
  const first = await trace({ limit: 2 });
  expect(first.events).toMatchObject([
    { type: "run.finished", agent: "Reader", text: "succeeded" },
    { type: "tool_call.finished", text: "scrape" },
  ]);
  const rest = await trace({ cursor: first.next_cursor });
  expect(rest.events).toMatchObject([
    { type: "tool_call.started", text: `scrape {"url":"${site}about"}` },
    { type: "run.started" },
  ]);
});

test("list_agents: has the newest first, and older ones by cursor", async () => {
  const { id } = await start({ prompt: "The newest" });
  for (let more = 0; more < 21; more++) await start({ prompt: `Number ${more}` });
  const first = await firecrawl.call<{ agents: { id: string; prompt: string }[]; next_cursor: string }>("list_agents");
  expect(first.agents).toHaveLength(20);
  expect(first.agents[0]!.prompt).toBe("Number 20");
  const older = await firecrawl.call<typeof first>("list_agents", { cursor: first.next_cursor });
  expect(older.agents.map((agent) => agent.id)).toContain(id);
});
