import { randomBytes, randomInt, randomUUID } from "node:crypto";
import type { Properties, ResourceType } from "../core/resource-type.ts";

const keepers = { keepers: { replaces: true } } as const;

/** What all of them share: made once, never changed, nothing to ask an API for. */
function generated(
  type: Pick<ResourceType, "inputs" | "outputs" | "importId"> & {
    generate(inputs: Properties): { id: string; outputs: Properties };
  },
): ResourceType {
  return {
    inputs: { ...type.inputs, ...keepers },
    outputs: type.outputs,
    importId: type.importId,
    create: async (inputs) => type.generate(inputs),
    read: async (id, state) => ({ id, outputs: state }),
    delete: async () => {},
  };
}

const bytes = generated({
  inputs: { length: { required: true, replaces: true } },
  outputs: ["base64", "hex"],
  importId: (importId) => ({ id: "none", state: bytesState(Buffer.from(importId, "base64")) }),
  generate: (inputs) => ({ id: "none", outputs: bytesState(randomBytes(Number(inputs.length))) }),
});

function bytesState(value: Buffer): Properties {
  return { length: value.length, base64: value.toString("base64"), hex: value.toString("hex") };
}

const id = generated({
  inputs: { byteLength: { required: true, replaces: true }, prefix: { replaces: true } },
  outputs: ["b64Std", "b64Url", "dec", "hex"],
  importId: (importId) => {
    const [encoded = "", prefix] = importId.split(",").reverse();
    const value = Buffer.from(encoded, "base64url");
    return { id: encoded, state: { byteLength: value.length, ...(prefix && { prefix }), ...idState(value, prefix) } };
  },
  generate: (inputs) => {
    const value = randomBytes(Number(inputs.byteLength));
    return { id: value.toString("base64url"), outputs: idState(value, inputs.prefix as string | undefined) };
  },
});

function idState(value: Buffer, prefix = ""): Properties {
  return {
    b64Std: prefix + value.toString("base64"),
    b64Url: prefix + value.toString("base64url"),
    hex: prefix + value.toString("hex"),
    dec: prefix + BigInt(`0x${value.toString("hex") || "0"}`).toString(),
  };
}

const uuid = generated({
  inputs: {},
  outputs: ["result"],
  importId: (importId) => ({ id: importId, state: { result: importId } }),
  generate: () => {
    const result = randomUUID();
    return { id: result, outputs: { result } };
  },
});

const characters = {
  length: { required: true, replaces: true },
  lower: { default: true, replaces: true },
  upper: { default: true, replaces: true },
  numeric: { default: true, replaces: true },
  number: { computed: true, replaces: true },
  special: { default: true, replaces: true },
  minLower: { default: 0, replaces: true },
  minUpper: { default: 0, replaces: true },
  minNumeric: { default: 0, replaces: true },
  minSpecial: { default: 0, replaces: true },
  overrideSpecial: { replaces: true },
} as const;

const string = generated({
  inputs: characters,
  outputs: ["result"],
  importId: (importId) => ({ id: importId, state: { result: importId, length: importId.length } }),
  generate: (inputs) => {
    const result = randomText(inputs);
    return { id: result, outputs: { result, number: inputs.numeric } };
  },
});

const password = generated({
  inputs: characters,
  outputs: ["result"],
  importId: (importId) => ({ id: "none", state: { result: importId, length: importId.length } }),
  generate: (inputs) => ({ id: "none", outputs: { result: randomText(inputs), number: inputs.numeric } }),
});

/**
 * A text by the rules of terraform-provider-random's `CreateString`: the minimum of each kind, the rest from all
 * kinds, shuffled.
 */
export function randomText(inputs: Properties): string {
  const kinds = [
    { use: inputs.lower, min: inputs.minLower, from: "abcdefghijklmnopqrstuvwxyz" },
    { use: inputs.upper, min: inputs.minUpper, from: "ABCDEFGHIJKLMNOPQRSTUVWXYZ" },
    { use: inputs.numeric, min: inputs.minNumeric, from: "0123456789" },
    { use: inputs.special, min: inputs.minSpecial, from: String(inputs.overrideSpecial ?? "!@#$%&*()-_=+[]{}<>:?") },
  ];
  const pick = (from: string) => from[randomInt(from.length)] ?? "";
  const all = kinds
    .filter((kind) => kind.use)
    .map((kind) => kind.from)
    .join("");
  const least = kinds.flatMap((kind) => Array.from({ length: Number(kind.min) }, () => pick(kind.from)));
  const length = Number(inputs.length);
  if (least.length > length) throw new Error(`length ${length} is less than the sum of the minimums, ${least.length}.`);
  if (all === "") throw new Error("At least one kind of character (lower, upper, numeric, special) must be allowed.");
  const text = [...least, ...Array.from({ length: length - least.length }, () => pick(all))];
  for (let index = text.length - 1; index > 0; index--) {
    const other = randomInt(index + 1);
    [text[index], text[other]] = [text[other] ?? "", text[index] ?? ""];
  }
  return text.join("");
}

export const resources: Record<string, ResourceType> = {
  "random:index/randomBytes:RandomBytes": bytes,
  "random:index/randomId:RandomId": id,
  "random:index/randomPassword:RandomPassword": password,
  "random:index/randomString:RandomString": string,
  "random:index/randomUuid:RandomUuid": uuid,
};
