import type { z } from "zod";
import type { ToolContext } from "./tool.ts";

/**
 * Something that a client reads by its URI, to put it before a model without a call of a tool (MCP, "Resource templates").
 */
export interface Resource<Upstream> {
  /** Unique within the service, snake_case. */
  name: string;
  title: string;
  description: string;
  /** RFC 6570, e.g. `coda://docs/{doc}/pages/{page}`. */
  uriTemplate: string;
  mimeType: string;
  /** The scope of the service's own that a person must have granted. */
  scope: string;
  /**
   * @param variables of the template, as they are in the URI, decoded
   * @returns the text
   * @throws {ToolError} for what there is not
   */
  read(variables: Record<string, string>, context: ToolContext<Upstream>): Promise<string>;
}

/** Words with which a person begins a piece of work (MCP, "Prompts"); nothing is asked of the upstream for them. */
export interface Prompt<Input extends z.ZodObject = z.ZodObject> {
  /** Unique within the service, snake_case. */
  name: string;
  title: string;
  description: string;
  /** Its arguments, each a string: MCP has no others here. */
  input: Input;
  /** What is said to the model in the person's name. */
  text(args: z.output<Input>): string;
}

// biome-ignore lint/suspicious/noExplicitAny: each prompt has a schema of its own; it is checked where it is defined
export type AnyPrompt = Prompt<any>;

/** Infers a prompt's types from its schema. */
export const definePrompt = <Input extends z.ZodObject>(prompt: Prompt<Input>): Prompt<Input> => prompt;
