import { type RawTool, ToolError } from "@hybrid-mcp/service-kit";
import { z } from "zod";
import { fixtureTool } from "../fixture-tool.ts";
import { PIXEL, SOUND } from "../samples.ts";

const pixel = { type: "image" as const, data: PIXEL, mimeType: "image/png" };
const text = (words: string) => ({ type: "text" as const, text: words });

/** Between the messages of a call, so that they are messages of their own on the wire; in milliseconds. */
const PAUSE_MS = 50;
const pause = () => new Promise((resolve) => setTimeout(resolve, PAUSE_MS));

/** Keywords that zod has no words for, in a schema of JSON Schema 2020-12 (SEP-1613, SEP-2106). */
const composed = {
  $defs: {
    address: {
      $anchor: "addressDef",
      type: "object",
      properties: { street: { type: "string" }, city: { type: "string" } },
    },
  },
  allOf: [{ anyOf: [{ required: ["phone"] }, { required: ["email"] }] }],
  if: { properties: { contactMethod: { const: "phone" } }, required: ["contactMethod"] },
  // biome-ignore lint/suspicious/noThenProperty: the keyword of JSON Schema
  then: { required: ["phone"] },
  else: { required: ["email"] },
};

/** Every kind of content that a tool may answer with. */
export const contentTools: RawTool<undefined>[] = [
  fixtureTool("test_simple_text", async () => ({ content: [text("This is a simple text response for testing.")] })),
  fixtureTool("test_image_content", async () => ({ content: [pixel] })),
  fixtureTool("test_audio_content", async () => ({
    content: [{ type: "audio", data: SOUND, mimeType: "audio/wav" }],
  })),
  fixtureTool("test_embedded_resource", async () => ({
    content: [
      {
        type: "resource",
        resource: {
          uri: "test://embedded-resource",
          mimeType: "text/plain",
          text: "This is an embedded resource content.",
        },
      },
    ],
  })),
  fixtureTool("test_multiple_content_types", async () => ({
    content: [
      text("Multiple content types test:"),
      pixel,
      {
        type: "resource",
        resource: {
          uri: "test://mixed-content-resource",
          mimeType: "application/json",
          text: JSON.stringify({ test: "data", value: 123 }),
        },
      },
    ],
  })),
  fixtureTool("test_error_handling", async () => {
    throw new ToolError("This tool intentionally returns an error for testing");
  }),
  fixtureTool("test_tool_with_progress", async (_, { progress }) => {
    for (const done of [0, 50, 100]) {
      await progress(done, 100, `Completed step ${done} of 100`);
      await pause();
    }
    return { content: [text("It went from 0 to 100.")] };
  }),
  fixtureTool("test_tool_with_logging", async (_, { mcp }) => {
    for (const message of ["Tool execution started", "Tool processing data", "Tool execution completed"]) {
      await mcp.mcpReq.log("info", message);
      await pause();
    }
    return { content: [text("Tool with logging executed successfully")] };
  }),
  fixtureTool(
    "json_schema_2020_12_tool",
    async (args) => ({ content: [text(JSON.stringify(args))] }),
    z
      .strictObject({
        name: z.string().optional(),
        address: z.any().meta({ $ref: "#/$defs/address" }),
        contactMethod: z.enum(["phone", "email"]).optional(),
        phone: z.string().optional(),
        email: z.string().optional(),
      })
      .meta(composed),
  ),
  // SEP-2243: the client mirrors the argument into the header Mcp-Param-Region.
  fixtureTool(
    "test_header_parameter",
    async ({ region }) => ({ content: [text(`The region is ${region}.`)] }),
    z.object({ region: z.string().meta({ "x-mcp-header": "Region" }) }),
  ),
];
