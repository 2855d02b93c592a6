import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { makeCertificates } from "../../../e2e/support/certificates.ts";
import { ScriptStartError, type WorkersRuntime } from "../contracts.ts";
import { createWorkersRuntime } from "./runtime.ts";
import { scriptVersion, until } from "./test-scripts.ts";

let dir: string;
let runtime: WorkersRuntime;
let standIn: Server;
let standInPort: number;
const lines: string[] = [];

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "workers-test-"));
  standIn = createServer((request, response) => {
    if (request.url === "/redirect") response.writeHead(302, { location: "http://127.0.0.1:9/" }).end();
    else if (request.url === "/echo") request.pipe(response);
    else response.end("stand-in");
  });
  await new Promise<void>((resolve) => standIn.listen(0, "127.0.0.1", resolve));
  standInPort = (standIn.address() as AddressInfo).port;
  runtime = await createWorkersRuntime({
    dir,
    log: (line) => lines.push(line),
    allowedHosts: [`localhost:${standInPort}`],
    objectDrainMs: 3000,
  });
});

afterAll(async () => {
  await runtime.close();
  standIn.closeAllConnections();
  standIn.close();
  await rm(dir, { recursive: true });
});

const call = (script: string, path: string, init?: RequestInit) =>
  runtime.dispatch(script, new Request(`http://localhost:8085${path}`, init));
const text = async (script: string, path: string, init?: RequestInit) => (await call(script, path, init)).text();

describe("dispatch", () => {
  beforeAll(() =>
    runtime.deploy(
      scriptVersion(
        "dispatch",
        `
        export default {
          async fetch(request, env, ctx) {
            const { pathname } = new URL(request.url);
            if (pathname === "/throw") throw new Error("out of cheese");
            if (pathname === "/500") return new Response("own", { status: 500 });
            if (pathname === "/echo") return new Response(request.body, { headers: [["set-cookie", "a=1"], ["set-cookie", "b=2"]] });
            if (pathname === "/wait") {
              request.signal.addEventListener("abort", () => console.log("aborted " + pathname));
              await new Promise((resolve) => setTimeout(resolve, 60_000));
            }
            if (pathname === "/ticks") {
              request.signal.addEventListener("abort", () => console.log("aborted " + pathname));
              return new Response(new ReadableStream({
                async pull(controller) {
                  await new Promise((resolve) => setTimeout(resolve, 20));
                  controller.enqueue(new TextEncoder().encode("tick "));
                },
              }));
            }
            console.log("hello from", pathname);
            return Response.json({ url: request.url, host: request.headers.get("host"), method: request.method });
          },
          async scheduled(controller) { console.log("cron", controller.cron, controller.scheduledTime); },
        }`,
      ),
    ),
  );

  test("the Worker sees URL, Host and method as they were sent", async () => {
    expect(await (await call("dispatch", "/a%20b?c=d", { method: "DELETE" })).json()).toEqual({
      url: "http://localhost:8085/a%20b?c=d",
      host: "localhost:8085",
      method: "DELETE",
    });
    const request = new Request("https://coda-mcp.example.com/x", { headers: { host: "coda-mcp.example.com" } });
    expect(await (await runtime.dispatch("dispatch", request)).json()).toMatchObject({
      url: "https://coda-mcp.example.com/x",
      host: "coda-mcp.example.com",
    });
    await until(() => lines.includes("dispatch: hello from /x"));
  });

  test("a thrown error rejects and is logged; a 500 of the Worker's own is an answer", async () => {
    await expect(call("dispatch", "/throw")).rejects.toThrow("out of cheese");
    await until(() => lines.some((line) => line === "dispatch: Uncaught Error: out of cheese"));
    const own = await call("dispatch", "/500");
    expect([own.status, await own.text()]).toEqual([500, "own"]);
    await expect(call("nobody", "/")).rejects.toThrow('no Worker named "nobody"');
  });

  test("bodies stream both ways and headers keep their repetitions", async () => {
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const writer = writable.getWriter();
    void writer.write(new TextEncoder().encode("one"));
    const response = await call("dispatch", "/echo", { method: "POST", body: readable, duplex: "half" } as RequestInit);
    expect(response.headers.getSetCookie()).toEqual(["a=1", "b=2"]);
    const reader = response.body!.getReader();
    expect(new TextDecoder().decode((await reader.read()).value)).toBe("one");
    void writer.write(new TextEncoder().encode("two"));
    expect(new TextDecoder().decode((await reader.read()).value)).toBe("two");
    await writer.close();
    expect((await reader.read()).done).toBe(true);
  });

  test("an abort reaches the Worker, before its answer and within its stream", async () => {
    const controller = new AbortController();
    const waiting = call("dispatch", "/wait", { signal: controller.signal });
    setTimeout(() => controller.abort(), 100);
    await expect(waiting).rejects.toThrow("aborted");
    await until(() => lines.includes("dispatch: aborted /wait"));

    const reader = (await call("dispatch", "/ticks")).body!.getReader();
    await reader.read();
    await reader.cancel();
    await until(() => lines.includes("dispatch: aborted /ticks"));
  });

  test("scheduled() runs at the minutes of its cron expressions, in UTC", async () => {
    expect(() => runtime.schedule("dispatch", ["61 * * * *"])).toThrow('"61" is not a valid minute');
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"], now: Date.UTC(2026, 0, 5, 11, 59, 30) });
    runtime.schedule("dispatch", ["0 12 * * *", "30 12 * * *"]);
    await vi.advanceTimersByTimeAsync(60_000);
    vi.useRealTimers();
    await until(() => lines.includes(`dispatch: cron 0 12 * * * ${Date.UTC(2026, 0, 5, 12)}`));
    expect(lines.filter((line) => line.startsWith("dispatch: cron")).length).toBe(1);
    runtime.schedule("dispatch", []);
  });
});

