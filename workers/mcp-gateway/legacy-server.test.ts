import { Client as ModernClient, StreamableHTTPClientTransport as ModernTransport } from "@modelcontextprotocol/client";
import { Client as LegacyClient } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport as LegacyTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { ServerConfig } from "./config.ts";
import { Exchange } from "./legacy-exchange.ts";
import { legacyServer } from "./legacy-server.ts";
import {
  cutServer,
  garbageServer,
  hangingServer,
  htmlServer,
  hugeServer,
  manyServers,
  type OddServer,
  sessionServer,
  sseServer,
  statusServer,
  strayingServer,
} from "./testing/odd-servers.ts";
import type { ForwardedRequest, ListKind, ServerAccess, UpstreamServer } from "./upstream-server.ts";

const TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const KINDS: ListKind[] = ["tools", "prompts", "resources", "resourceTemplates"];

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function started<Server extends { close(): Promise<void> }>(starting: Promise<Server>): Promise<Server> {
  const server = await starting;
  cleanups.push(() => server.close());
  return server;
}

/** A legacy server behind the gateway, and a promise of the work that it leaves for after its answers. */
function upstream(url: string, over: Partial<ServerConfig> = {}) {
  const work: Promise<unknown>[] = [];
  const config: ServerConfig = {
    name: "odd",
    title: "Odd",
    url,
    transport: new URL(url).pathname === "/sse" ? "sse" : "auto",
    auth: { kind: "none" },
    scopes: [],
    ...over,
  };
  const server = legacyServer(config, (each) => work.push(each));
  return { server, done: () => Promise.all(work) };
}

const access = (over: Partial<ServerAccess> = {}): ServerAccess => ({
  headers: { authorization: "Bearer of-the-gateway" },
  traceparent: TRACEPARENT,
  signal: new AbortController().signal,
  ...over,
});

/** What a gateway does around one server: greets by itself, and passes the rest on. */
function front(server: UpstreamServer) {
  return async (url: string | URL, init?: RequestInit): Promise<Response> => {
    const request = new Request(url, init);
    if (request.method !== "POST") return new Response(null, { status: 405 });
    const message = (await request.json()) as ForwardedRequest["message"];
    const capabilities = { tools: {}, prompts: {}, resources: {}, completions: {} };
    const serverInfo = { name: "front", version: "1" };
    const answer = (result: object) => Response.json({ jsonrpc: "2.0", id: message.id, result });
    if (message.method === "server/discover") {
      const _meta = { "io.modelcontextprotocol/serverInfo": serverInfo };
      const caching = { resultType: "complete", ttlMs: 0, cacheScope: "private" };
      return answer({ ...caching, supportedVersions: ["2026-07-28"], capabilities, _meta });
    }
    if (message.method === "initialize") return answer({ protocolVersion: "2025-11-25", capabilities, serverInfo });
    if (message.id === undefined) return new Response(null, { status: 202 });
    return server.forward({ message, headers: request.headers }, access({ signal: request.signal }));
  };
}

const CLIENTS = {
  "2026-07-28": async (server: UpstreamServer) => {
    const versionNegotiation = { mode: { pin: "2026-07-28" } };
    const client = new ModernClient({ name: "test", version: "1" }, { versionNegotiation });
    await client.connect(new ModernTransport(new URL("http://gateway.test/mcp"), { fetch: front(server) }));
    cleanups.push(() => client.close());
    return client as unknown as LegacyClient;
  },
  "2025-11-25": async (server: UpstreamServer) => {
    const client = new LegacyClient({ name: "test", version: "1" });
    const transport = new LegacyTransport(new URL("http://gateway.test/mcp"), { fetch: front(server) });
    await client.connect(transport as never);
    cleanups.push(() => client.close());
    return client;
  },
};

const SERVERS = {
  "Streamable HTTP with sessions": () => sessionServer(),
  "Streamable HTTP that answers JSON": () => sessionServer({ json: true }),
  "HTTP+SSE": sseServer,
};

