import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { Ajv, type ValidateFunction } from "ajv";
import addFormats from "ajv-formats";

interface Schema {
  $ref?: string;
  type?: string;
  required?: string[];
  properties?: Record<string, Schema>;
  additionalProperties?: boolean | Schema;
  items?: Schema;
  allOf?: Schema[];
  oneOf?: Schema[];
  anyOf?: Schema[];
  discriminator?: { mapping: Record<string, string> };
  const?: string;
  [keyword: string]: unknown;
}

interface Parameter {
  name: string;
  in: "path" | "query";
  required?: boolean;
  schema: Schema;
}

interface Operation {
  parameters?: (Parameter | { $ref: string })[];
  requestBody?: { content: { "application/json": { schema: Schema } } };
  responses: Record<string, unknown>;
}

interface Description {
  paths: Record<string, Record<string, Operation>>;
  components: Record<string, Record<string, unknown>>;
}

/** Judges requests and answers by Coda's own OpenAPI document (version 1.4.17, as the npm package `@opensdks/sdk-coda` has it). */
export interface PublishedDescription {
  /**
   * @param path below the API's base, without the query
   * @returns the operation, e.g. `get /docs/{docId}`, or undefined when the API has none such
   */
  operation(method: string, path: string): string | undefined;
  /**
   * @param operation as {@link operation} gives it; undefined for an endpoint that the API does not have
   * @param body the parsed JSON body
   * @returns what is wrong with the answer; empty when it is as described
   */
  problems(operation: string | undefined, status: number, body: unknown): string[];
  /**
   * @param operation as {@link operation} gives it; undefined for an endpoint that the API does not have
   * @param query of the request
   * @param body its parsed JSON body; undefined when it has none
   * @returns what is wrong with the request; empty when it is as described
   */
  requestProblems(operation: string | undefined, query: URLSearchParams, body: unknown): string[];
}

export function publishedDescription(): PublishedDescription {
  const file = createRequire(import.meta.url).resolve("@opensdks/sdk-coda/coda.oas.json");
  const description = JSON.parse(readFileSync(file, "utf8")) as Description;
  correct(description);
  const ajv = new Ajv({ strict: false, allErrors: true });
  addFormats.default(ajv);
  ajv.addFormat("url", (text) => URL.canParse(text));
  const validators = new Map<Schema, ValidateFunction>();

  const at = (reference: string) =>
    reference
      .slice(2)
      .split("/")
      .reduce<unknown>((node, key) => (node as Record<string, unknown>)[key], description) as Schema;

  const validator = (schema: Schema) => {
    const validate = validators.get(schema) ?? ajv.compile(closed(schema, at));
    validators.set(schema, validate);
    return validate;
  };

  const operationNamed = (operation: string | undefined): Operation | undefined => {
    const [method, path] = operation?.split(" ") ?? [];
    return path === undefined ? undefined : description.paths[path]?.[method!];
  };

  const faultsOf = (schema: Schema, value: unknown): string[] => {
    const validate = validator(schema);
    if (validate(value)) return [];
    return (validate.errors ?? []).map((error) => `${error.instancePath || "/"} ${error.message}`);
  };

  const responseSchema = (operation: string | undefined, status: number): Schema | undefined => {
    const named = operationNamed(operation)?.responses[String(status)];
    // An error that an operation does not list has the form that all errors share.
    const response = (named ?? (status >= 400 ? { $ref: "#/components/responses/BadRequestError" } : undefined)) as
      | { $ref?: string }
      | undefined;
    const resolved = (response?.$ref ? at(response.$ref) : response) as
      | { content: { "application/json": { schema: Schema } } }
      | undefined;
    return resolved?.content["application/json"].schema;
  };

  const templates = Object.entries(description.paths).flatMap(([template, operations]) =>
    Object.keys(operations).map((method) => ({
      method,
      operation: `${method} ${template}`,
      pattern: new RegExp(`^${template.replace(/\$?\{[^}]+\}/g, "[^/]+")}$`),
    })),
  );

  return {
    operation: (method, path) =>
      templates.find((each) => each.method === method.toLowerCase() && each.pattern.test(path))?.operation,
    problems(operation, status, body) {
      const schema = responseSchema(operation, status);
      if (!schema) return [`${operation ?? "this path"} has no ${status}`];
      return faultsOf(schema, body);
    },
    requestProblems(operation, query, body) {
      const described = operationNamed(operation);
      if (!described) return [`${operation ?? "this path"} is not described`];
      const parameters = (described.parameters ?? [])
        .map((each) => ("$ref" in each ? (at(each.$ref) as unknown as Parameter) : each))
        .filter((each) => each.in === "query");
      const problems: string[] = [];
      for (const { name, required } of parameters) {
        if (required && !query.has(name)) problems.push(`?${name} is missing`);
      }
      for (const name of new Set(query.keys())) {
        const parameter = parameters.find((each) => each.name === name);
        if (!parameter) problems.push(`?${name} is not described`);
        else if (query.getAll(name).length > 1) problems.push(`?${name} is given more than once`);
        else {
          const value = asJson(closed(parameter.schema, at), query.get(name)!);
          problems.push(...faultsOf(parameter.schema, value).map((fault) => `?${name}: ${fault}`));
        }
      }
      const schema = described.requestBody?.content["application/json"].schema;
      if (!schema) return body === undefined ? problems : [...problems, "a body is not described"];
      return [...problems, ...faultsOf(schema, body ?? null).map((fault) => `body: ${fault}`)];
    },
  };
}

