import {
  acceptedContent,
  completable,
  inputRequired,
  type McpServer,
  type PromptMessage,
} from "@modelcontextprotocol/server";
import { z } from "zod";
import { PIXEL } from "./samples.ts";

const says = (text: string): PromptMessage => ({ role: "user", content: { type: "text", text } });

const CITIES = ["paris", "park", "party"];
const Context = z.object({ context: z.string() });

/** The prompts that the conformance scenarios get, one of which completes an argument. */
export function registerPrompts(mcp: McpServer): void {
  mcp.registerPrompt("test_simple_prompt", { description: "A prompt without arguments" }, async () => ({
    messages: [says("This is a simple prompt for testing.")],
  }));
  mcp.registerPrompt(
    "test_prompt_with_arguments",
    {
      description: "A prompt with two arguments, the first of which is completed",
      argsSchema: z.object({
        arg1: completable(z.string(), (start) => CITIES.filter((city) => city.startsWith(start))),
        arg2: z.string(),
      }),
    },
    async ({ arg1, arg2 }) => ({ messages: [says(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`)] }),
  );
  mcp.registerPrompt(
    "test_prompt_with_embedded_resource",
    { description: "A prompt with a resource in it", argsSchema: z.object({ resourceUri: z.string() }) },
    async ({ resourceUri }) => ({
      messages: [
        {
          role: "user",
          content: {
            type: "resource",
            resource: { uri: resourceUri, mimeType: "text/plain", text: "Embedded resource content for testing." },
          },
        },
        says("Please process the embedded resource above."),
      ],
    }),
  );
  mcp.registerPrompt("test_prompt_with_image", { description: "A prompt with a picture in it" }, async () => ({
    messages: [
      { role: "user", content: { type: "image", data: PIXEL, mimeType: "image/png" } },
      says("Please analyze the image above."),
    ],
  }));
  mcp.registerPrompt(
    "test_input_required_result_prompt",
    { description: "A prompt that asks the person first" },
    async (context) => {
      const answer = acceptedContent(context.mcpReq.inputResponses, "user_context", Context);
      if (answer) return { messages: [says(answer.context)] };
      const question = { message: "What context should the prompt use?", requestedSchema: Context };
      return inputRequired({ inputRequests: { user_context: inputRequired.elicit(question) } });
    },
  );
}
