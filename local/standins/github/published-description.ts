import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { Ajv2019, type ValidateFunction } from "ajv/dist/2019.js";
import addFormats from "ajv-formats";

type Schema = Record<string, unknown> & {
  $ref?: string;
  properties?: Record<string, Schema>;
  additionalProperties?: boolean | Schema;
  items?: Schema;
  allOf?: Schema[];
  anyOf?: Schema[];
  oneOf?: Schema[];
  not?: Schema;
  type?: string | string[];
  enum?: unknown[];
  nullable?: boolean;
};

interface Content {
  [mediaType: string]: { schema: Schema };
}

interface Description {
  paths: Record<string, Record<string, { responses: Record<string, { $ref?: string; content?: Content }> }>>;
  components: { responses: Record<string, { content?: Content }>; schemas: Record<string, Schema> };
}

/** Judges answers by GitHub's own OpenAPI document (as the npm package `@octokit/openapi` has it, for api.github.com). */
export interface PublishedDescription {
  /**
   * @param path below the API's base, without the query
   * @returns the operation, e.g. `get /repos/{owner}/{repo}`, or undefined when the API has none such
   */
  operation(method: string, path: string): string | undefined;
  /**
   * @param operation as {@link operation} gives it; undefined for an endpoint that the API does not have
   * @param body the parsed JSON body; undefined when there is none
   * @param mediaType which of the operation's forms the body has; default `application/json`
   * @returns what is wrong with the answer; empty when it is as described
   */
  problems(operation: string | undefined, status: number, body: unknown, mediaType?: string): string[];
}

/** Reads the document, which takes most of a second: do it once. */
export function publishedDescription(): PublishedDescription {
  const index = createRequire(import.meta.url).resolve("@octokit/openapi");
  const file = new URL("generated/api.github.com.json", `file://${index}`);
  const { paths, components } = JSON.parse(readFileSync(file, "utf8")) as Description;
  correct(components.schemas);
  const ajv = new Ajv2019({ strict: false, allErrors: true, logger: false });
  addFormats.default(ajv as never);
  const validators = new Map<Schema, ValidateFunction>();

  const validator = (schema: Schema) => {
    const validate = validators.get(schema) ?? ajv.compile(selfContained(schema, components.schemas));
    validators.set(schema, validate);
    return validate;
  };

  const templates = Object.entries(paths).flatMap(([template, operations]) =>
    Object.keys(operations).map((method) => ({
      method,
      operation: `${method} ${template}`,
      // A path in a repository is the one parameter that may contain slashes, and be left out.
      pattern: new RegExp(`^${template.replaceAll("/{path}", "(?:/.*)?").replace(/\{[^}]+\}/g, "[^/]+")}$`),
      parameters: template.split("{").length,
    })),
  );
  // `/user/repos` is `/user/repos`, not `/{owner}/{repo}`.
  templates.sort((a, b) => a.parameters - b.parameters);

  return {
    operation: (method, path) =>
      templates.find((each) => each.method === method.toLowerCase() && each.pattern.test(path))?.operation,
    problems(operation, status, body, mediaType = "application/json") {
      const [method, path] = operation?.split(" ") ?? [];
      const named = path === undefined ? undefined : paths[path]?.[method!]?.responses[String(status)];
      // An error that an operation does not list has the form that all errors share.
      const response = named ?? (status >= 400 ? { $ref: "#/components/responses/forbidden" } : undefined);
      if (!response) return [`${operation ?? "this path"} has no ${status}`];
      const { content } = response.$ref ? components.responses[response.$ref.split("/").at(-1)!]! : response;
      if (!content) return body === undefined ? [] : [`${operation} has no body for ${status}`];
      const schema = content[mediaType]?.schema;
      if (!schema) return [`${operation} has no ${mediaType}`];
      const validate = validator(schema);
      if (validate(body)) return [];
      return (validate.errors ?? []).map((error) => `${error.instancePath || "/"} ${error.message}`);
    },
  };
}

/** Every error carries `status`; `validation-error` is the one whose schema forgot it. */
function correct(schemas: Record<string, Schema>): void {
  schemas["validation-error"]!.properties!.status = schemas["basic-error"]!.properties!.status!;
}

/**
 * The schema as JSON Schema 2019-09, with all that it refers to, and stricter than it is written: an object may have the
 * fields that are described and no others.
 */
function selfContained(schema: Schema, named: Record<string, Schema>): Schema {
  const $defs: Record<string, Schema> = {};

  const define = (reference: string, closed: boolean): string => {
    const name = reference.split("/").at(-1)!;
    const key = closed ? name : `${name}-open`;
    if (!(key in $defs)) {
      // Taken before it is converted: a schema may refer to itself.
      $defs[key] = {};
      $defs[key] = convert(named[name]!, closed);
    }
    return `#/$defs/${key}`;
  };

  const convert = (from: Schema, closed: boolean): Schema => {
    if (from.$ref) return { $ref: define(from.$ref, closed) };
    const { nullable, properties, additionalProperties, items, allOf, anyOf, oneOf, not, ...rest } = from;
    delete rest.discriminator;
    const to: Schema = { ...rest };
    if (properties) {
      to.properties = Object.fromEntries(Object.entries(properties).map(([name, each]) => [name, convert(each, true)]));
    }
    if (items) to.items = convert(items, true);
    if (not) to.not = convert(not, false);
    if (typeof additionalProperties === "object") to.additionalProperties = convert(additionalProperties, true);
    else if (additionalProperties !== undefined) to.additionalProperties = additionalProperties;
    // The parts of an object are open, the whole is closed.
    if (allOf) to.allOf = allOf.map((part) => convert(part, false));
    if ((properties || allOf) && closed && additionalProperties === undefined) to.unevaluatedProperties = false;
    // Branches overlap (null is a nullable string and a nullable integer): one or more must fit.
    const branches = anyOf ?? oneOf;
    if (branches) to.anyOf = branches.map((branch) => convert(branch, closed && !properties));
    if (!nullable) return to;
    if (to.enum) to.enum = [...to.enum, null];
    return typeof to.type === "string" ? { ...to, type: [to.type, "null"] } : { anyOf: [to, { type: "null" }] };
  };

  return { ...convert(schema, true), $defs };
}
