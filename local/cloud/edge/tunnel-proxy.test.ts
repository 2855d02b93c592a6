import { once } from "node:events";
import http from "node:http";
import http2, { type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Connector, createConnector } from "../../connector/connector.ts";
import { ATTACH_PATH, ATTACH_PROTOCOL, CONTROL_HEADER } from "../../connector/protocol.ts";
import { until } from "../workers/test-scripts.ts";
import { TestDirectory, testToken } from "./test-directory.ts";
import { proxyToTunnel, proxyUpgrade } from "./tunnel-proxy.ts";
import { createTunnels, type Tunnels } from "./tunnels.ts";

/** Which connector gets a request, and that it is asked for once only. */

const TUNNEL = "tunnel-1";
const GRACE_MS = 20_000;

let tunnels: Tunnels;
let edge: http.Server;
let origin: http.Server;
/** Paths that reached the origin. */
let asked: (string | undefined)[];
/** Requests that the origin read to their end. */
let received: string[];
/** Requests to `/wait` that are not answered yet. */
let waiting: (() => void)[];
let log: string[];
let connectors: Connector[];

beforeEach(async () => {
  asked = [];
  received = [];
  waiting = [];
  log = [];
  connectors = [];
  origin = http.createServer(async (request, response) => {
    asked.push(request.url);
    const body = await text(request);
    received.push(`${request.method} ${request.url} ${body}`);
    if (request.url === "/wait") await new Promise<void>((resolve) => waiting.push(resolve));
    response.end(body);
  });
  origin.on("upgrade", (request, socket: Duplex) => {
    received.push(`upgrade ${request.url}`);
    socket.end("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
  });
  const directory = new TestDirectory();
  directory.setIngress(TUNNEL, [{ service: `http://127.0.0.1:${await listening(origin)}` }]);
  tunnels = createTunnels(directory, () => {});
  const to = (request: http.IncomingMessage) => ({
    tunnelId: TUNNEL,
    hostname: "coda-mcp.example.com",
    scheme: "http" as const,
    request,
    headers: request.rawHeaders,
  });
  edge = http.createServer((request, response) =>
    proxyToTunnel(tunnels, to(request), response, ({ status }) => response.writeHead(status).end()),
  );
  edge.on("upgrade", (request, socket: Duplex, head) => {
    if (request.url === ATTACH_PATH) tunnels.attach(request, socket, head);
    else proxyUpgrade(tunnels, to(request), socket, head, ({ status }) => socket.end(`HTTP/1.1 ${status} -\r\n\r\n`));
  });
  await listening(edge);
});

afterEach(async () => {
  for (const answer of waiting) answer();
  await Promise.all(connectors.map((connector) => connector.stop(0)));
  tunnels.close();
  for (const server of [edge, origin]) {
    server.closeAllConnections();
    server.close();
  }
});

async function listening(server: http.Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

const edgePort = () => (edge.address() as AddressInfo).port;

async function attach(): Promise<Connector> {
  const connector = createConnector({
    token: testToken(TUNNEL),
    edge: `127.0.0.1:${edgePort()}`,
    version: "test",
    log: (line) => log.push(line),
  });
  connectors.push(connector);
  void connector.run();
  await until(() => tunnels.connections(TUNNEL).some(({ id }) => id === connector.id));
  return connector;
}

/** Attaches a connector that gets its rules and does with requests what a test says. */
async function attachFaulty(onRequest: (stream: ServerHttp2Stream) => void): Promise<void> {
  const before = tunnels.connections(TUNNEL).length;
  const headers = { connection: "Upgrade", upgrade: ATTACH_PROTOCOL, authorization: `Bearer ${testToken(TUNNEL)}` };
  const request = http.request({ agent: false, port: edgePort(), path: ATTACH_PATH, headers }).end();
  const [, socket, head] = await once(request, "upgrade");
  if (head.length > 0) socket.unshift(head);
  const session = http2.performServerHandshake(socket, { settings: { enableConnectProtocol: true } });
  session.on("error", () => {});
  session.on("stream", (stream, headers) => {
    stream.on("error", () => {});
    if (headers[CONTROL_HEADER] === undefined) onRequest(stream);
    else if (headers[CONTROL_HEADER] === "configuration") stream.respond({ ":status": 200 }, { endStream: true });
  });
  await until(() => tunnels.connections(TUNNEL).length > before);
}

/** A body is sent without its length: one that is incomplete is not seen by that. */
async function call(method: string, path: string, body?: string) {
  const sent = body ? new Blob([body]).stream() : (body ?? null);
  const response = await fetch(`http://127.0.0.1:${edgePort()}${path}`, { method, body: sent, duplex: "half" });
  return { status: response.status, body: await response.text() };
}

/** How a connector fails a request. */
const refuse = (stream: ServerHttp2Stream) => stream.close(http2.constants.NGHTTP2_REFUSED_STREAM);
const goAwayBefore = (stream: ServerHttp2Stream) =>
  stream.session!.goaway(http2.constants.NGHTTP2_NO_ERROR, stream.id! - 2);
const die = (stream: ServerHttp2Stream) => stream.session!.destroy();

describe("a connector that leaves", () => {
  test("is gone as soon as nothing runs on it", async () => {
    const connector = await attach();
    const start = Date.now();
    await connector.stop(GRACE_MS);
    expect(Date.now() - start).toBeLessThan(GRACE_MS / 2);
    await until(() => tunnels.connections(TUNNEL).length === 0);
  });

  test("gets no request after the edge's acknowledgement, and answers those that it has", async () => {
    const leaving = await attach();
    const body = "x".repeat(5_000_000);
    const running = call("POST", "/wait", body);
    await until(() => waiting.length === 1);
    const stopped = leaving.stop(GRACE_MS);
    await until(() => log.includes("The edge sends no more requests, 1 are running."));
    expect(tunnels.connections(TUNNEL)).toHaveLength(1);
    expect((await call("GET", "/")).status).toBe(530);
    waiting[0]!();
    expect(await running).toEqual({ status: 200, body });
    await stopped;
    expect(tunnels.connections(TUNNEL)).toEqual([]);
  });

  test("serves what the edge opened before it knew", async () => {
    await attach();
    for (let round = 0; round < 30; round++) {
      const leaving = await attach();
      const calls = Array.from({ length: 20 }, (_, index) =>
        index % 2 === 0 ? call("GET", `/${round}/${index}`) : call("POST", `/${round}/${index}`, "body"),
      );
      // At another point of the calls' way each time.
      for (let turns = 0; turns < round; turns++) await new Promise((resolve) => setImmediate(resolve));
      await leaving.stop(GRACE_MS);
      expect((await Promise.all(calls)).map(({ status }) => status)).toEqual(calls.map(() => 200));
    }
    expect(new Set(received).size).toBe(600);
    expect(received).toHaveLength(600);
  });

  test("costs no request under load, time after time", async () => {
    let current = await attach();
    await attach();
    const failures: unknown[] = [];
    let calls = 0;
    let loading = true;
    const load = Array.from({ length: 8 }, async (_, worker) => {
      while (loading) {
        const body = `${worker}/${calls++}`;
        const answer = worker % 2 === 0 ? await call("POST", "/", body) : await call("GET", `/${body}`);
        if (answer.status !== 200) failures.push(answer);
      }
    });
    for (let round = 0; round < 30; round++) {
      const next = await attach();
      await current.stop(GRACE_MS);
      current = next;
    }
    loading = false;
    await Promise.all(load);
    expect(failures).toEqual([]);
    expect(new Set(received).size).toBe(calls);
    expect(received).toHaveLength(calls);
  });
});

describe("a request that a connector did not process goes to another one, whole and once", () => {
  test.each([
    ["refuses it", "GET", refuse],
    ["refuses it", "POST", refuse],
    ["ends before it", "GET", goAwayBefore],
    ["ends before it", "POST", goAwayBefore],
    ["dies before it has the body", "POST", die],
  ])("it %s (%s)", async (_case, method, fail) => {
    await attach();
    let failed = 0;
    await attachFaulty((stream) => {
      failed++;
      fail(stream);
    });
    const body = method === "POST" ? "x".repeat(100_000) : undefined;
    for (let turn = 0; turn < 4; turn++) {
      expect(await call(method, `/${turn}`, body)).toEqual({ status: 200, body: body ?? "" });
    }
    expect(failed).toBeGreaterThan(0);
    expect(received).toEqual([0, 1, 2, 3].map((turn) => `${method} /${turn} ${body ?? ""}`));
  });

  test("a WebSocket's handshake too", async () => {
    await attach();
    let refused = 0;
    await attachFaulty((stream) => {
      refused++;
      refuse(stream);
    });
    for (let turn = 0; turn < 2; turn++) {
      const headers = { connection: "Upgrade", upgrade: "websocket" };
      const request = http.request({ agent: false, port: edgePort(), path: "/socket", headers }).end();
      const [response] = await Promise.race([once(request, "upgrade"), once(request, "response")]);
      expect(response.statusCode).toBe(101);
      request.destroy();
    }
    expect(refused).toBeGreaterThan(0);
    expect(received).toEqual(["upgrade /socket", "upgrade /socket"]);
  });

  test("where no connector takes it, that is told", async () => {
    let refused = 0;
    for (let connector = 0; connector < 2; connector++) {
      await attachFaulty((stream) => {
        refused++;
        refuse(stream);
      });
    }
    expect((await call("POST", "/", "body")).status).toBe(502);
    expect(refused).toBe(2);
  });
});

describe("a request that a connector may have processed is not sent again", () => {
  test.each<[string, string, string | undefined, (stream: ServerHttp2Stream) => void]>([
    ["without a body, and the connector dies", "GET", undefined, die],
    ["with an empty body, and the connector dies", "POST", "", die],
    ["with its body sent, and the connector dies", "POST", "body", dieWithBody],
    ["reset in the middle", "GET", undefined, (stream) => stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR)],
  ])("%s", async (_case, method, body, fail) => {
    await attach();
    let begun = 0;
    await attachFaulty((stream) => {
      begun++;
      fail(stream);
    });
    const statuses = [(await call(method, "/", body)).status, (await call(method, "/", body)).status];
    expect(statuses.sort()).toEqual([200, 502]);
    expect(begun).toBe(1);
    expect(asked).toHaveLength(1);
  });

  function dieWithBody(stream: ServerHttp2Stream): void {
    stream.additionalHeaders({ ":status": 100 });
    stream.once("data", () => die(stream));
  }
});
