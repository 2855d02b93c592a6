import type { CallToolResult, InputRequiredResult, ServerContext } from "@modelcontextprotocol/server";
import type { z } from "zod";

/** What a running tool call is given besides its arguments. */
export interface ToolContext<Upstream> {
  /** The client of the API that the service is for, already holding the credential for this call. */
  upstream: Upstream;
  /** Aborted when the client cancels the call or goes away. */
  signal: AbortSignal;
  /** Tells the client how far a long call is (MCP `notifications/progress`); nothing is sent to a client that did not ask. */
  progress(done: number, total?: number, message?: string): Promise<void>;
  /** The SDK's own context, for what is not wrapped here. */
  mcp: ServerContext;
}

interface ToolDescription<Input extends z.ZodObject> {
  /** Unique within the service, snake_case. */
  name: string;
  title: string;
  /** Written for the model that chooses among tools. */
  description: string;
  /** The scope of the service's own (see the catalogue) that a person must have granted. */
  scope: string;
  /** The group with which it is switched on and off; a service groups all of its tools or none. */
  toolset?: string;
  /** Whether the tool changes nothing (MCP `readOnlyHint`). */
  readOnly: boolean;
  /** Whether the same call once more changes nothing more (MCP `idempotentHint`); default: whether it is read-only. */
  idempotent?: boolean;
  input: Input;
}

/** A tool describes itself in this one value: lists, checks and documents are derived from it. */
export interface Tool<Upstream, Input extends z.ZodObject = z.ZodObject, Output extends z.ZodObject = z.ZodObject>
  extends ToolDescription<Input> {
  output: Output;
  /** @throws {ToolError} for what the model can do something about. */
  run(args: z.output<Input>, context: ToolContext<Upstream>): Promise<z.input<Output>>;
  /**
   * Makes the tool a destructive one (MCP `destructiveHint`): it can take something away that cannot be had back. The kit
   * gives it the input `dry_run`, with which this is asked instead of `run`.
   *
   * @returns what would happen, in a sentence, after a look at what is there: "Deletes the page Plans and its 3 subpages."
   * @throws {ToolError} as `run` would
   */
  preview?(args: z.output<Input>, context: ToolContext<Upstream>): Promise<string>;
}

/** A tool that makes its MCP result itself: pictures, sound, embedded resources, questions to the person. */
export interface RawTool<Upstream, Input extends z.ZodObject = z.ZodObject> extends ToolDescription<Input> {
  output?: undefined;
  preview?: undefined;
  run(args: z.output<Input>, context: ToolContext<Upstream>): Promise<CallToolResult | InputRequiredResult>;
}

// biome-ignore lint/suspicious/noExplicitAny: each tool has schemas of its own; they are checked where it is defined
export type AnyTool<Upstream> = Tool<Upstream, any, any> | RawTool<Upstream, any>;

/** An error whose message is for the model: what was wrong and what to do next. */
export class ToolError extends Error {}

/**
 * Binds `defineTool` to a service's upstream client, so that every tool file infers the types of its own schemas.
 *
 * @example
 * const defineTool = toolsFor<CodaApi>();
 * export const whoami = defineTool({ name: "whoami", …, run: (_, { upstream }) => upstream.whoami() });
 */
export function toolsFor<Upstream>() {
  return <Input extends z.ZodObject, Output extends z.ZodObject>(
    tool: Tool<Upstream, Input, Output>,
  ): Tool<Upstream, Input, Output> => tool;
}
