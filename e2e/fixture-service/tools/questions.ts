import type { RawTool } from "@hybrid-mcp/service-kit";
import {
  acceptedContent,
  CLIENT_CAPABILITIES_META_KEY,
  type ClientCapabilities,
  type InputRequest,
  inputRequired,
  inputResponse,
} from "@modelcontextprotocol/server";
import { z } from "zod";
import { fixtureTool } from "../fixture-tool.ts";
import { requestState } from "../request-state.ts";

/** MCP 2026-07-28, basic/patterns/mrtr: a tool answers with questions, and is called again with what was answered. */

const text = (words: string) => ({ content: [{ type: "text" as const, text: words }] });

const Name = z.object({ name: z.string() });
const askName = (message = "What is your name?") => inputRequired.elicit({ message, requestedSchema: Name });
const Confirmation = z.object({ ok: z.boolean() });
const confirm = inputRequired.elicit({ message: "Please confirm", requestedSchema: Confirmation });
const askModel = (question: string, maxTokens = 100) =>
  inputRequired.createMessage({
    messages: [{ role: "user", content: { type: "text", text: question } }],
    maxTokens,
  });
const Color = z.object({ color: z.string() });

/** A tool with one question of the person or the model, which answers with the whole answer. */
function asks<Input extends z.ZodObject>(
  name: string,
  question: (args: z.output<Input>) => InputRequest,
  input?: Input,
): RawTool<undefined, Input> {
  return fixtureTool(
    name,
    async (args, { mcp }) => {
      const answer = mcp.mcpReq.inputResponses?.answer;
      if (answer === undefined) return inputRequired({ inputRequests: { answer: question(args) } });
      return text(JSON.stringify(answer));
    },
    input,
  );
}

/** As `test_input_required_result_request_state`, of which another scenario changes the state. */
const confirms = (name: string) =>
  fixtureTool(name, async (_, { mcp }) => {
    const state = mcp.mcpReq.requestState<{ round: number }>();
    if (state?.round === 1 && acceptedContent(mcp.mcpReq.inputResponses, "confirm", Confirmation)) {
      return text("state-ok");
    }
    return inputRequired({ inputRequests: { confirm }, requestState: await requestState.mint({ round: 1 }) });
  });

export const questionTools: RawTool<undefined>[] = [
  fixtureTool("test_input_required_result_elicitation", async (_, { mcp }) => {
    const answer = acceptedContent(mcp.mcpReq.inputResponses, "user_name", Name);
    return answer ? text(`Hello, ${answer.name}!`) : inputRequired({ inputRequests: { user_name: askName() } });
  }),
  fixtureTool("test_input_required_result_sampling", async (_, { mcp }) => {
    const answer = inputResponse(mcp.mcpReq.inputResponses, "capital_question");
    if (answer.kind === "sampling") return text(JSON.stringify(answer.result.content));
    return inputRequired({ inputRequests: { capital_question: askModel("What is the capital of France?") } });
  }),
  fixtureTool("test_input_required_result_list_roots", async (_, { mcp }) => {
    const answer = inputResponse(mcp.mcpReq.inputResponses, "client_roots");
    if (answer.kind === "roots") return text(answer.roots.map(({ uri }) => uri).join(", "));
    return inputRequired({ inputRequests: { client_roots: inputRequired.listRoots() } });
  }),
  confirms("test_input_required_result_request_state"),
  confirms("test_input_required_result_tampered_state"),
  fixtureTool("test_input_required_result_multiple_inputs", async (_, { mcp }) => {
    const { inputResponses } = mcp.mcpReq;
    const name = acceptedContent(inputResponses, "user_name", Name);
    const greeting = inputResponse(inputResponses, "greeting");
    const roots = inputResponse(inputResponses, "client_roots");
    if (name && greeting.kind === "sampling" && roots.kind === "roots") {
      return text(`${JSON.stringify(greeting.result.content)}, ${name.name}! You gave ${roots.roots.length} roots.`);
    }
    return inputRequired({
      inputRequests: {
        user_name: askName(),
        greeting: askModel("Generate a greeting", 50),
        client_roots: inputRequired.listRoots(),
      },
      requestState: await requestState.mint({ round: 1 }),
    });
  }),
  fixtureTool("test_input_required_result_multi_round", async (_, { mcp }) => {
    const { inputResponses, requestState: state } = mcp.mcpReq;
    const { round } = state<{ round: number }>() ?? { round: 0 };
    if (round === 2) {
      const answer = acceptedContent(inputResponses, "step2", Color);
      if (answer) return text(`Your colour is ${answer.color}.`);
    }
    if (round === 1 && acceptedContent(inputResponses, "step1", Name)) {
      const step2 = inputRequired.elicit({
        message: "Step 2: What is your favorite color?",
        requestedSchema: Color,
      });
      return inputRequired({ inputRequests: { step2 }, requestState: await requestState.mint({ round: 2 }) });
    }
    return inputRequired({
      inputRequests: { step1: askName("Step 1: What is your name?") },
      requestState: await requestState.mint({ round: 1 }),
    });
  }),
  fixtureTool("test_input_required_result_capabilities", async (_, { mcp }) => {
    // The SDK's type has none of the envelope's keys.
    const envelope = mcp.mcpReq.envelope as { [CLIENT_CAPABILITIES_META_KEY]?: ClientCapabilities } | undefined;
    const declared = envelope?.[CLIENT_CAPABILITIES_META_KEY];
    return inputRequired({
      inputRequests: {
        ...(declared?.sampling && { question: askModel("What is the capital of France?") }),
        ...(declared?.elicitation && { user_name: askName() }),
      },
    });
  }),
  // The same questions as requests of the server's own, as MCP 2025-11-25 has them.
  asks("test_sampling", ({ prompt }) => askModel(prompt), z.object({ prompt: z.string() })),
  asks(
    "test_elicitation",
    ({ message }) => inputRequired.elicit({ message, requestedSchema: z.object({ response: z.string() }) }),
    z.object({ message: z.string() }),
  ),
  asks("test_elicitation_sep1034_defaults", () =>
    inputRequired.elicit({
      message: "Please review and update the form fields with defaults",
      requestedSchema: {
        type: "object",
        properties: {
          name: { type: "string", default: "John Doe" },
          age: { type: "integer", default: 30 },
          score: { type: "number", default: 95.5 },
          status: { type: "string", enum: ["active", "inactive", "pending"], default: "active" },
          verified: { type: "boolean", default: true },
        },
      },
    }),
  ),
  asks("test_elicitation_sep1330_enums", () =>
    inputRequired.elicit({
      message: "Please select options from the enum fields",
      requestedSchema: {
        type: "object",
        properties: {
          untitledSingle: { type: "string", enum: ["option1", "option2", "option3"] },
          titledSingle: { type: "string", oneOf: titled("Option") },
          legacyEnum: {
            type: "string",
            enum: ["opt1", "opt2", "opt3"],
            enumNames: ["Option One", "Option Two", "Option Three"],
          },
          untitledMulti: { type: "array", items: { type: "string", enum: ["option1", "option2", "option3"] } },
          titledMulti: { type: "array", items: { anyOf: titled("Choice") } },
        },
      },
    }),
  ),
];

function titled(what: string) {
  return ["First", "Second", "Third"].map((which, i) => ({ const: `value${i + 1}`, title: `${which} ${what}` }));
}
