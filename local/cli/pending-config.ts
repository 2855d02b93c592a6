import type { ConfigValue, Update } from "./placement-history.ts";

/** A key of the stack config that is not as the last update was given it. */
export interface PendingKey {
  /** Path without the namespace, e.g. `services.coda.placement`. */
  key: string;
  /** In words; undefined: it is not set. */
  now: string | undefined;
  applied: string | undefined;
}

/** Longest value that is shown, in characters. */
const LONGEST = 80;

/**
 * What the config says that no update has been given yet. Of secrets only whether they are set can be compared.
 *
 * @param now the stack's config, by key with its namespace
 * @param last the newest update that succeeded
 */
export function pendingConfig(now: Update["config"], last: Pick<Update, "config">): PendingKey[] {
  const keys = [...new Set([...Object.keys(now), ...Object.keys(last.config)])].filter((key) =>
    key.startsWith("hybrid-mcp:"),
  );
  return keys.flatMap((key) => {
    const [current, applied] = [now[key], last.config[key]];
    const name = key.slice("hybrid-mcp:".length);
    if (current?.secret || applied?.secret) {
      return Boolean(current) === Boolean(applied)
        ? []
        : [{ key: name, now: current && "a secret", applied: applied && "a secret" }];
    }
    return differences(name, plain(current), plain(applied));
  });
}

/** A number or a boolean is text in one place and itself in another. */
function plain(value: ConfigValue | undefined): unknown {
  return value?.objectValue ?? value?.value;
}

function differences(key: string, now: unknown, applied: unknown): PendingKey[] {
  if (isObject(now) && isObject(applied)) {
    return [...new Set([...Object.keys(now), ...Object.keys(applied)])].flatMap((name) =>
      differences(`${key}.${name}`, now[name], applied[name]),
    );
  }
  const [a, b] = [shown(now), shown(applied)];
  return a === b ? [] : [{ key, now: a && shortened(a), applied: b && shortened(b) }];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The text of a value, the same whatever the order of its keys. */
function shown(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "object") return String(value);
  const sorted = (_: string, each: unknown) =>
    isObject(each) ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1))) : each;
  return JSON.stringify(value, sorted);
}

function shortened(text: string): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}
