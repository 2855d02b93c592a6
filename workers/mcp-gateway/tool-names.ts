/** Longest name of a tool that clients take. */
export const MAX_NAME = 64;

/** What clients take as a tool's name (MCP 2025-11-25, "Tool Names"). */
const TOOL_NAME = /^[\w.-]+$/;

/** The name under which clients know a server's tool. */
export const prefixed = (server: string, tool: string) => `${server}_${tool}`;

/** Whether clients take a server's tool under its name at the gateway. */
export const isTaken = (server: string, tool: string) =>
  TOOL_NAME.test(tool) && prefixed(server, tool).length <= MAX_NAME;
