import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Cloudflare from "cloudflare";
import { createApiClient } from "dots-wrapper";
import type { TunnelConnections } from "../contracts.ts";
import { Store } from "../store.ts";
import { type Api, createApi } from "./create-api.ts";
import { FakeRuntime } from "./fake-runtime.ts";
import { type Server, serve } from "./server.ts";

const cloudflareToken = "cloudflare-test-token";
const digitaloceanToken = "digitalocean-test-token";
export const account_id = "0000000000000000000000000000acc1";
export const zone_id = "00000000000000000000000000002020";

/** The APIs on a real HTTP server over a state directory of their own, with the official clients pointed at it. */
export interface TestApi {
  api: Api;
  store: Store;
  runtime: FakeRuntime;
  origin: string;
  log: string[];
  /** What {@link TunnelConnections} answers, by tunnel id. */
  connected: Map<string, ReturnType<TunnelConnections["connections"]>>;
  cloudflare: Cloudflare;
  digitalocean: ReturnType<typeof createApiClient>;
  /** A request with the right token for its path. */
  request(method: string, path: string, body?: unknown): Promise<{ status: number; body: Answer; headers: Headers }>;
  /** Ends the process's part and starts it again on the same state: a new store, a new runtime, a new server. */
  restart(): Promise<TestApi>;
  close(): Promise<void>;
}

// biome-ignore lint/suspicious/noExplicitAny: answers of any endpoint, looked into by the tests
type Answer = any;

export async function startTestApi(dir?: string): Promise<TestApi> {
  const state = dir ?? (await mkdtemp(join(tmpdir(), "cloud-api-")));
  const store = await Store.open(state);
  const runtime = new FakeRuntime();
  const log: string[] = [];
  const connected: TestApi["connected"] = new Map();
  const api = createApi({
    store,
    runtime,
    connections: { connections: (id) => connected.get(id) ?? [] },
    account: { id: account_id, name: "Test account" },
    zone: { id: zone_id, name: "example.com" },
    workersSubdomain: "test",
    cloudflareToken,
    digitaloceanToken,
    log: (line) => log.push(line),
  });
  const server: Server = await serve(api.handler, { host: "127.0.0.1", port: 0 });
  const origin = `http://127.0.0.1:${server.port}`;
  const stop = async () => {
    await server.close();
    await store.close();
    await runtime.close();
  };
  return {
    api,
    store,
    runtime,
    origin,
    log,
    connected,
    cloudflare: new Cloudflare({ apiToken: cloudflareToken, baseURL: `${origin}/client/v4`, maxRetries: 0 }),
    digitalocean: createApiClient({ token: digitaloceanToken, endpoint: `${origin}/v2` }),
    async request(method, path, body) {
      const token = path.startsWith("/v2") ? digitaloceanToken : cloudflareToken;
      const headers: Record<string, string> = { authorization: `Bearer ${token}` };
      if (body !== undefined && !(body instanceof FormData)) headers["content-type"] = "application/json";
      const sent =
        body === undefined || body instanceof FormData || typeof body === "string" ? body : JSON.stringify(body);
      const response = await fetch(`${origin}${path}`, {
        method,
        headers,
        ...(sent === undefined ? {} : { body: sent }),
      });
      const text = await response.text();
      const isJson = response.headers.get("content-type")?.includes("json") ?? false;
      return { status: response.status, body: isJson ? JSON.parse(text) : text, headers: response.headers };
    },
    async restart() {
      await stop();
      return startTestApi(state);
    },
    async close() {
      await stop();
      await rm(state, { recursive: true, force: true });
    },
  };
}

/** The form of a script upload: metadata and modules by name. */
export function scriptForm(metadata: Record<string, unknown>, modules: Record<string, string>): FormData {
  const form = new FormData();
  for (const [name, source] of Object.entries(modules)) {
    form.append(name, new File([source], name, { type: "application/javascript+module" }));
  }
  form.append("metadata", new File([JSON.stringify(metadata)], "metadata", { type: "application/json" }));
  return form;
}