/** A query parameter as the value that its schema is about: a list has commas; what is no number stays a text, and so is found. */
function asJson(schema: Schema, text: string): unknown {
  switch (schema.type) {
    case "integer":
    case "number":
      return text.trim() === "" || Number.isNaN(Number(text)) ? text : Number(text);
    case "boolean":
      return text === "true" ? true : text === "false" ? false : text;
    case "array":
      return text.split(",").map((item) => asJson(schema.items ?? {}, item));
    default:
      return text;
  }
}

/**
 * Mends what nothing could satisfy: `Table` requires a `viewId`, and `DocAnalyticsMetrics` fields whose names end in a
 * comma, that they neither describe nor allow.
 */
function correct(description: Description): void {
  for (const name of ["Table", "DocAnalyticsMetrics"]) {
    const schema = description.components.schemas?.[name] as Schema;
    schema.required = schema.required
      ?.map((field) => field.replace(/,$/, ""))
      .filter((field) => schema.properties?.[field] !== undefined);
  }
}

/**
 * The schema with references put in and read as it is meant where the words of JSON Schema say something else:
 * - the parts of an `allOf` are closed objects (`additionalProperties: false`), which no object with the fields of two of
 *   them could satisfy: they are merged to one closed object;
 * - the branches of a `oneOf` overlap (a string is a `Value` and a `RichValue`): one of them or more must fit;
 * - a `discriminator` says which of the branches it is.
 */
function closed(schema: Schema, at: (reference: string) => Schema): Schema {
  if (schema.$ref) return closed(at(schema.$ref), at);
  const { allOf, oneOf, discriminator, ...rest } = schema;
  const result: Schema = { ...rest };
  if (schema.properties) {
    result.properties = Object.fromEntries(
      Object.entries(schema.properties).map(([name, property]) => [name, closed(property, at)]),
    );
  }
  if (schema.items) result.items = closed(schema.items, at);
  if (typeof schema.additionalProperties === "object") {
    result.additionalProperties = closed(schema.additionalProperties, at);
  }
  if (oneOf && discriminator) {
    result.anyOf = Object.entries(discriminator.mapping).map(([value, reference]) => {
      const branch = closed(at(reference), at);
      return { ...branch, properties: { ...branch.properties, type: { const: value } } };
    });
    // Types that the mapping leaves out may be any of the branches.
    const left = { type: { not: { enum: Object.keys(discriminator.mapping) } } };
    result.anyOf.push({ anyOf: oneOf.map((branch) => closed(branch, at)), properties: left as never });
  } else if (oneOf) {
    // A closed object around a choice has no properties of its own: it would forbid those of the choice.
    delete result.additionalProperties;
    result.anyOf = oneOf.map((branch) => closed(branch, at));
  }
  if (!allOf) return result;
  return allOf.map((part) => closed(part, at)).reduce(merged, result);
}

function merged(a: Schema, b: Schema): Schema {
  const properties = { ...a.properties, ...b.properties };
  const required = [...(a.required ?? []), ...(b.required ?? [])];
  return {
    ...a,
    ...b,
    ...(Object.keys(properties).length > 0 ? { properties } : {}),
    ...(required.length > 0 ? { required } : {}),
  };
}
