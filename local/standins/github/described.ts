import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

interface Schema {
  $ref?: string;
  type?: string;
  format?: string;
  nullable?: boolean;
  enum?: unknown[];
  required?: string[];
  properties?: Record<string, Schema>;
  allOf?: Schema[];
  anyOf?: Schema[];
  oneOf?: Schema[];
}

let read: Record<string, Schema> | undefined;

/** The document takes most of a second to read, so it is read when something is asked for that needs it. */
function schemas(): Record<string, Schema> {
  if (read) return read;
  const index = createRequire(import.meta.url).resolve("@octokit/openapi");
  const file = new URL("generated/api.github.com.json", `file://${index}`);
  read = (JSON.parse(readFileSync(file, "utf8")) as { components: { schemas: Record<string, Schema> } }).components
    .schemas;
  return read;
}

/**
 * A resource in the form of GitHub's own description: `fields`, and the least that fits for what else is required, so
 * that links, node ids and the like need not be written here one by one.
 * @param schema name among the description's schemas, e.g. `workflow-run`
 */
export function described(schema: string, fields: Record<string, unknown>): Record<string, unknown> {
  return { ...(least({ $ref: schema }) as object), ...fields };
}

function least(schema: Schema): unknown {
  if (schema.$ref) return least(schemas()[schema.$ref.split("/").at(-1)!]!);
  if (schema.nullable) return null;
  if (schema.enum) return schema.enum[0];
  if (schema.allOf) return Object.assign({}, ...schema.allOf.map(least));
  const branch = (schema.anyOf ?? schema.oneOf)?.[0];
  if (branch) return least(branch);
  switch (schema.type) {
    case "string":
      return leastText(schema.format);
    case "integer":
    case "number":
      return 0;
    case "boolean":
      return false;
    case "array":
      return [];
    default:
      return Object.fromEntries((schema.required ?? []).map((name) => [name, least(schema.properties?.[name] ?? {})]));
  }
}

function leastText(format: string | undefined): string {
  if (format === "date-time") return "2026-01-05T09:00:00Z";
  if (format === "uri") return "https://github.com/";
  return "";
}
