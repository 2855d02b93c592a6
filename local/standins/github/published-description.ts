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

interface Parameter {
  name: string;
  in: "path" | "query" | "header";
  required?: boolean;
  schema: Schema;
}

interface Operation {
  parameters?: (Parameter | { $ref: string })[];
  requestBody?: { required?: boolean; content: Content };
  responses: Record<string, { $ref?: string; content?: Content }>;
}

interface Description {
  paths: Record<string, Record<string, Operation>>;
  components: {
    parameters: Record<string, Parameter>;
    responses: Record<string, { content?: Content }>;
    schemas: Record<string, Schema>;
  };
}

/** Judges requests and answers by GitHub's own OpenAPI document (as the npm package `@octokit/openapi` has it, for api.github.com). */
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
  /** The forms that the operation's answer with this status has, e.g. `application/vnd.github.object`. */
  mediaTypes(operation: string | undefined, status: number): string[];
  /**
   * @param path below the API's base, with the query
   * @param body the parsed JSON body; undefined when there is none
   * @returns what is wrong with the request; empty when it is as described
   */
  requestProblems(method: string, path: string, body: unknown): string[];
}

/** Reads the document, which takes most of a second: do it once. */
export function publishedDescription(): PublishedDescription {
  const index = createRequire(import.meta.url).resolve("@octokit/openapi");
  const file = new URL("generated/api.github.com.json", `file://${index}`);
  const { paths, components } = JSON.parse(readFileSync(file, "utf8")) as Description;
  correct(paths, components.schemas);
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
      pattern: new RegExp(`^${template.replaceAll("/{path}", "(?:/(.*))?").replace(/\{[^}]+\}/g, "([^/]+)")}$`),
      names: [...template.matchAll(/\{([^}]+)\}/g)].map(([, name]) => name!),
    })),
  );
  // `/user/repos` is `/user/repos`, not `/{owner}/{repo}`.
  templates.sort((a, b) => a.names.length - b.names.length);

  const templateOf = (method: string, path: string) =>
    templates.find((each) => each.method === method.toLowerCase() && each.pattern.test(path));

  const operationAt = (operation: string | undefined) => {
    const [method, path] = operation?.split(" ") ?? [];
    return path === undefined ? undefined : paths[path]?.[method!];
  };

  const sharedResponse = (reference: string) => components.responses[reference.split("/").at(-1)!]!;

  const misfits = (schema: Schema, value: unknown, where = "") => {
    const validate = validator(schema);
    if (validate(value)) return [];
    return (validate.errors ?? []).map((error) => `${where}${error.instancePath || "/"} ${error.message}`);
  };

  /** A parameter comes as text; it is right when it is in one of the types that the text can mean. */
  const parameterMisfits = ({ name, schema }: Parameter, texts: string[]) => {
    const [text = ""] = texts;
    const number = text.trim() === "" ? Number.NaN : Number(text);
    const meant: unknown[] = [
      text,
      ...(Number.isNaN(number) ? [] : [number]),
      ...(text === "true" || text === "false" ? [text === "true"] : []),
      texts.flatMap((each) => each.split(",")),
    ];
    const problems = meant.map((value) => misfits(schema, value, `${name}: `));
    return problems.some((each) => each.length === 0) ? [] : problems[0]!;
  };

  return {
    operation: (method, path) => templateOf(method, path)?.operation,
    mediaTypes: (operation, status) => Object.keys(operationAt(operation)?.responses[String(status)]?.content ?? {}),
    requestProblems(method, url, body) {
      const { pathname, searchParams } = new URL(url, "http://api");
      const template = templateOf(method, pathname);
      const operation = operationAt(template?.operation);
      if (!template || !operation) return [`there is no ${method} ${pathname}`];
      const parameters = (operation.parameters ?? []).map((each) =>
        "$ref" in each ? components.parameters[each.$ref.split("/").at(-1)!]! : each,
      );
      const [, ...values] = template.pattern.exec(pathname) ?? [];
      const inPath = Object.fromEntries(template.names.map((name, index) => [name, values[index]]));
      const query = parameters.filter((each) => each.in === "query");
      // Where GitHub's Link header goes on with `after`, the description does not say so.
      const isPaged = query.some(({ name }) => name === "per_page");
      const unknown = [...searchParams.keys()].filter(
        (name) => query.every((each) => each.name !== name) && !(isPaged && name === "after"),
      );
      const content = operation.requestBody?.content["application/json"];
      return [
        ...parameters
          .filter((each) => each.in === "path" && inPath[each.name] !== undefined)
          .flatMap((each) => parameterMisfits(each, [decodeURIComponent(inPath[each.name]!)])),
        ...query.flatMap((each) => {
          if (searchParams.has(each.name)) return parameterMisfits(each, searchParams.getAll(each.name));
          return each.required ? [`the parameter ${each.name} is missing`] : [];
        }),
        ...unknown.map((name) => `there is no parameter ${name}`),
        ...(body !== undefined && !operation.requestBody ? ["there is to be no body"] : []),
        ...(body !== undefined && content ? misfits(content.schema, body) : []),
        ...(body === undefined && operation.requestBody?.required ? ["the body is missing"] : []),
      ].map((problem) => `${template.operation}: ${problem}`);
    },
    problems(operation, status, body, mediaType = "application/json") {
      const named = operationAt(operation)?.responses[String(status)];
      // An error can have the form that all errors share, whatever the operation lists.
      const forms = [
        ...(named ? [named] : []),
        ...(status >= 400 ? [{ $ref: "#/components/responses/forbidden" }] : []),
      ];
      if (forms.length === 0) return [`${operation ?? "this path"} has no ${status}`];
      const problems = forms.map((response) => {
        const { content } = "$ref" in response && response.$ref ? sharedResponse(response.$ref) : response;
        if (!content) return body === undefined ? [] : [`${operation} has no body for ${status}`];
        // The form that is an object for folders is, for all else, the plain one.
        const types = mediaType.endsWith(".object") ? [mediaType, "application/json"] : [mediaType];
        const schemas = types.flatMap((type) => (content[type] ? [content[type].schema] : []));
        if (schemas.length === 0) return [`${operation} has no ${mediaType}`];
        const found = schemas.map((schema) => misfits(schema, body));
        return found.find((each) => each.length === 0) ?? found[0]!;
      });
      return problems.find((each) => each.length === 0) ?? problems[0]!;
    },
  };
}

/** Mends what the document says otherwise in words or elsewhere. */
function correct(paths: Description["paths"], schemas: Description["components"]["schemas"]): void {
  // "To delete a file, set the whole file to null."
  const gist = paths["/gists/{gist_id}"]!.patch!.requestBody!.content["application/json"]!.schema;
  (gist.properties!.files!.additionalProperties as Schema).nullable = true;
  // Every error carries `status`; this is the one whose schema forgot it.
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