describe("upload", () => {
  test("a module that throws at start is refused with workerd's message, and the version before stays live", async () => {
    await runtime.deploy(scriptVersion("upload", `export default { fetch: () => new Response("good") }`));
    const bad = scriptVersion("upload", `throw new Error("no such luck"); export default {}`);
    await expect(runtime.deploy(bad)).rejects.toThrow(ScriptStartError);
    await expect(runtime.deploy(bad)).rejects.toThrow(/Uncaught Error: no such luck\n\s+at main\.js:1:7/);
    await expect(runtime.deploy(scriptVersion("upload", "export default {"))).rejects.toThrow(/SyntaxError/);
    await expect(runtime.deploy(scriptVersion("upload", `import "./gone.js"; export default {}`))).rejects.toThrow(
      /gone\.js/,
    );
    expect(await text("upload", "/")).toBe("good");
    expect(runtime.has("upload")).toBe(true);
    expect(runtime.has("never")).toBe(false);
  });

  test("what is not run here is refused by name", async () => {
    const code = `export default { fetch: () => new Response("x") }`;
    const queue = scriptVersion("refused", code, { bindings: [{ type: "queue", name: "Q", queue_name: "q" }] });
    await expect(runtime.deploy(queue)).rejects.toThrow(/Binding "Q" is of the kind "queue".*plain_text, secret_text/);
    const lacking = scriptVersion("refused", code, { bindings: [{ type: "kv_namespace", name: "KV" }] });
    await expect(runtime.deploy(lacking)).rejects.toThrow(
      'Binding "KV" of the kind "kv_namespace" needs "namespace_id"',
    );
    const old = scriptVersion("refused", code);
    old.modules[0]!.contentType = "application/javascript";
    await expect(runtime.deploy(old)).rejects.toThrow(/service worker script/);
    await expect(runtime.deploy({ ...old, mainModule: "other.js" })).rejects.toThrow('no part named "other.js"');
  });

  test("every kind of module and of plain binding arrives", async () => {
    const wasm = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]);
    const utf8 = (value: string) => new TextEncoder().encode(value);
    const version = scriptVersion(
      "kinds",
      `import text from "./a.txt"; import data from "./b.bin"; import json from "./c.json"; import wasm from "./d.wasm"; import { two } from "./lib/e.js";
       export default { async fetch(request, env) {
         return Response.json([text, data.byteLength, json, wasm instanceof WebAssembly.Module, two, env.PLAIN, env.SECRET, env.JSON,
           env.VERSION.id, (await env.LIMIT.limit({ key: "k" })).success, (await env.LIMIT.limit({ key: "k" })).success]);
       } }`,
      {
        bindings: [
          { type: "plain_text", name: "PLAIN", text: "plain" },
          { type: "secret_text", name: "SECRET", text: "hush" },
          { type: "json", name: "JSON", json: { a: [1] } },
          { type: "version_metadata", name: "VERSION" },
          { type: "ratelimit", name: "LIMIT", namespace_id: "1", simple: { limit: 1, period: 60 } },
        ],
      },
    );
    version.modules.push(
      { name: "a.txt", contentType: "text/plain", contents: utf8("text") },
      { name: "b.bin", contentType: "application/octet-stream", contents: new Uint8Array(3) },
      { name: "c.json", contentType: "application/json", contents: utf8('{"j":true}') },
      { name: "d.wasm", contentType: "application/wasm", contents: wasm },
      { name: "lib/e.js", contentType: "application/javascript+module", contents: utf8("export const two = 2;") },
    );
    await runtime.deploy(version);
    expect(await (await call("kinds", "/")).json()).toEqual([
      "text",
      3,
      { j: true },
      true,
      2,
      "plain",
      "hush",
      { a: [1] },
      version.versionId,
      true,
      false,
    ]);
  });

  test("under load, an upload loses no call, no open stream and no waitUntil", async () => {
    const code = (mark: string) => `
      export default { async fetch(request, env, ctx) {
        const { pathname } = new URL(request.url);
        if (pathname === "/stream") {
          let left = 30;
          return new Response(new ReadableStream({ async pull(controller) {
            await new Promise((resolve) => setTimeout(resolve, 50));
            if (left-- === 0) controller.close(); else controller.enqueue(new TextEncoder().encode("${mark}"));
          } }));
        }
        if (pathname === "/later") ctx.waitUntil(new Promise((resolve) => setTimeout(resolve, 1500)).then(() => console.log("later ${mark}")));
        return new Response("${mark}");
      } }`;
    await runtime.deploy(scriptVersion("swap", code("1")));
    const stream = text("swap", "/stream");
    expect(await text("swap", "/later")).toBe("1");
    const answers: string[] = [];
    let loading = true;
    const load = Promise.all(
      Array.from({ length: 4 }, async () => {
        while (loading) answers.push(await text("swap", "/"));
      }),
    );
    for (const mark of ["2", "3"]) {
      await runtime.deploy(scriptVersion("swap", code(mark)));
      await until(() => answers.at(-1) === mark);
    }
    loading = false;
    await load;
    expect(new Set(answers)).toEqual(new Set(["1", "2", "3"]));
    expect(await stream).toBe("1".repeat(30));
    await until(() => lines.includes("swap: later 1"));
  });
});