for (const [kind, start] of Object.entries(SERVERS)) {
  describe(`a server that speaks ${kind}`, () => {
    it("has its lists read, and no session is left of it", async () => {
      const odd = await started(start());
      const { server, done } = upstream(odd.url);
      const [tools, prompts, resources, templates] = await Promise.all(
        KINDS.map((each) => server.list(each, access())),
      );
      expect(tools!.map(({ name }) => name)).toEqual(["echo", "fail", "count", "hold", "ask", "later"]);
      expect(tools![0]).toMatchObject({ description: "Says it again.", inputSchema: { required: ["text"] } });
      expect(prompts!.map(({ name }) => name)).toEqual(["greet"]);
      expect(resources!.map(({ uri }) => uri)).toEqual(["odd://one"]);
      expect(templates!.map(({ uriTemplate }) => uriTemplate)).toEqual(["odd://item/{id}"]);
      await done();
      await expect.poll(() => odd.sessions.size).toBe(0);
    });

    for (const [version, connect] of Object.entries(CLIENTS)) {
      it(`is used by a client of MCP ${version} as if it spoke that`, async () => {
        const odd = await started(start());
        const { server, done } = upstream(odd.url);
        const client = await connect(server);
        expect((await client.callTool({ name: "echo", arguments: { text: "hi" } })).content).toEqual([
          { type: "text", text: "hi" },
        ]);
        expect(await client.callTool({ name: "fail" })).toMatchObject({ isError: true });
        const prompt = await client.getPrompt({ name: "greet", arguments: { name: "Ada" } });
        expect(prompt.messages).toMatchObject([{ content: { text: "Hello, Ada" } }]);
        const resource = await client.readResource({ uri: "odd://one" });
        expect(resource.contents).toMatchObject([{ uri: "odd://one", text: "1" }]);
        const completion = await client.complete({
          ref: { type: "ref/resource", uri: "odd://item/{id}" },
          argument: { name: "id", value: "2" },
        });
        expect(completion.completion.values).toEqual(["2", "22"]);
        await done();
        await expect.poll(() => odd.sessions.size).toBe(0);
      });

      it(`gives a client of MCP ${version} the server's own errors`, async () => {
        const client = await connect(upstream((await started(start())).url).server);
        await expect(client.getPrompt({ name: "nosuch" })).rejects.toMatchObject({
          code: -32602,
          message: expect.stringContaining("nosuch"),
        });
        await expect(client.readResource({ uri: "odd://nosuch" })).rejects.toMatchObject({
          message: expect.stringContaining("odd://nosuch"),
        });
      });
    }

    it("is told who calls in which trace, with every request, and never what the client showed", async () => {
      const odd = await started(start());
      const { server, done } = upstream(odd.url);
      const message = { jsonrpc: "2.0" as const, id: 7, method: "tools/call", params: { name: "fail" } };
      const headers = new Headers({ authorization: "Bearer of-the-client", cookie: "a=b", accept: "application/json" });
      const response = await server.forward({ message, headers }, access());
      expect(await response.json()).toMatchObject({ id: 7, result: { isError: true } });
      await done();
      expect(odd.seen.length).toBeGreaterThan(2);
      for (const { headers: got } of odd.seen) {
        expect(got).toMatchObject({ authorization: "Bearer of-the-gateway", traceparent: TRACEPARENT });
        expect(got).not.toHaveProperty("cookie");
      }
    });

    it("that answers 401 to everything is said to have", async () => {
      const odd = await started(statusServer(401));
      const url = new URL((await started(start())).url).pathname === "/sse" ? odd.url.replace("/mcp", "/sse") : odd.url;
      await expect(upstream(url).server.list("tools", access())).rejects.toMatchObject({
        message: "Odd answered with HTTP 401.",
        status: 401,
      });
    });
  });
}

