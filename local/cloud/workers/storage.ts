import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { Miniflare } from "miniflare";
import type { D1Result, KvNamespace } from "../contracts.ts";
import { rawBinding } from "./binding-plugin.ts";
import { quiet } from "./instance.ts";
import { sqlStatements } from "./sql-statements.ts";
import type { StorageFaults } from "./storage-faults.ts";

/**
 * The one owner of all KV and D1 data (two workerds on one SQLite file block each other): a workerd with Miniflare's
 * simulators, which the bindings of all scripts and the REST API speak to over HTTP.
 */
export interface Storage {
  /** `host:port` for the bindings. */
  address: string;
  kv(namespaceId: string): KvNamespace;
  /** @throws Error with SQLite's message. */
  d1(databaseId: string, sql: string, params: unknown[]): Promise<D1Result[]>;
  deleteKv(namespaceId: string): Promise<void>;
  deleteD1(databaseId: string): Promise<void>;
  /** Replaces the faults of all of it. */
  setFaults(faults: StorageFaults): Promise<void>;
  close(): Promise<void>;
}

/**
 * Starts the storage.
 * @param dir where the data stays.
 */
export async function openStorage(dir: string, log: (line: string) => void): Promise<Storage> {
  const kvDir = join(dir, "kv");
  const miniflare = new Miniflare({
    ...quiet,
    handleStructuredLogs: ({ message }: { message: string }) => log(`storage: ${message}`),
    name: "storage",
    modules: [
      {
        type: "ESModule",
        path: "storage.js",
        contents: await readFile(new URL("storage.worker.js", import.meta.url), "utf8"),
      },
    ],
    compatibilityDate: "2026-07-01",
    kvPersist: kvDir,
    d1Persist: join(dir, "d1"),
    // Miniflare adds its simulators for the namespaces that it is told of; which ones there are comes later.
    kvNamespaces: { SEED_KV: "seed" },
    d1Databases: { SEED_D1: "seed" },
    unsafeBindings: [
      rawBinding("KV", {
        binding: { durableObjectNamespace: { serviceName: "kv:ns", className: "KVNamespaceObject" } },
      }),
      rawBinding("D1", {
        binding: { durableObjectNamespace: { serviceName: "d1:db", className: "D1DatabaseObject" } },
      }),
    ],
    unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
  });
  await miniflare.ready;
  const url = await miniflare.unsafeGetDirectURL("storage");
  const send = (kind: "kv" | "d1" | "faults", id: string, path: string, init: RequestInit = {}) =>
    fetch(new URL(path, url), {
      ...init,
      headers: { ...init.headers, "local-cloud-storage": kind, "local-cloud-storage-id": id },
    });

  const d1 = async (id: string, sql: string, params: unknown[]) => {
    const statements = sqlStatements(sql);
    if (statements.length > 1 && params.length > 0) {
      throw new Error("Parameters can be given for one statement only; the query has several.");
    }
    const queries = statements.map((statement) => ({ sql: statement, params: params.map(d1Value) }));
    const response = await send("d1", id, "/query", { method: "POST", body: JSON.stringify(queries) });
    if (!response.ok) throw new Error(await response.text());
    const answer = (await response.json()) as D1Result[] | { error: string };
    if (!Array.isArray(answer)) throw new Error(answer.error);
    return answer;
  };

  return {
    address: url.host,
    kv: (id) => kvClient((path, init) => send("kv", id, path, init)),
    d1,
    async deleteKv(id) {
      const namespace = kvClient((path, init) => send("kv", id, path, init));
      for (let complete = false; !complete; ) {
        const page = await namespace.list({});
        await Promise.all(page.keys.map(({ name }) => namespace.delete(name)));
        complete = page.list_complete;
      }
      await rm(join(kvDir, id), { recursive: true, force: true });
    },
    async deleteD1(id) {
      const list =
        "SELECT name, type FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT GLOB '_cf_*' AND name NOT GLOB 'sqlite_*'";
      const [found] = await d1(id, list, []);
      const drops = (found?.results ?? []).map(
        ({ name, type }) => `DROP ${String(type)} IF EXISTS "${String(name).replaceAll('"', '""')}"`,
      );
      if (drops.length > 0) await d1(id, ["PRAGMA defer_foreign_keys = on", ...drops].join(";"), []);
    },
    async setFaults(faults) {
      await send("faults", "", "/", { method: "PUT", body: JSON.stringify(faults) });
    },
    close: () => miniflare.dispose(),
  };
}

function d1Value(value: unknown): unknown {
  return typeof value === "boolean" ? Number(value) : (value ?? null);
}

type Send = (path: string, init?: RequestInit) => Promise<Response>;

/** The HTTP protocol of workerd's KV binding (`workerd/api/kv.c++`), from Node. */
function kvClient(send: Send): KvNamespace {
  const keyPath = (key: string, query: Record<string, string> = {}) =>
    `/${encodeURIComponent(key)}?${new URLSearchParams({ urlencoded: "true", ...query })}`;
  const checked = async (response: Response) => {
    if (!response.ok) throw new Error(await response.text());
    return response;
  };
  return {
    async getWithMetadata(key) {
      const response = await send(keyPath(key));
      if (response.status === 404) {
        await response.body?.cancel();
        return { value: null, metadata: null };
      }
      const { headers } = await checked(response);
      const expiration = headers.get("cf-expiration");
      return {
        value: await response.arrayBuffer(),
        metadata: JSON.parse(utf8(headers.get("cf-kv-metadata") ?? "null")),
        ...(expiration === null ? {} : { expiration: Number(expiration) }),
      };
    },
    async put(key, value, { expiration, expirationTtl, metadata } = {}) {
      const query = {
        ...(expiration === undefined ? {} : { expiration: String(expiration) }),
        ...(expirationTtl === undefined ? {} : { expiration_ttl: String(expirationTtl) }),
      };
      const headers: Record<string, string> =
        metadata === undefined || metadata === null ? {} : { "cf-kv-metadata": asciiJson(metadata) };
      await checked(await send(keyPath(key, query), { method: "PUT", body: new Uint8Array(value), headers }));
    },
    async delete(key) {
      await checked(await send(keyPath(key), { method: "DELETE" }));
    },
    async list({ prefix, limit, cursor }) {
      const query = new URLSearchParams({
        ...(prefix === undefined ? {} : { prefix }),
        ...(limit === undefined ? {} : { key_count_limit: String(limit) }),
        ...(cursor === undefined ? {} : { cursor }),
      });
      const page = (await (await checked(await send(`/?${query}`))).json()) as {
        keys: { name: string; expiration?: number; metadata?: string }[];
        list_complete: boolean;
        cursor?: string;
      };
      return {
        ...page,
        keys: page.keys.map(({ metadata, ...key }) =>
          metadata === undefined ? key : { ...key, metadata: JSON.parse(metadata) as unknown },
        ),
      };
    },
  };
}

/** JSON in ASCII, because it travels in a header. */
function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\u007f-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** workerd sends UTF-8 in headers; fetch reads a character per byte. */
function utf8(header: string): string {
  return Buffer.from(header, "latin1").toString("utf8");
}