describe("bindings between scripts", () => {
  const callee = (mark: string) => `
    import { RpcTarget, WorkerEntrypoint } from "cloudflare:workers";
    class Counter extends RpcTarget { n = 0; next() { return ++this.n; } }
    export default class extends WorkerEntrypoint {
      fetch(request) { return new Response("fetch ${mark}"); }
      hello(name) { return "hello " + name + " ${mark}"; }
      fail() { throw new TypeError("wrong ${mark}"); }
      counter() { return new Counter(); }
      stream() {
        let left = 20;
        return new ReadableStream({ type: "bytes", async pull(controller) {
          await new Promise((resolve) => setTimeout(resolve, 50));
          if (left-- === 0) controller.close(); else controller.enqueue(new TextEncoder().encode("${mark}"));
        } });
      }
    }
    export class Admin extends WorkerEntrypoint { who() { return "admin ${mark}"; } }`;
  const caller = `
    export default { async fetch(request, env) {
      switch (new URL(request.url).pathname) {
        case "/fetch": return env.CALLEE.fetch(request);
        case "/rpc": return new Response(await env.CALLEE.hello("you"));
        case "/admin": return new Response(await env.ADMIN.who());
        case "/fail": return new Response(await env.CALLEE.fail().catch(String));
        case "/stream": return new Response(await env.CALLEE.stream());
        case "/stub": {
          using counter = await env.CALLEE.counter();
          await counter.next();
          await new Promise((resolve) => setTimeout(resolve, 1000));
          return new Response(String(await counter.next()));
        }
      }
    } }`;

  test("calls follow the live version through uploads without a failure, and open ones stay with theirs", async () => {
    await runtime.deploy(scriptVersion("callee", callee("v1")));
    await runtime.deploy(
      scriptVersion("caller", caller, {
        bindings: [
          { type: "service", name: "CALLEE", service: "callee" },
          { type: "service", name: "ADMIN", service: "callee", entrypoint: "Admin" },
        ],
      }),
    );
    expect(await text("caller", "/fail")).toBe("TypeError: wrong v1");
    const open = [text("caller", "/stream"), text("caller", "/stub")];
    const answers: string[] = [];
    const paths = ["/fetch", "/rpc", "/admin"];
    let loading = true;
    const load = Promise.all(
      paths.map(async (path) => {
        while (loading) answers.push(await text("caller", path));
      }),
    );
    await until(() => answers.length > 30);
    await runtime.deploy(scriptVersion("callee", callee("v2")));
    const after = answers.length;
    await until(() => answers.length > after + 60);
    loading = false;
    await load;
    expect(new Set(answers.slice(0, 20))).toEqual(new Set(["fetch v1", "hello you v1", "admin v1"]));
    expect(new Set(answers.slice(-20))).toEqual(new Set(["fetch v2", "hello you v2", "admin v2"]));
    expect(await Promise.all(open)).toEqual(["v1".repeat(20), "2"]);
  });

  test("a removed script is not reached any more, and is again when it is uploaded again", async () => {
    await runtime.remove("callee");
    await runtime.remove("callee");
    await runtime.remove("never-was");
    await expect(call("caller", "/rpc")).rejects.toThrow();
    await runtime.deploy(scriptVersion("callee", callee("v3")));
    expect(await text("caller", "/rpc")).toBe("hello you v3");
  });
});

