import type { ToolAnnotations } from "@modelcontextprotocol/server";
import { z } from "zod";
import type { AnyTool } from "./tool.ts";

/** What a tool does to the world, as MCP tells clients ("Tool annotations"). */
export function effectOf({ readOnly, preview, idempotent = readOnly }: AnyTool<never>): ToolAnnotations {
  return {
    readOnlyHint: readOnly,
    destructiveHint: preview !== undefined,
    idempotentHint: idempotent,
    // Every service stands for an API that others change too.
    openWorldHint: true,
  };
}

/** A tool's schemas as clients see them. */
interface ShownSchemas {
  input: z.ZodObject;
  output?: z.ZodObject;
}

/** By tool: every request asks for those of all tools. */
const extended = new WeakMap<AnyTool<never>, ShownSchemas>();

/** A tool's schemas as clients see them: a destructive tool can be asked what it would do. */
export function schemasOf(tool: AnyTool<never>): ShownSchemas {
  if (!tool.preview) return tool;
  const schemas = extended.get(tool) ?? withDryRun(tool);
  extended.set(tool, schemas);
  return schemas;
}

function withDryRun({ input, output }: AnyTool<never>): ShownSchemas {
  return {
    input: input.extend({ dry_run: z.boolean().default(false).describe("Only say what would happen, and do nothing") }),
    output: output.partial().extend({
      would: z.string().optional().describe("Of a dry run, in place of everything else: what would happen"),
    }),
  };
}
