import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import http, { type IncomingMessage } from "node:http";
import https from "node:https";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { createLocalJWKSet, jwtVerify } from "jose";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { WorkersRuntime } from "../contracts.ts";
import { createWorkersRuntime } from "../workers/runtime.ts";
import { scriptVersion, until } from "../workers/test-scripts.ts";
import { createEdge, type Edge } from "./edge.ts";
import { TestDirectory, testToken } from "./test-directory.ts";

const HOST = "coda-mcp.example.com";

let dir: string;
let bundle: string;
let runtime: WorkersRuntime;
let origin: http.Server;
let originPort: number;
let directory: TestDirectory;
let edge: Edge;
const originLog: string[] = [];
const workerLog: string[] = [];
const connectors = new Set<ChildProcess>();

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "edge-test-"));
  bundle = join(dir, "connector.mjs");
  await build({
    entryPoints: [join(import.meta.dirname, "../../connector/main.ts")],
    bundle: true,
    platform: "node",
    format: "esm",
    outfile: bundle,
    logLevel: "silent",
  });
  runtime = await createWorkersRuntime({
    dir: join(dir, "workers"),
    log: (line) => workerLog.push(line),
    allowedHosts: [],
  });
  await runtime.deploy(
    scriptVersion(
      "worker",
      `export default { async fetch(request, env, ctx) {
        const { pathname } = new URL(request.url);
        if (pathname === "/throw") throw new Error("secret detail");
        if (pathname === "/echo") return new Response(request.body);
        if (pathname === "/refuse") return new Response("not you", { status: 401 });
        if (pathname === "/ticks") {
          let n = 0;
          return new Response(new ReadableStream({ async pull(controller) {
            await new Promise((resolve) => setTimeout(resolve, 20));
            controller.enqueue(new TextEncoder().encode("tick" + n++ + "\\n"));
          } }));
        }
        return Response.json({ by: "worker", url: request.url, headers: Object.fromEntries(request.headers) });
      } }`,
    ),
  );
  origin = http.createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://origin");
    originLog.push(`${request.method} ${pathname}`);
    request.once("end", () => originLog.push(`complete ${pathname}`));
    response.once("close", () => {
      if (!response.writableFinished) originLog.push(`cut ${pathname}`);
    });
    if (pathname === "/echo") request.pipe(response);
    else if (pathname === "/wait") return;
    else if (pathname === "/refuse") {
      // As workerd does it: what is not read is cut off, after the answer.
      request.pause();
      response.writeHead(401, { "content-length": 7 }).end("not you", () => request.socket.resetAndDestroy());
    } else if (pathname === "/break") {
      response.write("half");
      setTimeout(() => response.destroy(), 50);
    } else if (pathname === "/ticks") {
      let n = 0;
      const timer = setInterval(() => {
        response.write(`tick${n++}\n`);
        if (n === 40) {
          clearInterval(timer);
          response.end();
        }
      }, 20);
      response.once("close", () => clearInterval(timer));
    } else {
      response.setHeader("set-cookie", ["a=1", "b=2"]);
      response.end(JSON.stringify({ by: "origin", url: request.url, headers: request.headers }));
    }
  });
  origin.on("upgrade", (request, socket, head) => {
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: for-${request.headers["sec-websocket-key"]}\r\n\r\n`,
    );
    socket.write(head);
    socket.pipe(socket);
  });
  originPort = await listening(origin);
});

afterAll(async () => {
  await runtime.close();
  origin.closeAllConnections();
  origin.close();
  await rm(dir, { recursive: true });
});

beforeEach(async () => {
  originLog.length = 0;
  directory = new TestDirectory();
  directory.records.set(HOST, { type: "CNAME", content: "tunnel-1.cfargotunnel.com", proxied: true });
  directory.setIngress("tunnel-1", [
    { hostname: HOST, service: `http://coda-mcp:8085` },
    { service: "http_status:404" },
  ]);
  await writeFile(join(dir, "hosts.json"), JSON.stringify({ "coda-mcp:8085": `127.0.0.1:${originPort}` }));
  edge = await createEdge({
    directory,
    runtime,
    ports: [{ port: 0, hostname: HOST }],
    ownPort: 0,
    host: "127.0.0.1",
    log: () => {},
  });
});

