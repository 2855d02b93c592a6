import { camelCase, renameKeys, snakeCase } from "../core/casing.ts";
import type { InputRule, Properties, ResourceType } from "../core/resource-type.ts";
import { compact } from "../core/values.ts";
import { digitalOceanApi, orGone } from "./client.ts";

/** A resource whose inputs are the fields of the API's object, made by POST and changed by PUT. */
export interface PlainResource {
  inputs: Record<string, InputRule>;
  outputs: string[];
  volatile?: string[];
  autoName?: true;
  /** Path of the collection, from the resource's properties. */
  collection(properties: Properties): string;
  /** Field that holds one object in the API's answers. */
  one: string;
  /** Field that holds the list. */
  many: string;
  /** The API's field for the id. */
  idField?: string;
  /** What the rule `camelCase` ↔ `snake_case` does not cover. */
  toApi?(inputs: Properties): Properties;
  fromApi?(object: Properties): Properties;
  /** Input by which an existing one is found. */
  named: string;
  importId?: ResourceType["importId"];
  /** The import id of what was found. */
  importIdOf?(id: string, inputs: Properties): string;
}

export function plainResource(kind: PlainResource): ResourceType {
  const idField = kind.idField ?? "id";
  const bodyOf = (inputs: Properties) => {
    const known = Object.fromEntries(Object.entries(inputs).filter(([key]) => key in kind.inputs));
    return renameKeys(compact(kind.toApi?.(known) ?? known), snakeCase);
  };
  const outputsOf = (object: Properties): Properties => {
    const all = renameKeys(compact(object), camelCase) as Properties;
    const told = kind.fromApi?.(all) ?? all;
    // The API gives the whole object: what it leaves out is unset, but where it chooses a value itself.
    const unset = Object.entries(kind.inputs).filter(([, rule]) => !rule.computed && !rule.required);
    return {
      ...Object.fromEntries(unset.map(([key]) => [key, undefined])),
      ...Object.fromEntries(Object.entries(told).filter(([key]) => key in kind.inputs || kind.outputs.includes(key))),
    };
  };
  type Answer = Record<string, Properties>;
  const objectOf = (answer: Answer) => answer[kind.one] ?? {};
  const itemPath = (id: string, properties: Properties) => `${kind.collection(properties)}/${encodeURIComponent(id)}`;

  return {
    inputs: kind.inputs,
    outputs: kind.outputs,
    volatile: kind.volatile,
    autoName: kind.autoName,
    importId: kind.importId,
    async create(inputs, context) {
      const made = objectOf(await digitalOceanApi(context).post<Answer>(kind.collection(inputs), bodyOf(inputs)));
      return { id: String(made[idField]), outputs: outputsOf(made) };
    },
    async read(id, state, context) {
      const answer = await orGone(digitalOceanApi(context).get<Answer>(itemPath(id, state)));
      return answer && { id, outputs: outputsOf(objectOf(answer)) };
    },
    async update(id, inputs, _state, context) {
      return outputsOf(objectOf(await digitalOceanApi(context).put<Answer>(itemPath(id, inputs), bodyOf(inputs))));
    },
    async delete(id, state, context) {
      await digitalOceanApi(context).delete(itemPath(id, state));
    },
    async lookup(inputs, context) {
      const all = await digitalOceanApi(context).list<Properties>(kind.collection(inputs), kind.many);
      const found = all.find((item) => item[snakeCase(kind.named)] === inputs[kind.named]);
      if (!found) return undefined;
      const id = String(found[idField]);
      return kind.importIdOf?.(id, inputs) ?? id;
    },
  };
}
