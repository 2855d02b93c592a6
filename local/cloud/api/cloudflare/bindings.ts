import type { ScriptBinding } from "../../contracts.ts";
import { type Fields, isFields } from "./body.ts";
import type { CloudflareContext } from "./context.ts";
import { ApiError } from "./envelope.ts";
import type { DurableObjectClass, Script } from "./records.ts";

/** Fields that the API takes and never tells (write-only in its description). */
const secretFields: Record<string, string[]> = { secret_text: ["text"], secret_key: ["key_base64", "key_jwk"] };

/**
 * The bindings of a new version: those given, `inherit` replaced by what the version before has, and those kept by
 * `keep_bindings` (a list of types).
 * @throws {ApiError} 400 for a list that is none, a binding without type or name, or nothing to inherit
 */
export function resolveBindings(given: unknown, keep: unknown, before: Script | undefined): ScriptBinding[] {
  if (given !== undefined && given !== null && !Array.isArray(given))
    throw invalid("metadata.bindings must be a list.");
  const bindings = ((given ?? []) as unknown[]).map((entry): ScriptBinding => {
    if (!isFields(entry) || typeof entry.type !== "string" || typeof entry.name !== "string" || entry.name === "") {
      throw new ApiError(400, 10052, "Every binding needs a type and a name.");
    }
    const binding = entry as ScriptBinding;
    if (binding.type !== "inherit") return binding;
    const inherited = before?.bindings.find((one) => one.name === (binding.old_name ?? binding.name));
    if (!inherited)
      throw new ApiError(400, 10057, `Binding '${binding.name}' cannot be inherited: the version before has none.`);
    return { ...inherited, name: binding.name };
  });
  const kept = Array.isArray(keep)
    ? (before?.bindings ?? []).filter(
        (one) => keep.includes(one.type) && !bindings.some(({ name }) => name === one.name),
      )
    : [];
  const all = [...bindings, ...kept];
  const twice = all.find((one, index) => all.findIndex(({ name }) => name === one.name) !== index);
  if (twice) throw invalid(`There are two bindings named '${twice.name}'.`);
  return all;
}

/**
 * Refuses a binding to something that does not exist, with the API's codes.
 * @param classes the Durable Object classes of this script after its migrations
 */
export function checkBindings(
  bindings: ScriptBinding[],
  script: string,
  classes: DurableObjectClass[],
  { kv, databases, scripts }: CloudflareContext,
): void {
  for (const binding of bindings) {
    const { type, name } = binding;
    if (type === "kv_namespace" && !kv.get(String(binding.namespace_id))) {
      throw new ApiError(400, 10041, `KV namespace '${String(binding.namespace_id)}' not found (binding ${name}).`);
    }
    if (type === "d1" && !databases.get(databaseId(binding))) {
      throw new ApiError(
        400,
        10181,
        `D1 database '${databaseId(binding)}' not found: binding ${name} of type d1 must have a database that already exists.`,
      );
    }
    if (type === "service" && binding.service !== script && !scripts.get(String(binding.service))) {
      throw new ApiError(
        400,
        10144,
        `Could not resolve service binding '${name}'. Target script '${String(binding.service)}' not found.`,
      );
    }
    if (type === "durable_object_namespace") {
      const owner = typeof binding.script_name === "string" ? binding.script_name : script;
      const known = owner === script ? classes : (scripts.get(owner)?.classes ?? []);
      if (!known.some((one) => one.name === binding.class_name)) {
        throw new ApiError(
          400,
          10061,
          `Cannot create binding for class '${String(binding.class_name)}' because it is not currently configured to implement Durable Objects in script '${owner}'. Did you forget to apply a --new-sqlite-class migration to it?`,
        );
      }
    }
    if (type === "secret_text" && typeof binding.text !== "string") throw invalid(`The secret '${name}' has no text.`);
  }
}

/** A binding as the API reads it back: no secret, and the namespace of a Durable Object class. */
export function describeBinding(binding: ScriptBinding, classes: DurableObjectClass[]): Fields {
  const hidden = secretFields[binding.type] ?? [];
  const shown = Object.fromEntries(Object.entries(binding).filter(([field]) => !hidden.includes(field)));
  const namespace =
    binding.type === "durable_object_namespace" && !binding.script_name
      ? classes.find((one) => one.name === binding.class_name)?.namespaceId
      : undefined;
  return namespace === undefined ? shown : { ...shown, namespace_id: namespace };
}

/** The binding as the runtime takes it: the database under its new name in the API and its old one. */
export function forRuntime(binding: ScriptBinding): ScriptBinding {
  if (binding.type !== "d1") return binding;
  return { ...binding, id: databaseId(binding), database_id: databaseId(binding) };
}

function databaseId(binding: ScriptBinding): string {
  return String(binding.database_id ?? binding.id);
}

function invalid(message: string): ApiError {
  return new ApiError(400, 10021, message);
}