afterEach(async () => {
  await edge.close();
  for (const connector of connectors) {
    connector.kill("SIGKILL");
    if (connector.exitCode === null && connector.signalCode === null) await once(connector, "exit");
  }
  connectors.clear();
});

async function listening(server: http.Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

async function freePort(): Promise<number> {
  const server = createTcpServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

interface Sent {
  method?: string;
  headers?: http.OutgoingHttpHeaders;
  port?: number;
}

/** Sends a request to the service port, or another; Host as given. */
function send(path: string, { method = "GET", headers = {}, port = edge.addresses.ports[0]! }: Sent = {}) {
  const request = http.request({ agent: false, host: "127.0.0.1", port, path, method, headers });
  const response = new Promise<IncomingMessage>((resolve, reject) => {
    request.once("response", resolve).once("error", reject);
  });
  return { request, response };
}

async function get(path: string, sent: Sent = {}) {
  const { request, response } = send(path, sent);
  request.end();
  const { statusCode, headers } = await response;
  const body = await textOf(await response);
  return { status: statusCode, headers, body };
}

async function textOf(response: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of response.setEncoding("utf8")) text += chunk;
  return text;
}

async function startConnector(token = testToken("tunnel-1")) {
  const metrics = `127.0.0.1:${await freePort()}`;
  const child = spawn(process.execPath, [bundle, "tunnel", "--no-autoupdate", "--metrics", metrics, "run"], {
    env: {
      TUNNEL_TOKEN: token,
      TUNNEL_EDGE: `127.0.0.1:${edge.addresses.ownPort}`,
      CONNECTOR_HOSTS_FILE: join(dir, "hosts.json"),
    },
    stdio: ["ignore", "ignore", "pipe"],
  });
  connectors.add(child);
  let output = "";
  child.stderr.setEncoding("utf8").on("data", (chunk) => {
    output += chunk;
  });
  return { child, metrics, output: () => output };
}

async function connected(count = 1) {
  await until(() => edge.connections("tunnel-1").length === count);
}

describe("where a request goes", () => {
  test("a Worker route with a script wins over the tunnel; without one the tunnel's origin answers, at the same URL", async () => {
    await startConnector();
    await connected();
    directory.routes.set(HOST, "worker");
    expect(JSON.parse((await get("/a?b=c")).body).by).toBe("worker");
    directory.routes.set(HOST, null);
    const { status, headers, body } = await get("/a?b=c", { headers: { host: "localhost:8085" } });
    expect(status).toBe(200);
    expect(headers["set-cookie"]).toEqual(["a=1", "b=2"]);
    expect(JSON.parse(body)).toMatchObject({ by: "origin", url: "/a?b=c", headers: { host: "localhost:8085" } });
    directory.routes.set(HOST, "worker");
    const worker = JSON.parse((await get("/a?b=c", { headers: { host: "localhost:8085" } })).body);
    expect(worker).toMatchObject({
      by: "worker",
      url: "http://localhost:8085/a?b=c",
      headers: { host: "localhost:8085" },
    });
  });

  test("on the own port the Host header decides: hostnames of the zone and workers.dev", async () => {
    const port = edge.addresses.ownPort;
    directory.workersDevHosts.set("worker.acme.workers.dev", "worker");
    directory.routes.set(HOST, "worker");
    expect((await get("/", { port, headers: { host: "worker.acme.workers.dev" } })).status).toBe(200);
    expect((await get("/", { port, headers: { host: HOST.toUpperCase() } })).status).toBe(200);
    const unknown = await get("/", { port, headers: { host: "other.acme.workers.dev" } });
    expect([unknown.status, unknown.body]).toEqual([404, "error code: 1042"]);
  });

  test.each([
    ["a name without a DNS record", "none.example.com", "error code: 1016"],
    ["a record that is not proxied", "grey.example.com", "error code: 1016"],
    ["a record that leads to no tunnel", "www.example.com", "error code: 1016"],
    ["no hostname of a zone", "localhost", "error code: 1001"],
    ["a tunnel that does not exist", "lost.example.com", "error code: 1033"],
    ["a tunnel without a connector", HOST, "error code: 1033"],
  ])("%s is answered with Cloudflare's error", async (_case, host, body) => {
    directory.records.set("grey.example.com", { type: "CNAME", content: "tunnel-1.cfargotunnel.com", proxied: false });
    directory.records.set("www.example.com", { type: "A", content: "192.0.2.1", proxied: true });
    directory.records.set("lost.example.com", { type: "CNAME", content: "gone.cfargotunnel.com", proxied: true });
    directory.routes.set("none.example.com", "worker");
    const answer = await get("/", { port: edge.addresses.ownPort, headers: { host } });
    expect([answer.status, answer.body]).toEqual([530, body]);
    expect(answer.headers["cf-ray"]).toMatch(/^[0-9a-f]{16}-/);
  });

  test("a Worker that throws is 1101 without its message; an origin that refuses is 502", async () => {
    directory.routes.set(HOST, "worker");
    const threw = await get("/throw");
    expect([threw.status, threw.body]).toEqual([500, "error code: 1101"]);
    directory.routes.delete(HOST);
    await startConnector();
    await connected();
    await writeFile(join(dir, "hosts.json"), JSON.stringify({ "coda-mcp:8085": `127.0.0.1:${await freePort()}` }));
    expect((await get("/")).status).toBe(502);
    await writeFile(join(dir, "hosts.json"), JSON.stringify({ "coda-mcp:8085": `127.0.0.1:${originPort}` }));
    expect((await get("/")).status).toBe(200);
  });

  test("Cloudflare's headers are added, and those that a client made up are dropped", async () => {
    await startConnector();
    await connected();
    const headers = {
      "cf-connecting-ip": "6.6.6.6",
      "cf-edge-hostname": "evil",
      "x-forwarded-for": "1.2.3.4",
      "x-forwarded-proto": "gopher",
    };
    for (const script of [null, "worker"]) {
      directory.routes.set(HOST, script);
      const seen = JSON.parse((await get("/", { headers })).body).headers;
      expect(seen).toMatchObject({
        "cf-connecting-ip": "127.0.0.1",
        "cf-visitor": '{"scheme":"http"}',
        "x-forwarded-for": "1.2.3.4, 127.0.0.1",
        "x-forwarded-proto": "http",
      });
      expect(seen["cf-ray"]).toMatch(/^[0-9a-f]{16}-/);
      expect(seen["cf-edge-hostname"]).toBeUndefined();
    }
  });

  test("the TLS port answers by Host with https URLs", async () => {
    const key = join(dir, "key.pem");
    const cert = join(dir, "cert.pem");
    const subject = ["-subj", `/CN=${HOST}`, "-addext", `subjectAltName=DNS:${HOST}`];
    execFileSync(
      "openssl",
      [
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "1",
        "-keyout",
        key,
        "-out",
        cert,
        ...subject,
      ],
      { stdio: "ignore" },
    );
    const ca = await readFile(cert);
    const tls = { key: await readFile(key), cert: ca, port: 0 };
    const secure = await createEdge({
      directory,
      runtime,
      ports: [],
      ownPort: 0,
      host: "127.0.0.1",
      tls,
      log: () => {},
    });
    directory.routes.set(HOST, "worker");
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const options = {
        agent: false,
        host: "127.0.0.1",
        port: secure.addresses.tlsPort,
        ca,
        servername: HOST,
        headers: { host: HOST },
      } as const;
      https.get(options, resolve).once("error", reject);
    });
    expect(JSON.parse(await textOf(response))).toMatchObject({
      url: `https://${HOST}/`,
      headers: { "x-forwarded-proto": "https" },
    });
    await secure.close();
  });
});