test("a Worker whose workerd is killed answers again by itself, also through a binding", async () => {
  await runtime.deploy(
    scriptVersion("knocker", `export default { fetch: (request, env) => env.DOOR.fetch(request) }`, {
      bindings: [{ type: "service", name: "DOOR", service: "door" }],
    }),
  );
  await runtime.deploy(scriptVersion("door", `export default { fetch: () => new Response("open") }`));
  expect(await text("knocker", "/")).toBe("open");
  const newest = execFileSync("pgrep", ["-n", "-P", String(process.pid), "workerd"], { encoding: "utf8" });
  process.kill(Number(newest), "SIGKILL");
  await until(() => lines.some((line) => line === "door: its workerd ended unexpectedly and was started again."));
  expect(await text("door", "/")).toBe("open");
  await until(async () => (await text("knocker", "/").catch(() => "")) === "open");
});

describe("KV and D1", () => {
  const code = `
    export default { async fetch(request, env) {
      const { pathname, searchParams } = new URL(request.url);
      const key = searchParams.get("key");
      if (pathname === "/put") await env.KV.put(key, searchParams.get("value"), { metadata: { from: "wörker" }, expirationTtl: 3600 });
      if (pathname === "/get") return Response.json(await env.KV.getWithMetadata(key));
      if (pathname === "/insert") await env.DB.prepare("INSERT INTO t (v) VALUES (?)").bind(searchParams.get("value")).run();
      if (pathname === "/rows") return Response.json((await env.DB.prepare("SELECT v FROM t ORDER BY v").all()).results);
      return new Response("done");
    } }`;
  const bindings = [
    { type: "kv_namespace", name: "KV", namespace_id: "ns-1" },
    { type: "d1", name: "DB", id: "db-1" },
  ];

  test("two scripts, two versions of one and the REST API work on the same namespace and database at once", async () => {
    const kv = await runtime.kv("ns-1");
    const created = await runtime.d1(
      "db-1",
      "CREATE TABLE t (v TEXT); -- a comment; with a semicolon\nINSERT INTO t VALUES ('a;b')",
      [],
    );
    expect(created.map(({ success }) => success)).toEqual([true, true]);
    await runtime.deploy(scriptVersion("one", code, { bindings }));
    await runtime.deploy(scriptVersion("two", code, { bindings }));

    await text("one", "/put?key=a/b%20%C3%BC&value=x");
    expect(await (await call("two", "/get?key=a/b%20%C3%BC")).json()).toMatchObject({
      value: "x",
      metadata: { from: "wörker" },
    });
    const entry = await kv.getWithMetadata("a/b ü", "arrayBuffer");
    expect(new TextDecoder().decode(entry.value!)).toBe("x");
    expect(entry.metadata).toEqual({ from: "wörker" });
    expect(entry.expiration).toBeGreaterThan(Date.now() / 1000 + 3500);
    await kv.put("rest", new TextEncoder().encode("y"), { metadata: { n: "ü" } });
    expect(await (await call("one", "/get?key=rest")).json()).toMatchObject({ value: "y", metadata: { n: "ü" } });
    expect(await kv.list({ prefix: "re", limit: 1 })).toMatchObject({
      keys: [{ name: "rest", metadata: { n: "ü" } }],
      list_complete: true,
    });
    await kv.delete("rest");
    expect(await kv.getWithMetadata("rest", "arrayBuffer")).toEqual({ value: null, metadata: null });
    await expect(kv.put("short", new Uint8Array(1), { expirationTtl: 5 })).rejects.toThrow(/at least 60/);

    const writes = Array.from({ length: 30 }, (_, n) => text(n % 2 ? "one" : "two", `/insert?value=w${n}`));
    await Promise.all([...writes, runtime.deploy(scriptVersion("one", code, { bindings }))]);
    const [counted] = await runtime.d1("db-1", "SELECT count(*) AS n FROM t WHERE v LIKE ?", ["w%"]);
    expect(counted!.results).toEqual([{ n: 30 }]);
    expect(await (await call("one", "/rows")).json()).toContainEqual({ v: "a;b" });
    await expect(runtime.d1("db-1", "SELECT * FROM nope", [])).rejects.toThrow(/no such table: nope/);
  });

  test("fail, or are slow, as they are told to, each by itself, and have all that was there when they are told no more", async () => {
    const rows = await text("one", "/rows");
    await runtime.setStorageFaults({ d1: { fail: true } });
    await expect(call("one", "/rows")).rejects.toThrow("D1_ERROR: D1 DB is overloaded.");
    expect(await (await call("one", "/get?key=a/b%20%C3%BC")).json()).toMatchObject({ value: "x" });
    await runtime.setStorageFaults({ kv: { fail: true } });
    await expect(call("one", "/get?key=x")).rejects.toThrow("KV GET failed: 500");
    expect(await text("one", "/rows")).toBe(rows);
    await runtime.setStorageFaults({ kv: { latencyMs: 300 } });
    const begun = performance.now();
    expect(await (await call("one", "/get?key=a/b%20%C3%BC")).json()).toMatchObject({ value: "x" });
    expect(performance.now() - begun).toBeGreaterThan(290);
    await runtime.setStorageFaults({});
  });

  test("a deleted namespace or database is empty", async () => {
    await runtime.deleteKv("ns-1");
    await runtime.deleteD1("db-1");
    expect((await (await runtime.kv("ns-1")).list({})).keys).toEqual([]);
    await expect(runtime.d1("db-1", "SELECT * FROM t", [])).rejects.toThrow(/no such table/);
  });
});

