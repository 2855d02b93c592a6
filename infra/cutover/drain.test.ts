import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { engineClient } from "../droplet/engine-client.ts";
import { countConnections, watchDrain } from "./drain.ts";

/** How the end of a container is told; a server stands for Docker Engine's event stream. */

let events: ServerResponse;
let asked: string;
const engine = createServer((request, response) => {
  if (!request.url?.includes("/events")) return void response.writeHead(404).end("{}");
  asked = decodeURIComponent(request.url);
  events = response;
  response.flushHeaders();
});
const said: string[] = [];

beforeAll(async () => void (await once(engine.listen(0, "127.0.0.1"), "listening")));
afterAll(() => {
  events.end();
  engine.close();
});
beforeEach(async () => {
  said.length = 0;
  await watchDrain({
    docker: engineClient(`tcp://127.0.0.1:${(engine.address() as AddressInfo).port}`),
    stack: "acme",
    service: "coda",
    drainSeconds: 60,
    say: (message) => said.push(message),
    warn: (message) => said.push(`! ${message}`),
  });
});

const happened = (Action: string, seconds: number, attributes: object) =>
  events.write(
    `${JSON.stringify({ Action, Actor: { ID: "c0da", Attributes: attributes }, timeNano: 1e18 + seconds * 1e9 })}\n`,
  );
const told = () => expect.poll(() => said);

test.each([
  ["0", "the old container has ended by itself, with all that ran on it (3.5 s)"],
  ["143", "the old container has ended by itself, with all that ran on it (3.5 s)"],
  ["137", "! the old container was stopped after 3.5 s (cutover.drainSeconds: 60): what still ran on it was cut"],
  ["1", "! the old container ended with exit code 1 after 3.5 s"],
])("exit code %s", async (exitCode, message) => {
  happened("kill", 0, { signal: "15" });
  happened("kill", 3, { signal: "9" });
  happened("die", 3.5, { exitCode });
  await told().toEqual([message]);
});

test("a container that ends without having been asked to is not told as drained", async () => {
  happened("die", 1, { exitCode: "137" });
  happened("kill", 2, { signal: "15" });
  happened("die", 2.5, { exitCode: "0" });
  await told().toEqual(["the old container has ended by itself, with all that ran on it (0.5 s)"]);
});

test("an engine that goes away is told, if a container was ending", async () => {
  happened("kill", 0, { signal: "15" });
  await expect.poll(() => events.writableLength).toBe(0);
  events.destroy();
  await told().toEqual(["! whether what ran on the old container came to its end is not known: aborted"]);
});

test("only containers of this stack and service are listened to", () => {
  expect(asked).toContain('"label":["hybrid-mcp=acme","hybrid-mcp-role=coda"]');
});

test("connections are counted that are open to the port, from outside", () => {
  // As the kernel writes it: 8085 is 1F95.
  const table = `  sl  local_address rem_address   st tx_queue
   0: 00000000:1F95 00000000:0000 0A 00000000:00000000
   1: 0302D50A:1F95 0202D50A:C350 01 00000000:00000000
   2: 0302D50A:1F95 0202D50A:C351 06 00000000:00000000
   3: 0100007F:1F95 0100007F:C352 01 00000000:00000000
   4: 0302D50A:C353 0102D50A:1F95 01 00000000:00000000
   5: 0000000000000000FFFF00000302D50A:1F95 0000000000000000FFFF00000202D50A:C354 01 00000000:00000000`;
  expect(countConnections(table, 8085)).toBe(2);
});