describe.each(["worker", null])("streams (route's script: %s)", (script) => {
  beforeEach(async () => {
    directory.routes.set(HOST, script);
    if (script === null) {
      await startConnector();
      await connected();
    }
  });

  test("bodies stream both ways unbuffered", async () => {
    const { request, response } = send("/echo", { method: "POST" });
    for (const part of ["one", "two"]) {
      request.write(part);
      const [chunk] = await once(await response, "data");
      expect(String(chunk)).toBe(part);
    }
    request.end();
    await once(await response, "end");
  });

  test("a large body arrives whole", async () => {
    const { request, response } = send("/echo", { method: "PUT" });
    request.end(Buffer.alloc(20_000_000, "x"));
    let bytes = 0;
    for await (const chunk of await response) bytes += (chunk as Buffer).length;
    expect(bytes).toBe(20_000_000);
  });

  test("an answer that comes before the end of the request's body arrives, every time", async () => {
    const port = edge.addresses.ports[0];
    for (const size of [70_000, 1_000_000]) {
      for (let call = 0; call < 25; call++) {
        const response = await fetch(`http://127.0.0.1:${port}/refuse`, { method: "POST", body: "x".repeat(size) });
        expect([response.status, await response.text()]).toEqual([401, "not you"]);
      }
    }
  });

  test("a change of the route moves new requests only", async () => {
    await startConnector();
    await until(() => edge.connections("tunnel-1").length > 0);
    const { request, response } = send("/ticks");
    request.end();
    const stream = await response;
    const [first] = await once(stream, "data");
    expect(String(first)).toContain("tick0");
    directory.routes.set(HOST, script === null ? "worker" : null);
    expect(JSON.parse((await get("/")).body).by).toBe(script === null ? "worker" : "origin");
    const [next] = await once(stream, "data");
    expect(String(next)).toContain("tick");
    request.destroy();
  });
});