describe("Durable Objects", () => {
  const code = (mark: string) => `
    import { DurableObject } from "cloudflare:workers";
    export class Counter extends DurableObject {
      async next() { const n = ((await this.ctx.storage.get("n")) ?? 0) + 1; await this.ctx.storage.put("n", n); return n + " ${mark}"; }
      async slow(ms) { await new Promise((resolve) => setTimeout(resolve, ms)); return this.next(); }
      async fetch(request) { return new Response("object ${mark} " + new URL(request.url).pathname); }
    }
    export default { async fetch(request, env) {
      const { pathname } = new URL(request.url);
      if (pathname === "/stream") {
        let left = 20;
        return new Response(new ReadableStream({ async pull(controller) {
          await new Promise((resolve) => setTimeout(resolve, 50));
          if (left-- === 0) controller.close(); else controller.enqueue(new TextEncoder().encode("${mark}"));
        } }));
      }
      const stub = env.COUNTER.get(env.COUNTER.idFromName("one"));
      if (pathname === "/next") return new Response(await stub.next());
      if (pathname === "/slow") return new Response(await stub.slow(500));
      return stub.fetch(request);
    } }`;
  const upload = (mark: string) =>
    scriptVersion("objects", code(mark), {
      bindings: [{ type: "durable_object_namespace", name: "COUNTER", class_name: "Counter" }],
      durableObjectClasses: ["Counter"],
    });

  test("an upload keeps their data, and neither calls nor the script's streams fail", async () => {
    await runtime.deploy(upload("v1"));
    expect(await text("objects", "/next")).toBe("1 v1");
    expect(await text("objects", "/other")).toBe("object v1 /other");
    const stream = text("objects", "/stream");
    const slow = text("objects", "/slow");
    const answers: string[] = [];
    let loading = true;
    const load = (async () => {
      while (loading) answers.push(await text("objects", "/next"));
    })();
    await until(() => answers.length > 3);
    await runtime.deploy(upload("v2"));
    await until(() => answers.at(-1)?.endsWith("v2") === true);
    loading = false;
    await load;
    const counts = [...answers, await slow].map((answer) => Number(answer.split(" ")[0])).sort((a, b) => a - b);
    expect(counts).toEqual(counts.map((_, index) => index + 2));
    expect(await stream).toBe("v1".repeat(20));
  });

  test("another script reaches them with script_name", async () => {
    const other = scriptVersion("visitor", code("visitor").replace(/export class[\s\S]*?\n {4}}\n/, ""), {
      bindings: [{ type: "durable_object_namespace", name: "COUNTER", class_name: "Counter", script_name: "objects" }],
    });
    await runtime.deploy(other);
    expect(await text("visitor", "/next")).toMatch(/^\d+ v2$/);
    await runtime.deploy(upload("v3"));
    expect(await text("visitor", "/next")).toMatch(/^\d+ v3$/);
  });

  test("a class that is not exported is refused and the objects stay", async () => {
    const wrong = { ...upload("v4"), durableObjectClasses: ["Counter", "Missing"] };
    await expect(runtime.deploy(wrong)).rejects.toThrow('class "Missing" is not exported by "main.js"');
    expect(await text("objects", "/next")).toMatch(/^\d+ v3$/);
  });
});

