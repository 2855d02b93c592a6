import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Ajv, type ValidateFunction } from "ajv";
import {
  type BaseType,
  type ChainNodeParser,
  type Config,
  type Context,
  createFormatter,
  createParser,
  createProgram,
  DEFAULT_CONFIG,
  SchemaGenerator,
  type SubNodeParser,
} from "ts-json-schema-generator";
import ts from "typescript";
import type { Handler } from "../faults.ts";
import { endpoints, type Operations } from "./published-operations.ts";

/** What of an exchange is judged. */
type Part = "request" | "query" | "response";

/** Judges requests and answers by the types that the official SDK publishes. */
export interface PublishedDescription {
  /** @returns what is wrong; empty when it is as the types say, `undefined` where there has to be none */
  problems(operation: keyof Operations, part: Part, value: unknown): string[];
}

/**
 * Makes JSON Schemas of the SDK's TypeScript types ({@link Operations}), with every object closed: a field that the types
 * do not have is a problem.
 */
export function publishedDescription(): PublishedDescription {
  const schema = schemaOf("Operations", join(import.meta.dirname, "published-operations.ts"));
  const ajv = new Ajv({ strict: false, allErrors: true });
  // Everything in a query is text: "10" is a number there, and one value is a list of one.
  const loose = new Ajv({ strict: false, allErrors: true, coerceTypes: "array" });
  for (const each of [ajv, loose]) each.addSchema(schema, "firecrawl");
  const validators = new Map<string, ValidateFunction | undefined>();

  const validator = (operation: keyof Operations, part: Part) => {
    const reference = `firecrawl#/properties/${operation}/properties/${part}`;
    if (!validators.has(reference)) {
      const described = schema.properties?.[operation]?.properties?.[part];
      validators.set(reference, described && (part === "query" ? loose : ajv).compile({ $ref: reference }));
    }
    return validators.get(reference);
  };

  return {
    problems(operation, part, value) {
      const validate = validator(operation, part);
      if (!validate) return isNothing(value) ? [] : [`${operation} has no ${part}`];
      if (validate(structuredClone(value))) return [];
      return (validate.errors ?? []).map((error) => `${operation} ${part}${error.instancePath} ${error.message}`);
    },
  };
}

/**
 * Puts the description around a stand-in: what is sent to it and what it answers is judged. The SDK's client adds its name
 * (`origin`) to every request, whatever its types say, so that is left out.
 * @param problems takes what is found; answers that are no success are judged by their common form
 */
export function describedBy(description: PublishedDescription, handler: Handler, problems: string[]): Handler {
  return async (request) => {
    const url = new URL(request.url);
    const path = url.pathname.replace(/^\/[^/]+(?=\/v2\/)/, "");
    if (!path.startsWith("/v2/")) return handler(request);
    const operation = operationAt(request.method, path);
    const sent = await request.clone().text();
    const response = await handler(request);
    if (!/json/.test(response.headers.get("content-type") ?? "")) return response;
    const body: unknown = await response.clone().json();
    if (response.status >= 400 || (body as { code?: unknown }).code !== undefined) {
      if (typeof (body as { error?: unknown }).error !== "string") problems.push(`${path}: ${JSON.stringify(body)}`);
      // A request that was refused is one to be refused, unless it was refused for the account or what there is.
      if (response.status === 400) problems.push(`${request.method} ${path} was refused: ${JSON.stringify(body)}`);
    } else if (operation) problems.push(...description.problems(operation, "response", body));
    if (operation) {
      const query: Record<string, unknown> = {};
      url.searchParams.delete("origin");
      for (const name of url.searchParams.keys()) {
        const values = url.searchParams.getAll(name);
        query[name] = values.length > 1 ? values : values[0];
      }
      problems.push(...description.problems(operation, "query", query));
      const { origin: _, ...given } = sent === "" ? {} : JSON.parse(sent);
      problems.push(...description.problems(operation, "request", given));
    } else problems.push(`the API has no ${request.method} ${path}`);
    return response;
  };
}

/** @param path below the mount @returns the operation, or undefined when the API has none such */
export function operationAt(method: string, path: string): keyof Operations | undefined {
  const names = Object.keys(endpoints) as (keyof Operations)[];
  const matches = names.filter((name) => {
    const pattern = endpoints[name].replace(/:[a-z]+/g, "[^/]+");
    return new RegExp(`^${pattern}$`).test(`${method} ${path}`);
  });
  // One with a name of its own goes before one where the segment is an id.
  return matches.find((name) => !endpoints[name].includes(":")) ?? matches[0];
}

const isNothing = (value: unknown) => value === undefined || JSON.stringify(value) === "{}";

interface Schema {
  properties?: Record<string, Schema>;
  [keyword: string]: unknown;
}

function schemaOf(type: string, path: string): Schema {
  const folder = mkdtempSync(join(tmpdir(), "firecrawl-types-"));
  try {
    // The SDK takes schemas made with zod too; over the wire they are JSON Schema, so zod's own types are left out.
    const none = join(folder, "none.d.ts");
    writeFileSync(none, "export type ZodTypeAny = never;\n");
    const tsconfig = join(folder, "tsconfig.json");
    const paths = { zod: [none], axios: [none], "typescript-event-target": [none] };
    const options = { module: "esnext", moduleResolution: "bundler", target: "es2024", strict: true, types: [], paths };
    writeFileSync(tsconfig, JSON.stringify({ compilerOptions: options, files: [path] }));
    const config: Config = {
      ...DEFAULT_CONFIG,
      path,
      tsconfig,
      type,
      skipTypeCheck: true,
      topRef: false,
      expose: "all",
    };
    const program = createProgram({ ...config, tsconfig } as never);
    const parser = createParser(program, config as never, (chain) => {
      chain.addNodeParser(new ParametersParser(program.getTypeChecker(), chain as ChainNodeParser));
    });
    return new SchemaGenerator(program, parser, createFormatter(config as never), config as never).createSchema(
      type,
    ) as Schema;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Reads `Parameters<…>[n]`, where the SDK gives a request no name: the type of a method's parameter, as it is declared. */
class ParametersParser implements SubNodeParser {
  readonly #checker: ts.TypeChecker;
  readonly #chain: ChainNodeParser;

  constructor(checker: ts.TypeChecker, chain: ChainNodeParser) {
    this.#checker = checker;
    this.#chain = chain;
  }

  supportsNode(node: ts.Node): boolean {
    return ts.isIndexedAccessTypeNode(node) && /^Parameters</.test(node.objectType.getText());
  }

  createType(node: ts.Node, context: Context): BaseType {
    const type = this.#checker.getNonNullableType(this.#checker.getTypeFromTypeNode(node as ts.TypeNode));
    const [declaration] = type.getSymbol()?.getDeclarations() ?? [];
    if (!declaration) throw new Error(`${node.getText()} is no type that the SDK declares.`);
    return this.#chain.createType(declaration, context);
  }
}
