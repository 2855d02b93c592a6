import { isTaken, MAX_NAME, prefixed } from "@hybrid-mcp/mcp-gateway/tool-names";

/** A tool, as far as its name goes. */
export interface NamedTool {
  name: string;
  /** The one scope that it needs, `<service>:<what>`. */
  scope: string;
}

/** What is wrong with the names of tools at the gateway, where they are `<service>_<tool>`. */
export function toolNameProblems(tools: Record<string, readonly NamedTool[]>): string[] {
  const found: string[] = [];
  const taken = new Map<string, string>();
  for (const [service, own] of Object.entries(tools)) {
    for (const { name, scope } of own) {
      const full = prefixed(service, name);
      const tool = `The tool ${name} of ${service}`;
      if (!isTaken(service, name)) {
        found.push(
          `${tool} would be ${full} (${full.length} characters) at the gateway. Clients take letters, digits, _, - and ., at most ${MAX_NAME} of them: give it a shorter name.`,
        );
      }
      const other = taken.get(full);
      if (other !== undefined) {
        found.push(`${tool} and one of ${other} are both ${full} at the gateway. Give one of them another name.`);
      }
      taken.set(full, service);
      if (!scope.startsWith(`${service}:`)) {
        found.push(`${tool} needs ${scope}, a scope of another service. Give it one of ${service}'s own.`);
      }
    }
  }
  return found;
}
