import type { Properties } from "./resource-type.ts";

/** How the engine writes "not known yet" in a preview (pulumi/sdk `resource/plugin/rpc.go`, `UnknownStringValue`). */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** The engine has one such mark for each kind of value (same source). */
const unknownMarks = new Set([
  UNKNOWN,
  "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
  "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
  "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
  "030794c1-ac77-496b-92df-f27374a8bd58",
  "e48ece36-62e2-4504-bad9-02848725956a",
  "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
]);

/** Marks a wrapped value (pulumi/sdk `resource/properties.go`, `SigKey`). */
const signatureKey = "4dabf18193072939515e22adb298388d";
const secretSignature = "1b47061264138c4ac30d75fd1eb44270";

/** Whether a value is unknown or has an unknown value somewhere inside. */
export function hasUnknown(value: unknown): boolean {
  if (typeof value === "string") return unknownMarks.has(value);
  if (Array.isArray(value)) return value.some(hasUnknown);
  if (isObject(value)) return Object.values(value).some(hasUnknown);
  return false;
}

/** Plain values without secret wrappers. (Provider settings come wrapped; everything else the engine unwraps itself.) */
export function withoutSecretMarks(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutSecretMarks);
  if (!isObject(value)) return value;
  if (value[signatureKey] === secretSignature) return withoutSecretMarks(value.value);
  return mapValues(value, withoutSecretMarks);
}

/** A copy without `undefined` and `null`, deep: the engine's wire format has no undefined, and null means the same. */
export function compact(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(compact);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== undefined && item !== null)
      .map(([key, item]) => [key, compact(item)]),
  );
}

export function isObject(value: unknown): value is Properties {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Same object, each value replaced. */
export function mapValues(object: Properties, change: (value: unknown) => unknown): Properties {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value)]));
}

/** Nothing said: absent, null, "", [] and {} mean the same to the APIs. */
export function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === "") return true;
  if (Array.isArray(value)) return value.length === 0;
  return isObject(value) && Object.values(value).every(isEmpty);
}

/** Deep equality of JSON values; a key that holds nothing equals an absent one. */
export function equal(a: unknown, b: unknown): boolean {
  if (a === b || (isEmpty(a) && isEmpty(b))) return true;
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, index) => equal(item, b[index]));
  }
  if (isObject(a) && isObject(b)) {
    return [...new Set([...Object.keys(a), ...Object.keys(b)])].every((key) => equal(a[key], b[key]));
  }
  return false;
}

/** Whether `actual` has all that `wanted` says; an API may add defaults inside objects. */
export function covers(actual: unknown, wanted: unknown): boolean {
  if (equal(actual, wanted)) return true;
  if (Array.isArray(actual) && Array.isArray(wanted)) {
    return actual.length === wanted.length && wanted.every((item, index) => covers(actual[index], item));
  }
  if (isObject(actual) && isObject(wanted)) {
    return Object.keys(wanted).every((key) => covers(actual[key], wanted[key]));
  }
  return false;
}

/** A list in an order that depends only on its items. */
export function sorted(value: unknown): unknown {
  if (!Array.isArray(value)) return value;
  const keyed = value.map((item) => ({ item, key: JSON.stringify(item) }));
  return keyed.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)).map(({ item }) => item);
}
