import { once } from "node:events";
import http, { type IncomingMessage } from "node:http";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { Log, LogLevel, Miniflare } from "miniflare";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bundleWorker } from "./bundle.ts";

/** A service as the droplet runs it: its bundle in workerd, which the connector reaches over plain HTTP. */

let workerd: Miniflare;
let url: URL;
const connection = new http.Agent({ keepAlive: true, maxSockets: 1 });

beforeAll(async () => {
  const { contents } = await bundleWorker(join(import.meta.dirname, "../../workers/coda"));
  workerd = new Miniflare({
    log: new Log(LogLevel.NONE),
    cf: false,
    name: "coda",
    modules: [{ type: "ESModule", path: "worker.js", contents }],
    compatibilityDate: "2026-07-01",
    // Not by way of Miniflare's own Worker, which reads bodies to their end.
    unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
    bindings: {
      VERSION: "1",
      REVISION: "0a1b2c3d",
      PLACEMENT: "droplet",
      PUBLIC_URL: "http://localhost:8085",
      ISSUER: "https://auth.example.com",
      BROKER_URL: "http://127.0.0.1:9",
      SERVICE_SECRET: "secret",
    },
  });
  url = await workerd.unsafeGetDirectURL("coda");
});
afterAll(async () => {
  connection.destroy();
  await workerd.dispose();
});

async function send(path: string, method: string, body = "") {
  const request = http.request(new URL(path, url), {
    agent: connection,
    method,
    headers: { host: "localhost:8085" },
  });
  request.end(body);
  const [response] = (await once(request, "response")) as [IncomingMessage];
  const answer = await text(response);
  return { status: response.statusCode, reused: request.reusedSocket, answer };
}

test("a container's health says which one it is", async () => {
  const { answer } = await send("/health", "GET");
  const expected = { status: "ok", service: "coda", version: "1", placement: "droplet", revision: "0a1b2c3d" };
  expect(JSON.parse(answer)).toEqual(expected);
});

test.each([
  ["/mcp", 401],
  ["/elsewhere", 404],
])("a large body that nobody wants costs nobody the answer, nor the connection: %s", async (path, status) => {
  for (let call = 0; call < 10; call++) {
    expect((await send(path, "POST", "x".repeat(2_000_000))).status).toBe(status);
    expect(await send("/health", "GET")).toMatchObject({ status: 200, reused: true });
  }
});