describe("outgoing fetch with global_fetch_strictly_public", () => {
  const code = `
    export default { async fetch(request) {
      const url = new URL(request.url).searchParams.get("url");
      try {
        const answer = await fetch(url, { method: request.method, body: request.body });
        return new Response(answer.body, { status: answer.status });
      } catch (error) { return new Response("refused: " + error.message); }
    } }`;
  const get = (script: string, url: string) => text(script, `/?url=${encodeURIComponent(url)}`);

  test("non-public addresses are refused in every spelling, the named hosts are reached", async () => {
    const compatibilityFlags = ["global_fetch_strictly_public"];
    await runtime.deploy(scriptVersion("strict", code, { compatibilityFlags }));
    await runtime.deploy(scriptVersion("open", code));
    expect(await get("open", `http://127.0.0.1:${standInPort}/`)).toBe("stand-in");
    expect(await get("strict", `http://localhost:${standInPort}/`)).toBe("stand-in");
    const hosts = [
      "127.0.0.1",
      "0.0.0.0",
      "2130706433",
      "127.1",
      "[::1]",
      "[::]",
      "[::ffff:127.0.0.1]",
      "[::ffff:7f00:1]",
      "[::127.0.0.1]",
      "[64:ff9b::7f00:1]",
      "[2002:7f00:1::]",
      "10.0.0.1",
      "172.16.0.1",
      "192.168.0.1",
      "100.64.0.1",
      "169.254.169.254",
      "0.1.2.3",
      "198.18.0.1",
      "224.0.0.1",
      "[fc00::1]",
      "[fe80::1]",
    ];
    const refusals = () => lines.filter((line) => /^strict: .* non-public address was refused/.test(line)).length;
    for (const host of hosts) {
      const before = refusals();
      expect(await get("strict", `http://${host}:${standInPort}/`)).toMatch(/^refused: No connection to/);
      // By the guard, not for want of a route to it.
      await until(() => refusals() > before);
    }
    // A name: allowed on its own port only; and a redirect is checked like any other fetch.
    expect(await get("strict", "http://localhost:9/")).toMatch(/^refused/);
    expect(await get("strict", `http://localhost:${standInPort}/redirect`)).toMatch(/^refused/);
  });

  test("https names of the zone are at the edge, whatever DNS says, by its certificate", async () => {
    const own = await mkdtemp(join(tmpdir(), "workers-test-"));
    const files = makeCertificates(own, "zone.test");
    const [key, cert, ca] = await Promise.all([files.key, files.cert, files.ca].map((file) => readFile(file, "utf8")));
    const edge = createTlsServer({ key, cert }, ({ headers, url }, response) => {
      response.end(`edge ${headers.host}${url}`);
    });
    edge.listen(0, "127.0.0.1");
    await once(edge, "listening");
    const { port } = edge.address() as AddressInfo;
    const inZone = await createWorkersRuntime({
      dir: join(own, "state"),
      log: (line) => lines.push(line),
      allowedHosts: [],
      edge: { hostnames: ["auth.zone.test", "coda-mcp.zone.test"], port },
      trustedCertificates: [ca!],
    });
    await inZone.deploy(scriptVersion("zone", code, { compatibilityFlags: ["global_fetch_strictly_public"] }));
    const ask = async (url: string) => {
      const request = new Request(`http://localhost/?url=${encodeURIComponent(url)}`);
      return (await inZone.dispatch("zone", request)).text();
    };
    expect(await ask("https://coda-mcp.zone.test/mcp?a=1")).toBe("edge coda-mcp.zone.test/mcp?a=1");
    expect(await ask("https://other.zone.test/")).toMatch(/^refused/);
    expect(await ask("http://coda-mcp.zone.test/")).toMatch(/^refused/);
    await inZone.close();
    edge.closeAllConnections();
    edge.close();
    await rm(own, { recursive: true });
  });

  test("it streams both ways", async () => {
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const writer = writable.getWriter();
    void writer.write(new TextEncoder().encode("ping"));
    const response = await call("strict", `/?url=${encodeURIComponent(`http://localhost:${standInPort}/echo`)}`, {
      method: "POST",
      body: readable,
      duplex: "half",
    } as RequestInit);
    const reader = response.body!.getReader();
    expect(new TextDecoder().decode((await reader.read()).value)).toBe("ping");
    await writer.close();
    expect((await reader.read()).done).toBe(true);
  });
});

