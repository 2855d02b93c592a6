import type { RawTool } from "@hybrid-mcp/service-kit";
import { z } from "zod";

/** The one scope that every tool of the fixture needs. */
export const FIXTURE_SCOPE = "fixture:use";

const NO_ARGUMENTS = z.object({});

/** A tool that is known by its name and what it answers; without `input` it takes no arguments. */
export function fixtureTool<Input extends z.ZodObject = typeof NO_ARGUMENTS>(
  name: string,
  run: RawTool<undefined, Input>["run"],
  input?: Input,
): RawTool<undefined, Input> {
  return {
    name,
    title: name,
    description: `The conformance scenarios call it: ${name.replace(/^test_/, "").replaceAll("_", " ")}.`,
    scope: FIXTURE_SCOPE,
    readOnly: true,
    input: input ?? (NO_ARGUMENTS as unknown as Input),
    run,
  };
}
