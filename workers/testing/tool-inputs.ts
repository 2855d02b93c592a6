import fc, { type Arbitrary } from "fast-check";
import { z } from "zod";

/** The part of JSON Schema that tools' input schemas are made of. */
interface Schema {
  type?: string | string[];
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: boolean | Schema;
  propertyNames?: Schema;
  items?: Schema;
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
  enum?: unknown[];
  const?: unknown;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
  pattern?: string;
  format?: string;
}

/** Lists and texts are made no longer than this, whatever the schema allows: what is tested is their shape. */
const MOST = 5;

/** Signs of a text that is made of a pattern. */
const MOST_OF_A_PATTERN = 64;

/** Inputs that a tool has to take: they fit its schema, refinements too. */
export function validInputs(input: z.ZodObject): Arbitrary<Record<string, unknown>> {
  const schema = z.toJSONSchema(input, { io: "input", unrepresentable: "any" }) as Schema;
  return (arbitraryOf(schema) as Arbitrary<Record<string, unknown>>).filter((args) => input.safeParse(args).success);
}

/** Inputs that a tool has to refuse: a fitting one with one thing spoiled. */
export function invalidInputs(input: z.ZodObject): Arbitrary<Record<string, unknown>> {
  const { properties = {}, required = [] } = z.toJSONSchema(input, { io: "input", unrepresentable: "any" }) as Schema;
  const names = Object.keys(properties);
  const junk = fc.oneof(
    fc.constant(null),
    fc.constant({ no: "such" }),
    fc.constant([[]]),
    fc.constant("\u0000".repeat(100_000)),
    fc.double(),
    fc.constant(-1e9),
    fc.constant(""),
    fc.string({ unit: "binary" }),
  );
  const spoil = fc.oneof(
    fc.record({ kind: fc.constant("extra" as const), name: fc.constant("surprise"), value: junk }),
    ...(names.length > 0
      ? [fc.record({ kind: fc.constant("junk" as const), name: fc.constantFrom(...names), value: junk })]
      : []),
    ...(required.length > 0
      ? [fc.record({ kind: fc.constant("missing" as const), name: fc.constantFrom(...required), value: junk })]
      : []),
  );
  return fc
    .tuple(validInputs(input), spoil)
    .map(([args, { kind, name, value }]) => {
      if (kind !== "missing") return { ...args, [name]: value };
      const { [name]: _, ...rest } = args;
      return rest;
    })
    .filter((args) => !input.safeParse(args).success);
}

function arbitraryOf(schema: Schema): Arbitrary<unknown> {
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum) return fc.constantFrom(...schema.enum);
  const branches = schema.anyOf ?? schema.oneOf;
  if (branches) return fc.oneof(...branches.map(arbitraryOf));
  if (schema.allOf) {
    return fc.tuple(...schema.allOf.map(arbitraryOf)).map((parts) => Object.assign({}, ...(parts as object[])));
  }
  const [type] = Array.isArray(schema.type) ? schema.type : [schema.type];
  switch (type) {
    case "object":
      return objectOf(schema);
    case "array": {
      const minLength = schema.minItems ?? 0;
      const maxLength = Math.max(minLength, Math.min(schema.maxItems ?? MOST, MOST));
      return fc.array(arbitraryOf(schema.items ?? {}), { minLength, maxLength });
    }
    case "string":
      return textOf(schema);
    case "integer": {
      const min = Math.max(schema.minimum ?? (schema.exclusiveMinimum ?? -1001) + 1, Number.MIN_SAFE_INTEGER);
      return fc.integer({ min, max: Math.min(schema.maximum ?? min + 2000, min + 100_000) });
    }
    case "number":
      return fc.integer({ min: Math.ceil(schema.minimum ?? -1000), max: Math.floor(schema.maximum ?? 1000) });
    case "boolean":
      return fc.boolean();
    case "null":
      return fc.constant(null);
    default:
      return fc.oneof(fc.string(), fc.integer(), fc.boolean());
  }
}

function objectOf({ properties = {}, required = [], additionalProperties, propertyNames }: Schema): Arbitrary<object> {
  const known = fc.record(
    Object.fromEntries(Object.entries(properties).map(([name, each]) => [name, arbitraryOf(each)])),
    { requiredKeys: required },
  );
  if (typeof additionalProperties !== "object") return known;
  const key = textOf({ minLength: 1, ...propertyNames });
  const more = fc.dictionary(key, arbitraryOf(additionalProperties), {
    minKeys: 1,
    maxKeys: MOST,
    noNullPrototype: true,
  });
  return fc.tuple(more, known).map(([others, own]) => ({ ...others, ...own }));
}

function textOf({ pattern, format, minLength = 0, maxLength }: Schema): Arbitrary<string> {
  const length = { minLength, maxLength: Math.max(minLength, Math.min(maxLength ?? 30, 30)) };
  if (format === "uri") return fc.webUrl();
  if (format === "date-time") return fc.date({ noInvalidDate: true }).map((date) => date.toISOString());
  if (format === "date") return fc.date({ noInvalidDate: true }).map((date) => date.toISOString().slice(0, 10));
  if (format === "email") return fc.emailAddress();
  if (format === "uuid") return fc.uuid();
  const plain = fc.oneof(
    fc.string(length),
    fc.string({ ...length, unit: "grapheme" }),
    fc
      .constantFrom("..", "a/b", "%2e%2e", "?x=1", "#", "\n", "'", '"', "<b>", "\u202e")
      .map((text) => text.padEnd(minLength, "x")),
  );
  if (pattern === undefined) return plain;
  // fast-check makes no look-arounds; what is left of a pattern without them is checked against the whole schema later.
  return /\(\?[=!<]/.test(pattern)
    ? plain
    : // An id has a length of its own, such as the 40 digits of a commit's.
      fc.stringMatching(new RegExp(pattern, "u"), { maxLength: Math.max(length.maxLength, MOST_OF_A_PATTERN) });
}