test("everything is there again after the runtime was closed and started anew", async () => {
  const again = await mkdtemp(join(tmpdir(), "workers-test-"));
  const options = { dir: again, log: () => {}, allowedHosts: [] };
  const first = await createWorkersRuntime(options);
  await (await first.kv("n")).put("k", new TextEncoder().encode("kept"));
  await first.d1("d", "CREATE TABLE t (v)", []);
  await first.close();
  const second = await createWorkersRuntime(options);
  const { value } = await (await second.kv("n")).getWithMetadata("k", "arrayBuffer");
  expect(new TextDecoder().decode(value!)).toBe("kept");
  expect((await second.d1("d", "SELECT * FROM t", []))[0]!.results).toEqual([]);
  await second.close();
  await rm(again, { recursive: true });
});

test("when its process is killed, no workerd stays, and the next run has the data", async () => {
  const killed = await mkdtemp(join(tmpdir(), "workers-test-"));
  const program = `
    const { createWorkersRuntime } = await import(${JSON.stringify(new URL("runtime.ts", import.meta.url).href)});
    const runtime = await createWorkersRuntime({ dir: ${JSON.stringify(killed)}, log: () => {}, allowedHosts: [] });
    await runtime.d1("d", "CREATE TABLE t (v); INSERT INTO t VALUES (1)", []);
    process.stdout.write("ready");`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  const workerds = execFileSync("pgrep", ["-P", String(child.pid)], { encoding: "utf8" })
    .trim()
    .split("\n");
  expect(workerds.length).toBeGreaterThan(0);
  child.kill("SIGKILL");
  await until(() => workerds.every((pid) => !existsSync(`/proc/${pid}/exe`)));
  const next = await createWorkersRuntime({ dir: killed, log: () => {}, allowedHosts: [] });
  expect((await next.d1("d", "SELECT v FROM t", []))[0]!.results).toEqual([{ v: 1 }]);
  await next.close();
  await rm(killed, { recursive: true });
});
