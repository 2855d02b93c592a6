import { type Context, Hono } from "hono";
import type { KvNamespace } from "../../contracts.ts";
import { isFields, readFields, readJson, text, without } from "./body.ts";
import type { CloudflareContext } from "./context.ts";
import { ApiError, page, success } from "./envelope.ts";
import { hexId } from "./identifiers.ts";
import type { KvRecord } from "./records.ts";

/** Workers KV limits: the shortest life of a key, in seconds. */
const minimumTtl = 60;
const longestKeyBytes = 512;
const largestBulk = 10_000;
const largestBulkGet = 100;

/** `/accounts/{account_id}/storage/kv/namespaces` (Cloudflare API, Workers KV). */
export function kvRoutes(context: CloudflareContext): Hono {
  const { kv: namespaces, runtime } = context;

  const namespace = (c: Context, message: string): KvRecord => {
    const found = namespaces.get(c.req.param("namespace_id") ?? "");
    if (!found) throw new ApiError(404, 10013, message);
    return found;
  };
  const values = (c: Context, operation: string): Promise<KvNamespace> =>
    runtime.kv(namespace(c, `${operation}: 'namespace not found'`).id);
  const checkTitle = (title: string | undefined, except?: string): string => {
    if (title === undefined) throw new ApiError(400, 10019, "title is required");
    if (namespaces.find((other) => other.title === title && other.id !== except)) {
      throw new ApiError(400, 10014, "a namespace with this account ID and title already exists");
    }
    return title;
  };

  return new Hono()
    .get("/", (c) => {
      const order = c.req.query("order") === "title" ? "title" : "id";
      const sorted = namespaces.list().sort((a, b) => (a[order] < b[order] ? -1 : 1));
      if (c.req.query("direction") === "desc") sorted.reverse();
      return page(c, sorted, { default: 20, max: 1000 });
    })
    .post("/", async (c) => {
      const body = await readFields(c);
      const title = checkTitle(text(body, "title"));
      return success(c, namespaces.put({ ...body, id: hexId(), title, supports_url_encoding: true }));
    })
    .get("/:namespace_id", (c) => success(c, namespace(c, "get namespace: 'namespace not found'")))
    .put("/:namespace_id", async (c) => {
      const body = await readFields(c);
      const before = namespace(c, "namespace not found");
      const title = checkTitle(text(body, "title"), before.id);
      return success(c, namespaces.put({ ...before, ...without(body, "id", "supports_url_encoding"), title }));
    })
    .delete("/:namespace_id", async (c) => {
      const { id } = namespace(c, "namespace not found");
      await runtime.deleteKv(id);
      namespaces.delete(id);
      return success(c, null);
    })
    .get("/:namespace_id/keys", async (c) => {
      const store = await values(c, "list keys");
      const limit = Math.min(Number(c.req.query("limit")) || 1000, 1000);
      if (limit < 10) throw new ApiError(400, 10029, "list keys: 'limit must be at least 10'");
      const prefix = c.req.query("prefix");
      const cursor = c.req.query("cursor");
      const listed = await store.list({ ...(prefix ? { prefix } : {}), ...(cursor ? { cursor } : {}), limit });
      return success(c, listed.keys, {
        count: listed.keys.length,
        cursor: listed.list_complete ? "" : (listed.cursor ?? ""),
      });
    })
    .get("/:namespace_id/values/:key", async (c) => {
      const store = await values(c, "get");
      const found = await store.getWithMetadata(checkKey(c.req.param("key")), "arrayBuffer");
      if (found.value === null) throw new ApiError(404, 10009, "get: 'key not found'");
      const headers: Record<string, string> = { "content-type": "application/octet-stream" };
      if (found.expiration !== undefined) headers.expiration = String(found.expiration);
      return c.body(found.value, 200, headers);
    })
    .put("/:namespace_id/values/:key", async (c) => {
      const store = await values(c, "put");
      const key = checkKey(c.req.param("key"));
      const { value, metadata } = await readValue(c);
      const expiry = checkExpiry(number(c.req.query("expiration")), number(c.req.query("expiration_ttl")));
      await store.put(key, value, { ...expiry, ...(metadata === undefined ? {} : { metadata }) });
      return success(c, null);
    })
    .delete("/:namespace_id/values/:key", async (c) => {
      const store = await values(c, "remove");
      await store.delete(checkKey(c.req.param("key")));
      return success(c, null);
    })
    .get("/:namespace_id/metadata/:key", async (c) => {
      const store = await values(c, "get metadata");
      const found = await store.getWithMetadata(checkKey(c.req.param("key")), "arrayBuffer");
      if (found.value === null) throw new ApiError(404, 10009, "get metadata: 'key not found'");
      return success(c, found.metadata ?? null);
    })
    .put("/:namespace_id/bulk", async (c) => {
      const store = await values(c, "bulk put");
      const pairs = (await readList(c, largestBulk)).map(checkPair);
      for (const { key, value, options } of pairs) await store.put(key, value, options);
      return success(c, { successful_key_count: pairs.length, unsuccessful_keys: [] });
    })
    .delete("/:namespace_id/bulk", (c) => deleteKeys(c, values(c, "bulk remove")))
    .post("/:namespace_id/bulk/delete", (c) => deleteKeys(c, values(c, "bulk remove")))
    .post("/:namespace_id/bulk/get", async (c) => {
      const store = await values(c, "bulk get");
      const body = await readFields(c);
      const keys = body.keys;
      if (!Array.isArray(keys) || keys.length > largestBulkGet) {
        throw new ApiError(400, 10026, `keys must be a list of at most ${largestBulkGet} key names`);
      }
      const found: [string, unknown][] = [];
      for (const name of keys) {
        const key = checkKey(name);
        const entry = await store.getWithMetadata(key, "arrayBuffer");
        const value = decode(key, entry.value, body.type === "json");
        const expiration = entry.expiration === undefined ? {} : { expiration: entry.expiration };
        found.push([
          key,
          body.withMetadata && value !== null ? { value, metadata: entry.metadata, ...expiration } : value,
        ]);
      }
      return success(c, { values: Object.fromEntries(found) });
    });
}