/** Not for the server that answers JSON: it drops what it says before the answer. */
for (const [kind, start] of Object.entries({ "Streamable HTTP": () => sessionServer(), "HTTP+SSE": sseServer })) {
  describe(`over ${kind}`, () => {
    for (const [version, connect] of Object.entries(CLIENTS)) {
      it(`progress reaches a client of MCP ${version} in order, and the result keeps all its parts`, async () => {
        const client = await connect(upstream((await started(start())).url).server);
        const progress: unknown[] = [];
        const onprogress = (each: unknown) => progress.push(each);
        const call = { name: "count", arguments: { to: 3 } };
        // The clients differ in where they take options.
        const result = await (version === "2026-07-28"
          ? client.callTool(call, { onprogress } as never)
          : client.callTool(call, undefined, { onprogress }));
        expect(progress).toEqual([1, 2, 3].map((each) => ({ progress: each, total: 3 })));
        expect(result).toMatchObject({ structuredContent: { counted: 3 }, _meta: { "example.com/kept": true } });
      });
    }

    it("cannot ask the client back, and is told so at once", async () => {
      const client = await CLIENTS["2025-11-25"](upstream((await started(start())).url).server);
      const { content } = await client.callTool({ name: "ask" });
      expect(JSON.stringify(content)).toMatch(/elicitation/i);
    });

    it("progress is there before the answer is, and a client that leaves cancels the call and ends the session", async () => {
      const odd = await started(start());
      const { server, done } = upstream(odd.url);
      const client = new AbortController();
      const message = {
        jsonrpc: "2.0" as const,
        id: "a",
        method: "tools/call",
        params: { name: "hold", _meta: { progressToken: "p" } },
      };
      const headers = new Headers({ accept: "application/json, text/event-stream" });
      const response = await server.forward({ message, headers }, access({ signal: client.signal }));
      expect(response.headers.get("content-type")).toBe("text/event-stream");
      const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
      expect((await reader.read()).value).toContain('"progressToken":"p","progress":1');
      client.abort(new Error("gone"));
      await done();
      await expect.poll(() => odd.cancelled).toEqual(["The client went away."]);
      await expect.poll(() => odd.sessions.size).toBe(0);
    });

    it("a client that stops reading cancels the call too", async () => {
      const odd = await started(start());
      const { server, done } = upstream(odd.url);
      const params = { name: "hold", _meta: { progressToken: 1 } };
      const message = { jsonrpc: "2.0" as const, id: 1, method: "tools/call", params };
      const headers = new Headers({ accept: "application/json, text/event-stream" });
      const response = await server.forward({ message, headers }, access());
      await response.body!.cancel();
      await done();
      await expect.poll(() => odd.cancelled).toHaveLength(1);
      await expect.poll(() => odd.sessions.size).toBe(0);
    });
  });
}

describe("a client of MCP 2026-07-28", () => {
  const call = async (odd: OddServer, method: string, params: Record<string, unknown>) => {
    const _meta = { "io.modelcontextprotocol/protocolVersion": "2026-07-28", "example.com/kept": 1 };
    const message = { jsonrpc: "2.0" as const, id: 1, method, params: { ...params, _meta } };
    const headers = new Headers({
      "mcp-protocol-version": "2026-07-28",
      accept: "application/json, text/event-stream",
    });
    const { server, done } = upstream(odd.url);
    const response = await server.forward({ message, headers }, access());
    await done();
    return response.json();
  };

  it("gets results with their type, how long they are good for, and who answered", async () => {
    const odd = await started(sessionServer());
    expect(await call(odd, "resources/read", { uri: "odd://one" })).toMatchObject({
      result: {
        resultType: "complete",
        ttlMs: 0,
        cacheScope: "private",
        _meta: { "io.modelcontextprotocol/serverInfo": { name: "session-server" } },
      },
    });
  });

  it("does not show an older server what only its own version has", async () => {
    const odd = await started(sessionServer());
    await call(odd, "tools/call", { name: "echo", arguments: { text: "x" }, requestState: "s", inputResponses: {} });
    const { body } = await odd.sees(({ rpc }) => rpc === "tools/call");
    expect(body.params).toEqual({ name: "echo", arguments: { text: "x" }, _meta: { "example.com/kept": 1 } });
  });
});

it("a stream that the server ends on purpose is taken up again for the answer", async () => {
  const odd = await started(sessionServer({ resumable: true }));
  const client = await CLIENTS["2025-11-25"](upstream(odd.url).server);
  expect((await client.callTool({ name: "later" })).content).toEqual([{ type: "text", text: "after all" }]);
  expect((await odd.sees(({ method }) => method === "GET")).headers).toHaveProperty("last-event-id");
});

it("a JSON-RPC error that comes with an HTTP status of its own is the answer all the same", async () => {
  const odd = await started(
    statusServer(400, {}, { jsonrpc: "2.0", id: 1, error: { code: -32600, message: "not so" } }),
  );
  await expect(upstream(odd.url).server.list("tools", access())).rejects.toThrow('Odd refused a session: "not so".');
});

it("a silent stream gets a sign of life every 15 seconds, until its end", async () => {
  vi.useFakeTimers();
  cleanups.push(() => vi.useRealTimers());
  const message = { jsonrpc: "2.0" as const, id: 1, method: "tools/call", params: {} };
  const exchange = new Exchange({ message, headers: new Headers({ accept: "text/event-stream" }) }, "Odd");
  exchange.pass({ jsonrpc: "2.0", method: "notifications/progress", params: { progressToken: 1, progress: 1 } });
  vi.advanceTimersByTime(31_000);
  exchange.answer({ result: {} }, undefined);
  expect(vi.getTimerCount()).toBe(0);
  expect((await (await exchange.response).text()).match(/^: keep-alive$/gm)).toHaveLength(2);
});