test("a client that goes away ends the call at the origin, before and within the answer", async () => {
  await startConnector();
  await connected();
  const waiting = send("/wait");
  waiting.request.end();
  waiting.response.catch(() => {});
  await until(() => originLog.includes("GET /wait"));
  waiting.request.destroy();
  await until(() => originLog.includes("cut /wait"));
  const ticking = send("/ticks");
  ticking.request.end();
  await once(await ticking.response, "data");
  ticking.request.destroy();
  await until(() => originLog.includes("cut /ticks"));
});

test("a client that goes away ends the call in the Worker", async () => {
  const version = scriptVersion(
    "aborts",
    `
    export default { async fetch(request, env) {
      request.signal.addEventListener("abort", () => console.log("aborted"));
      console.log("waiting");
      await new Promise((resolve) => setTimeout(resolve, 30_000));
    } }`,
  );
  await runtime.deploy(version);
  directory.routes.set(HOST, "aborts");
  const { request, response } = send("/");
  request.end();
  response.catch(() => {});
  await until(() => workerLog.includes("aborts: waiting"));
  request.destroy();
  await until(() => workerLog.includes("aborts: aborted"));
});

test("an origin that breaks off within its answer does not look complete", async () => {
  await startConnector();
  await connected();
  const { request, response } = send("/break");
  request.end();
  await expect(response.then(textOf)).rejects.toThrow();
});

test("an upload that breaks off does not look complete to the origin", async () => {
  await startConnector();
  await connected();
  const { request, response } = send("/echo", { method: "POST" });
  response.catch(() => {});
  request.write("half");
  await once(await response, "data");
  request.destroy();
  await until(() => originLog.includes("cut /echo"));
  expect(originLog).not.toContain("complete /echo");
});

test("a WebSocket goes through the tunnel", async () => {
  await startConnector();
  await connected();
  const headers = { connection: "Upgrade", upgrade: "websocket", "sec-websocket-key": "k" };
  const { request } = send("/socket", { headers });
  request.end();
  const [response, socket] = await once(request, "upgrade");
  expect(response.headers["sec-websocket-accept"]).toBe("for-k");
  socket.write("ping");
  const [echo] = await once(socket, "data");
  expect(String(echo)).toBe("ping");
  socket.destroy();
});

