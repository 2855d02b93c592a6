import type { KvBinding, KvPage } from "./config.ts";

/** Longest key that KV takes, in bytes. https://developers.cloudflare.com/kv/platform/limits/ */
const LONGEST_KEY = 512;

/**
 * The same KV for keys that hold what somebody sent: a token, a client's id, a cookie. KV throws at one that is too long;
 * here there is simply nothing under it, as under any other that nobody has stored.
 */
export function withinKeyLimit(kv: KvBinding): KvBinding {
  return {
    get: async (key, ...how) => (fits(key) ? kv.get(key, ...how) : null),
    put: (...entry) => kv.put(...entry),
    delete: async (key) => {
      if (fits(key)) await kv.delete(key);
    },
    list: (options) => kv.list(options),
  };
}

function fits(key: string): boolean {
  return key.length <= LONGEST_KEY && new TextEncoder().encode(key).length <= LONGEST_KEY;
}

/** Every key that begins with a prefix, with its metadata; KV gives a thousand at a time. */
export async function keysOf<Metadata>(kv: KvBinding, prefix: string): Promise<KvPage<Metadata>["keys"]> {
  const keys: KvPage<Metadata>["keys"] = [];
  let cursor: string | undefined;
  do {
    const page = await kv.list<Metadata>({ prefix, ...(cursor && { cursor }) });
    keys.push(...page.keys);
    cursor = page.list_complete ? undefined : page.cursor;
  } while (cursor);
  return keys;
}
