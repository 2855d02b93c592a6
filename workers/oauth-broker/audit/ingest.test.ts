import { afterAll, beforeAll, expect, test } from "vitest";
import { TestBroker } from "../testing/test-broker.ts";
import { read } from "./trail.ts";

/** What a service on the droplet sends. */

let broker: TestBroker;
beforeAll(async () => {
  broker = await TestBroker.start({ policy: [] });
});
afterAll(() => broker?.close());

const send = (body: unknown, secret = "coda-secret") =>
  fetch(`${broker.issuer}/audit`, {
    method: "POST",
    headers: { authorization: `Basic ${btoa(`coda:${secret}`)}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
const trail = async () => (await read(await broker.database(), { limit: 100 })).events;

test("a service adds its calls to the trail, as its own and from the droplet, whatever it says", async () => {
  const event = { time: 1000, kind: "call", decision: "allowed", tool: "list_docs", durationMs: 12.5 };
  const said = { ...event, service: "github", placement: "workers", arguments: "private", user: "github-1" };
  expect((await send([said])).status).toBe(204);
  expect(await trail()).toEqual([
    { ...event, id: expect.any(Number), service: "coda", placement: "droplet", user: "github-1" },
  ]);
});

test.each([
  ["no array", { time: 1 }],
  ["an event of another kind, e.g. a sign-in", [{ time: 1, kind: "sign-in", decision: "allowed" }]],
  ["an event without a time", [{ kind: "call", decision: "allowed" }]],
  ["a time between two milliseconds", [{ time: 1.5, kind: "call", decision: "allowed" }]],
  ["a time before 1970", [{ time: -1, kind: "call", decision: "allowed" }]],
  ["a time that no integer can be", [{ time: -1e300, kind: "call", decision: "allowed" }]],
  ["an unknown decision", [{ time: 1, kind: "call", decision: "maybe" }]],
  ["too many at once", Array(102).fill({ time: 1, kind: "call", decision: "allowed" })],
])("%s is refused whole", async (_, body) => {
  const before = (await trail()).length;
  expect((await send(body)).status).toBe(400);
  expect(await trail()).toHaveLength(before);
});

test("nobody but a service with its secret adds anything", async () => {
  const response = await send([{ time: 1, kind: "call", decision: "allowed" }], "wrong");
  expect([response.status, response.headers.get("www-authenticate")]).toEqual([401, 'Basic realm="audit"']);
});

test("a time in the future is brought back to now", async () => {
  await send([{ time: Date.now() + 86_400_000, kind: "call", decision: "denied" }]);
  expect((await trail())[0]!.time).toBeLessThan(Date.now() + 61_000);
});
