import { isObject } from "./values.ts";

/** `serviceAuth401Redirect` → `service_auth_401_redirect`. */
export function snakeCase(name: string): string {
  return name
    .replace(/([a-z])([0-9]{2,})/g, "$1_$2")
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .toLowerCase();
}

/** `service_auth_401_redirect` → `serviceAuth401Redirect`. */
export function camelCase(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/**
 * Renames all keys of a value, deep.
 * @param special - names that do not follow the rule (plurals of the Pulumi SDK), in the direction of the renaming
 */
export function renameKeys(
  value: unknown,
  rename: (name: string) => string,
  special: Record<string, string> = {},
): unknown {
  if (Array.isArray(value)) return value.map((item) => renameKeys(item, rename, special));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [special[key] ?? rename(key), renameKeys(item, rename, special)]),
  );
}