async function deleteKeys(c: Context, opened: Promise<KvNamespace>): Promise<Response> {
  const store = await opened;
  const keys = (await readList(c, largestBulk)).map(checkKey);
  for (const key of keys) await store.delete(key);
  return success(c, { successful_key_count: keys.length, unsuccessful_keys: [] });
}

async function readList(c: Context, most: number): Promise<unknown[]> {
  const body = await readJson(c);
  if (!Array.isArray(body) || body.length > most) {
    throw new ApiError(400, 10026, `The request body must be a list of at most ${most} entries`);
  }
  return body;
}

function checkKey(key: unknown): string {
  if (typeof key !== "string" || key === "") throw new ApiError(400, 10033, "key name is required");
  if (Buffer.byteLength(key) > longestKeyBytes) {
    throw new ApiError(
      414,
      10030,
      `UTF-8 encoded length of ${Buffer.byteLength(key)} exceeds key length limit of ${longestKeyBytes}.`,
    );
  }
  return key;
}

function checkExpiry(expiration: number | undefined, ttl: number | undefined) {
  if (ttl !== undefined && !(ttl >= minimumTtl)) {
    throw new ApiError(400, 10021, `Invalid expiration_ttl of ${ttl}. Expiration TTL must be at least ${minimumTtl}.`);
  }
  if (expiration !== undefined && !(expiration >= Date.now() / 1000 + minimumTtl)) {
    throw new ApiError(
      400,
      10021,
      `Invalid expiration of ${expiration}. Expiration times must be at least ${minimumTtl} seconds in the future.`,
    );
  }
  if (ttl !== undefined) return { expirationTtl: ttl };
  return expiration === undefined ? {} : { expiration };
}

function checkPair(pair: unknown) {
  if (!isFields(pair) || typeof pair.value !== "string") {
    throw new ApiError(400, 10012, "every entry must be an object with a key and a value, both strings");
  }
  const options = {
    ...checkExpiry(pair.expiration as number | undefined, pair.expiration_ttl as number | undefined),
    ...(pair.metadata === undefined ? {} : { metadata: pair.metadata }),
  };
  return { key: checkKey(pair.key), value: Buffer.from(pair.value, pair.base64 === true ? "base64" : "utf8"), options };
}

/** A value comes as the raw body, or, with metadata, as a multipart form. */
async function readValue(c: Context): Promise<{ value: Uint8Array; metadata?: unknown }> {
  if (!c.req.header("content-type")?.startsWith("multipart/form-data")) {
    return { value: new Uint8Array(await c.req.arrayBuffer()) };
  }
  const form = await c.req.formData().catch(() => undefined);
  const value = form?.get("value");
  if (!form || value === null || value === undefined) {
    throw new ApiError(400, 10012, "could not parse the form: a part named 'value' is required");
  }
  const bytes = typeof value === "string" ? Buffer.from(value) : new Uint8Array(await value.arrayBuffer());
  const part = form.get("metadata");
  if (part === null) return { value: bytes };
  try {
    return { value: bytes, metadata: JSON.parse(typeof part === "string" ? part : await part.text()) };
  } catch {
    throw new ApiError(400, 10012, "metadata must be valid JSON");
  }
}

function decode(key: string, value: ArrayBuffer | null, json: boolean): unknown {
  if (value === null) return null;
  const decoded = new TextDecoder().decode(value);
  if (!json) return decoded;
  try {
    return JSON.parse(decoded);
  } catch {
    throw new ApiError(400, 10026, `the value of key '${key}' is not JSON`);
  }
}

function number(query: string | undefined): number | undefined {
  return query === undefined ? undefined : Number(query);
}
