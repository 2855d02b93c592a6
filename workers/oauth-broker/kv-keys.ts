import type { KvBinding, KvPage } from "./config.ts";

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
