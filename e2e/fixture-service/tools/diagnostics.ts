import type { RawTool } from "@hybrid-mcp/service-kit";
import { acceptedContent, inputRequired } from "@modelcontextprotocol/server";
import { z } from "zod";
import { fixtureTool } from "../fixture-tool.ts";

const done = { content: [{ type: "text" as const, text: "Done." }] };
const Answer = z.object({ answer: z.string() });

/** What the scenario `server-stateless` (SEP-2575) calls to see how a server behaves. */
export const diagnosticTools: RawTool<undefined>[] = [
  // The scenario's client cannot be asked for a completion.
  fixtureTool("test_missing_capability", async () =>
    inputRequired({
      inputRequests: {
        question: inputRequired.createMessage({
          messages: [{ role: "user", content: { type: "text", text: "What is the capital of France?" } }],
          maxTokens: 100,
        }),
      },
    }),
  ),
  fixtureTool("test_streaming_elicitation", async (_, { mcp }) => {
    if (acceptedContent(mcp.mcpReq.inputResponses, "answer", Answer)) return done;
    const answer = inputRequired.elicit({ message: "What is the answer?", requestedSchema: Answer });
    return inputRequired({ inputRequests: { answer } });
  }),
  fixtureTool("test_logging_tool", async (_, { mcp }) => {
    await mcp.mcpReq.log("info", "The tool was called");
    return done;
  }),
];