describe("connectors", () => {
  test("killed → 1033; started again → the origin answers by itself; /ready and `ready` say which", async () => {
    const first = await startConnector();
    await connected();
    expect(edge.connections("tunnel-1")[0]).toMatchObject({ clientVersion: "local" });
    const ready = await fetch(`http://${first.metrics}/ready`);
    expect([ready.status, await ready.json()]).toEqual([
      200,
      { status: 200, readyConnections: 1, connectorId: edge.connections("tunnel-1")[0]!.id },
    ]);
    execFileSync(process.execPath, [bundle, "tunnel", "--metrics", first.metrics, "ready"]);
    first.child.kill("SIGKILL");
    await connected(0);
    expect((await get("/")).body).toBe("error code: 1033");
    expect(() =>
      execFileSync(process.execPath, [bundle, "tunnel", "--metrics", first.metrics, "ready"], { stdio: "ignore" }),
    ).toThrow();
    await startConnector();
    await connected();
    expect((await get("/")).status).toBe(200);
  });

  test("it comes back by itself when the edge was away", async () => {
    const { metrics } = await startConnector();
    await connected();
    const { ownPort } = edge.addresses;
    await edge.close();
    await until(async () => (await fetch(`http://${metrics}/ready`)).status === 503);
    edge = await createEdge({
      directory,
      runtime,
      ports: [{ port: 0, hostname: HOST }],
      ownPort,
      host: "127.0.0.1",
      log: () => {},
    });
    await connected();
    expect((await get("/")).status).toBe(200);
  });

  test("a change of the ingress rules is obeyed without a restart", async () => {
    await startConnector();
    await connected();
    expect((await get("/")).status).toBe(200);
    directory.setIngress("tunnel-1", [
      {
        hostname: "*.example.com",
        path: "^/only/",
        service: "http://coda-mcp:8085",
        originRequest: { httpHostHeader: "inner.test" },
      },
      { service: "http_status:418" },
    ]);
    await until(async () => (await get("/")).status === 418);
    expect(JSON.parse((await get("/only/x")).body).headers.host).toBe("inner.test");
  });

  test("a wrong token or a deleted tunnel ends it with a clear message", async () => {
    const wrong = await startConnector(testToken("tunnel-1", "wrong"));
    const [code] = await once(wrong.child, "exit");
    expect([code, wrong.output()]).toEqual([1, expect.stringContaining("does not accept the tunnel token")]);
    const malformed = await startConnector("no token");
    expect((await once(malformed.child, "exit"))[0]).toBe(1);
    expect(malformed.output()).toContain("token is not valid");

    const good = await startConnector();
    await connected();
    directory.setIngress("tunnel-1", undefined);
    expect((await once(good.child, "exit"))[0]).toBe(1);
    expect(good.output()).toContain("The tunnel was deleted.");
    expect((await get("/")).body).toBe("error code: 1033");
  });

  test("SIGTERM lets running streams finish, sends new requests elsewhere, and exits with 0", async () => {
    const first = await startConnector();
    await connected();
    const { request, response } = send("/ticks");
    request.end();
    await once(await response, "data");
    const exited = once(first.child, "exit");
    first.child.kill("SIGTERM");
    await until(async () => (await get("/")).body === "error code: 1033");
    expect((await fetch(`http://${first.metrics}/ready`)).status).toBe(503);
    const second = await startConnector();
    await until(async () => (await get("/")).status === 200);
    const answers: (number | undefined)[] = [];
    let loading = true;
    const load = Promise.all(
      Array.from({ length: 4 }, async () => {
        while (loading) answers.push((await get("/")).status);
      }),
    );
    expect(await textOf(await response)).toContain("tick39");
    expect((await exited)[0]).toBe(0);
    // One after the other, as in a rolling replacement: each new one is there before the old one goes.
    await startConnector();
    await connected(2);
    second.child.kill("SIGTERM");
    expect((await once(second.child, "exit"))[0]).toBe(0);
    loading = false;
    await load;
    expect(new Set(answers)).toEqual(new Set([200]));
    expect(answers.length).toBeGreaterThan(10);
  });
});

