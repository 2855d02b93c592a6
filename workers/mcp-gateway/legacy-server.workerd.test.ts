import { build } from "esbuild";
import { Miniflare } from "miniflare";
import { afterAll, beforeAll, expect, it } from "vitest";
import { sessionServer, sseServer } from "./testing/odd-servers.ts";

/** Lists and calls as a gateway would, with what Cloudflare's runtime gives it. */
const WORKER = `
import { waitUntil } from "cloudflare:workers";
import { legacyServer } from "./legacy-server.ts";
export default {
  async fetch(request) {
    const { config, message } = await request.json();
    const server = legacyServer(config, waitUntil);
    const access = { headers: {}, traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", signal: request.signal };
    if (message) return server.forward({ message, headers: request.headers }, access);
    return Response.json(await Promise.all(["tools", "prompts", "resources"].map((kind) => server.list(kind, access))));
  },
};`;

let miniflare: Miniflare;
let origin: URL;

beforeAll(async () => {
  const { outputFiles } = await build({
    stdin: { contents: WORKER, resolveDir: import.meta.dirname, loader: "ts" },
    bundle: true,
    write: false,
    format: "esm",
    platform: "neutral",
    target: "es2024",
    mainFields: ["module", "main"],
    conditions: ["workerd", "worker", "browser"],
    external: ["node:*", "cloudflare:*"],
  });
  miniflare = new Miniflare({
    modules: [{ type: "ESModule", path: "worker.js", contents: outputFiles[0]!.text }],
    // Past the entry of Miniflare, which does not tell when a client goes away.
    unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
    compatibilityDate: "2026-07-01",
    compatibilityFlags: ["enable_request_signal"],
  });
  origin = await miniflare.unsafeGetDirectURL();
});
afterAll(() => miniflare.dispose());

for (const [kind, start] of Object.entries({ "Streamable HTTP": () => sessionServer(), "HTTP+SSE": sseServer })) {
  it(`in Cloudflare's runtime, a server that speaks ${kind} is listed, called, cancelled and left`, async () => {
    const odd = await start();
    const transport = new URL(odd.url).pathname === "/sse" ? "sse" : "auto";
    const config = { name: "odd", title: "Odd", url: odd.url, transport, auth: { kind: "none" }, scopes: [] };
    const ask = (message?: object, signal?: AbortSignal) =>
      fetch(origin, {
        method: "POST",
        headers: { accept: "application/json, text/event-stream" },
        body: JSON.stringify({ config, message }),
        signal: signal ?? null,
      });
    const call = (name: string, args = {}) => ({
      jsonrpc: "2.0",
      id: 1,
      method: "tools/call",
      params: { name, arguments: args, _meta: { progressToken: "p" } },
    });

    const lists = (await (await ask()).json()) as { name: string }[][];
    expect(lists.map((list) => list[0]!.name)).toEqual(["echo", "greet", "one"]);
    expect(await (await ask(call("echo", { text: "hi" }))).json()).toMatchObject({
      result: { content: [{ text: "hi" }] },
    });
    const counted = await (await ask(call("count", { to: 2 }))).text();
    expect(counted.match(/"progress":\d/g)).toEqual(['"progress":1', '"progress":2']);
    expect(counted).toContain('"structuredContent":{"counted":2}');

    const client = new AbortController();
    const response = await ask(call("hold"), client.signal);
    await response.body!.getReader().read();
    client.abort();
    await expect.poll(() => odd.cancelled, { timeout: 10_000 }).toEqual(["The client went away."]);
    await expect.poll(() => odd.sessions.size, { timeout: 10_000 }).toBe(0);
    await odd.close();
  });
}