it("a client that does not read its stream gets the answer, and not all of the progress before it", async () => {
  const message = { jsonrpc: "2.0" as const, id: 1, method: "tools/call", params: {} };
  const exchange = new Exchange({ message, headers: new Headers({ accept: "text/event-stream" }) }, "Odd");
  const words = "x".repeat(1_000);
  for (let progress = 0; progress < 1_000; progress++) {
    const params = { progressToken: 1, progress, message: words };
    exchange.pass({ jsonrpc: "2.0", method: "notifications/progress", params });
  }
  exchange.answer({ result: { answered: true } }, undefined);
  const text = await (await exchange.response).text();
  expect(text).toContain('"answered":true');
  expect(text.length).toBeLessThan(100_000);
});

describe("a server that is", () => {
  const echo = { jsonrpc: "2.0" as const, id: 1, method: "tools/call", params: { name: "cut" } };
  const headers = new Headers({ accept: "application/json, text/event-stream" });

  it("unreachable is said to be", async () => {
    const odd = await sessionServer();
    await odd.close();
    await expect(upstream(odd.url).server.list("tools", access())).rejects.toThrow("Odd cannot be reached.");
  });

  it("hanging is given up when the signal says so", async () => {
    const odd = await started(hangingServer());
    const signal = AbortSignal.timeout(50);
    await expect(upstream(odd.url).server.list("tools", access({ signal }))).rejects.toMatchObject({
      name: "TimeoutError",
    });
    const sse = odd.url.replace("/mcp", "/sse");
    const late = AbortSignal.timeout(50);
    await expect(upstream(sse).server.list("tools", access({ signal: late }))).rejects.toMatchObject({
      name: "TimeoutError",
    });
  });

  it("no MCP server is told from one, whatever it sends instead", async () => {
    for (const starting of [garbageServer(), htmlServer()]) {
      const odd = await started(starting);
      await expect(upstream(odd.url).server.list("tools", access())).rejects.toThrow("Odd did not answer with MCP");
    }
  });

  it("busy or broken is quoted with its status and when to come again", async () => {
    const busy = await started(statusServer(429, { "retry-after": "7" }));
    await expect(upstream(busy.url).server.forward({ message: echo, headers }, access())).rejects.toMatchObject({
      status: 429,
      retryAfter: "7",
    });
  });

  it("redirecting to another origin is not followed with the credential", async () => {
    const other = await started(sessionServer());
    const odd = await started(statusServer(307, { location: other.url }));
    await expect(upstream(odd.url).server.list("tools", access())).rejects.toThrow("it redirects, and is not followed");
    expect(other.seen).toEqual([]);
  });

  it("sending messages to another origin is not followed with the credential either", async () => {
    const other = await started(sessionServer());
    const odd = await started(strayingServer(other.url));
    await expect(upstream(odd.url).server.list("tools", access())).rejects.toThrow("Odd did not answer with MCP.");
    expect(other.seen).toEqual([]);
  });

  it("endless is read to 10 MB and no further", async () => {
    const odd = await started(hugeServer(100_000_000));
    await expect(upstream(odd.url).server.list("tools", access())).rejects.toThrow("Odd sent more than 10 MB at once.");
    expect(odd.sent()).toBeLessThan(30_000_000);
  });

  for (const how of ["reset", "end"] as const) {
    it(`breaking off (${how}) ends the client's stream with an error, not with silence`, async () => {
      const odd = await started(cutServer(how));
      const { server, done } = upstream(odd.url);
      const response = await server.forward({ message: echo, headers }, access());
      const text = await response.text();
      expect(text).toContain("notifications/progress");
      expect(text).toContain('"error":{"code":-32603,"message":"Odd broke off before it answered."}');
      await done();
    });
  }

  it("generous with pages gives all of them, but not without end", async () => {
    const [some, most] = [await started(manyServers(1, 250)), await started(manyServers(1, 10_001))];
    expect(await upstream(some.urls[0]!).server.list("tools", access())).toHaveLength(250);
    await expect(upstream(most.urls[0]!).server.list("tools", access())).rejects.toThrow(
      "Odd has more than 100 pages for tools/list.",
    );
  });

  it("plain, without sessions, needs no goodbye", async () => {
    const many = await started(manyServers(2, 3));
    const { server, done } = upstream(many.urls[1]!);
    expect(await server.list("tools", access())).toHaveLength(3);
    expect(await server.list("prompts", access())).toEqual([]);
    await done();
    expect(many.seen.map(({ method }) => method)).not.toContain("DELETE");
    // It said that it has tools only.
    expect(many.seen.map(({ rpc }) => rpc)).not.toContain("prompts/list");
  });
});
