import type { AnyTool } from "./tool.ts";

/** Which of a service's tools there are: by group, by what they do, by name. What is left out narrows nothing. */
export interface ToolSelection {
  /** Groups whose tools there are. */
  toolsets?: readonly string[];
  /** Only tools that change nothing. */
  readOnly?: boolean;
  /** Tools that there are not, by name. */
  exclude?: readonly string[];
}

/** A selection that names what the service does not have. The message is for whoever made it. */
export class SelectionError extends Error {}

/** Word for every toolset. */
const ALL = "all";

/**
 * What a client asks for, in the request headers that GitHub's own server has: `X-MCP-Toolsets` and `X-MCP-Exclude-Tools`
 * (names with commas between), `X-MCP-Readonly: true`.
 * @see https://github.com/github/github-mcp-server/blob/main/docs/remote-server.md
 * @throws {SelectionError} for a value that is none
 */
export function clientSelection(headers: Headers): ToolSelection {
  const toolsets = names(headers.get("x-mcp-toolsets"));
  const exclude = names(headers.get("x-mcp-exclude-tools"));
  return {
    ...(toolsets.length > 0 && { toolsets }),
    ...(exclude.length > 0 && { exclude }),
    readOnly: flag("X-MCP-Readonly", headers),
  };
}

/** What cannot be read is no "no": a client that wants to be kept from writing must be. */
function flag(name: string, headers: Headers): boolean {
  const value = headers.get(name)?.trim().toLowerCase() ?? "false";
  if (value === "true" || value === "1") return true;
  if (value === "false" || value === "0") return false;
  throw new SelectionError(`${name} must be true or false.`);
}

/**
 * The tools that there are for a client: never more than the operator allows.
 *
 * @param usual toolsets when neither operator nor client names any; default all
 * @throws {SelectionError} when the client names a toolset or tool that the service does not have
 */
export function selectTools<Upstream>(
  tools: readonly AnyTool<Upstream>[],
  operator: ToolSelection,
  client: ToolSelection,
  usual?: readonly string[],
): AnyTool<Upstream>[] {
  const problem = selectionProblem(tools, client);
  if (problem) throw new SelectionError(problem);
  const wanted = client.toolsets ?? operator.toolsets ?? usual ?? [ALL];
  const has = (toolsets: readonly string[] | undefined, { toolset }: AnyTool<Upstream>) =>
    toolset === undefined || toolsets === undefined || toolsets.includes(ALL) || toolsets.includes(toolset);
  const excluded = new Set([...(operator.exclude ?? []), ...(client.exclude ?? [])]);
  const readOnly = operator.readOnly || client.readOnly;
  return tools.filter(
    (tool) =>
      has(operator.toolsets, tool) && has(wanted, tool) && !excluded.has(tool.name) && (!readOnly || tool.readOnly),
  );
}

/** What a selection names that there is not, in a sentence. */
export function selectionProblem(
  tools: readonly Pick<AnyTool<never>, "name" | "toolset">[],
  { toolsets = [], exclude = [] }: ToolSelection,
): string | undefined {
  const groups = new Set(tools.flatMap(({ toolset }) => toolset ?? []));
  const unknownGroup = toolsets.find((name) => name !== ALL && !groups.has(name));
  if (unknownGroup !== undefined) {
    const known = groups.size > 0 ? `the toolsets are: ${[...groups].join(", ")}` : "the service has no toolsets";
    return `There is no toolset ${JSON.stringify(unknownGroup)}; ${known}.`;
  }
  const unknownTool = exclude.find((name) => !tools.some((tool) => tool.name === name));
  return unknownTool === undefined ? undefined : `There is no tool ${JSON.stringify(unknownTool)} to leave out.`;
}

function names(header: string | null): string[] {
  return (header ?? "")
    .split(",")
    .map((name) => name.trim())
    .filter(Boolean);
}