describe("Access", () => {
  const credentials = { "cf-access-client-id": "ci.access", "cf-access-client-secret": "s3cr3t" };
  const serviceAuth = { decision: "non_identity" as const, everyone: false, serviceTokens: ["token-1"] };
  const people = { decision: "allow" as const, everyone: false, serviceTokens: [] };

  beforeEach(async () => {
    directory.applications.set(HOST, { aud: "aud-of-all", serviceAuth401: false, policies: [people, serviceAuth] });
    directory.serviceTokens.set("ci.access s3cr3t", "token-1");
    directory.serviceTokens.set("other.access s3cr3t", "token-2");
    await startConnector();
    await connected();
  });

  test("a browser is sent to the team's login page, and nothing reaches the origin", async () => {
    const answer = await get("/docs?q=1", { headers: { accept: "text/html" } });
    expect(answer.status).toBe(302);
    expect(answer.headers.location).toBe(
      `https://test.cloudflareaccess.com/cdn-cgi/access/login/${HOST}?kid=aud-of-all&redirect_url=%2Fdocs%3Fq%3D1`,
    );
    directory.routes.set(HOST, "worker");
    expect((await get("/", {})).status).toBe(302);
    expect(originLog).toEqual([]);
  });

  test("a program that only a service token lets in is answered 401 instead", async () => {
    directory.applications.set(HOST, { aud: "aud", serviceAuth401: true, policies: [serviceAuth] });
    expect((await get("/")).status).toBe(401);
    directory.applications.set(HOST, { aud: "aud", serviceAuth401: false, policies: [] });
    expect((await get("/")).status).toBe(302);
    expect(originLog).toEqual([]);
  });

  test.each<[string, http.OutgoingHttpHeaders, number]>([
    ["a wrong secret", { ...credentials, "cf-access-client-secret": "guessed" }, 401],
    ["an unknown token", { ...credentials, "cf-access-client-id": "nobody.access" }, 401],
    ["half of the credentials", { "cf-access-client-id": "ci.access" }, 401],
    ["the credentials twice", { ...credentials, "cf-access-client-id": ["ci.access", "ci.access"] }, 401],
    ["a good token that no policy names", { ...credentials, "cf-access-client-id": "other.access" }, 403],
  ])("%s is refused", async (_case, headers, status) => {
    expect((await get("/", { headers })).status).toBe(status);
    const { request, response } = send("/", { headers: { ...headers, connection: "upgrade", upgrade: "websocket" } });
    request.end();
    expect((await response).statusCode).toBe(status);
    expect(originLog).toEqual([]);
  });

  test("the right service token gets through, with an assertion in the place of its secret", async () => {
    for (const script of [null, "worker"]) {
      directory.routes.set(HOST, script);
      const answer = await get("/", { headers: { ...credentials, "cf-access-jwt-assertion": "made.up.one" } });
      expect(answer.status).toBe(200);
      expect(answer.body).not.toContain("s3cr3t");
      const assertion = JSON.parse(answer.body).headers["cf-access-jwt-assertion"];
      const certs = await get("/cdn-cgi/access/certs", {
        port: edge.addresses.ownPort,
        headers: { host: "test.cloudflareaccess.com" },
      });
      const { payload } = await jwtVerify(assertion, createLocalJWKSet(JSON.parse(certs.body)), {
        audience: "aud-of-all",
        issuer: "https://test.cloudflareaccess.com",
      });
      expect(payload).toMatchObject({ type: "app", common_name: "ci.access", sub: "" });
    }
  });

  test("a path that bypasses is open, and dots do not lead out of it", async () => {
    const everyone = { decision: "bypass" as const, everyone: true, serviceTokens: [] };
    directory.applications.set(`${HOST}/webhook`, { aud: "aud", serviceAuth401: false, policies: [everyone] });
    expect((await get("/webhook/1")).status).toBe(200);
    expect((await get("/webhook/../rest/login")).status).toBe(302);
    expect((await get("/webhook/%2e%2e/rest/login")).status).toBe(302);
    expect((await get("/rest/login")).status).toBe(302);
  });
});

test("it listens on another address as soon as that can be had", async () => {
  const blocker = createTcpServer().listen(edge.addresses.ownPort, "127.0.0.2");
  await once(blocker, "listening");
  edge.listenAlso("127.0.0.2");
  await new Promise((resolve) => setTimeout(resolve, 100));
  blocker.close();
  const url = `http://127.0.0.2:${edge.addresses.ownPort}/`;
  await until(() =>
    fetch(url).then(
      (response) => response.headers.has("cf-ray"),
      () => false,
    ),
  );
});
