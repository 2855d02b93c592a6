import { parse, YAMLParseError } from "yaml";
import type { Values } from "../cli/stack.ts";
import { UserError } from "../cli/user-error.ts";

/**
 * Values of a config by what is given on a command line.
 *
 * @param assignments each `services.coda.placement=droplet`: a path below `hybrid-mcp:`, and the value as YAML writes it
 * @throws {UserError} for one that is none
 */
export function valuesOf(assignments: string[]): Values {
  const values: Values = {};
  for (const assignment of assignments) {
    const at = assignment.indexOf("=");
    const path = assignment
      .slice(0, at)
      .replace(/^hybrid-mcp:/, "")
      .split(".");
    if (at < 1 || path.includes("")) {
      throw new UserError(
        `--set takes <path>=<value>, e.g. services.coda.placement=droplet; this is none: ${assignment}`,
      );
    }
    const last = path.pop()!;
    let below = values;
    for (const key of path) {
      if (typeof below[key] !== "object" || below[key] === null) below[key] = {};
      below = below[key] as Values;
    }
    below[last] = yamlOf(assignment, at);
  }
  return values;
}

function yamlOf(assignment: string, at: number): unknown {
  try {
    return parse(assignment.slice(at + 1));
  } catch (error) {
    if (!(error instanceof YAMLParseError)) throw error;
    throw new UserError(
      `The value of --set ${assignment.slice(0, at)} is not valid YAML: ${error.message.split(" at line ")[0]}`,
    );
  }
}
