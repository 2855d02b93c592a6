import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import {
  type D1Result,
  type KvNamespace,
  ScriptStartError,
  type ScriptVersion,
  type WorkersRuntime,
} from "../contracts.ts";
import type { StorageFaults } from "../workers/storage-faults.ts";

interface Entry {
  value: Uint8Array<ArrayBuffer>;
  metadata?: unknown;
  expiration?: number;
}

/** A Workers runtime for the API's tests: it remembers what it was told, keeps KV in a map and D1 in SQLite's memory. */
export class FakeRuntime implements WorkersRuntime {
  readonly live = new Map<string, ScriptVersion>();
  readonly deployed: string[] = [];
  readonly crons = new Map<string, string[]>();
  storageFaults: StorageFaults = {};
  readonly #values = new Map<string, Map<string, Entry>>();
  readonly #databases = new Map<string, DatabaseSync>();

  /** A main module that contains `does not start` is refused. */
  async deploy(version: ScriptVersion): Promise<void> {
    const main = version.modules.find(({ name }) => name === version.mainModule);
    if (new TextDecoder().decode(main?.contents).includes("does not start")) {
      throw new ScriptStartError("Uncaught Error: does not start\n  at worker.js:1:1");
    }
    this.live.set(version.name, version);
    this.deployed.push(version.name);
  }

  async remove(name: string): Promise<void> {
    this.live.delete(name);
  }

  schedule(name: string, crons: string[]): void {
    this.crons.set(name, crons);
  }

  has(name: string): boolean {
    return this.live.has(name);
  }

  async dispatch(): Promise<Response> {
    throw new Error("The API dispatches no request");
  }

  async kv(namespaceId: string): Promise<KvNamespace> {
    const values = this.#values.get(namespaceId) ?? new Map<string, Entry>();
    this.#values.set(namespaceId, values);
    return {
      async getWithMetadata(key) {
        const entry = values.get(key);
        const expiration = entry?.expiration === undefined ? {} : { expiration: entry.expiration };
        return { value: entry?.value.buffer ?? null, metadata: entry?.metadata ?? null, ...expiration };
      },
      async put(key, value, { metadata, expiration, expirationTtl } = {}) {
        const at = expirationTtl === undefined ? expiration : Math.floor(Date.now() / 1000) + expirationTtl;
        values.set(key, {
          value: new Uint8Array(value),
          ...(metadata === undefined ? {} : { metadata }),
          ...(at === undefined ? {} : { expiration: at }),
        });
      },
      async delete(key) {
        values.delete(key);
      },
      async list({ prefix = "", limit = 1000, cursor = "" }) {
        const names = [...values.keys()].filter((name) => name.startsWith(prefix) && name > cursor).sort();
        const shown = names.slice(0, limit);
        const keys = shown.map((name) => ({ name, metadata: values.get(name)?.metadata }));
        const last = shown.at(-1) ?? "";
        return { keys, list_complete: shown.length === names.length, ...(last === "" ? {} : { cursor: last }) };
      },
    };
  }

  async d1(databaseId: string, sql: string, params: unknown[]): Promise<D1Result[]> {
    const database = this.#databases.get(databaseId) ?? new DatabaseSync(":memory:");
    this.#databases.set(databaseId, database);
    const results = database.prepare(sql).all(...(params as SQLInputValue[])) as Record<string, unknown>[];
    return [{ results, success: true, meta: { size_after: 8192 } }];
  }

  async deleteKv(namespaceId: string): Promise<void> {
    this.#values.delete(namespaceId);
  }

  async deleteD1(databaseId: string): Promise<void> {
    this.#databases.get(databaseId)?.close();
    this.#databases.delete(databaseId);
  }

  async setStorageFaults(faults: StorageFaults): Promise<void> {
    this.storageFaults = faults;
  }

  async close(): Promise<void> {
    for (const database of this.#databases.values()) database.close();
  }
}
