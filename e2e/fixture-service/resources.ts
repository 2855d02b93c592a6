import { type McpServer, ResourceTemplate } from "@modelcontextprotocol/server";
import { PIXEL } from "./samples.ts";

/** The resources that the conformance scenarios read. */
export function registerResources(mcp: McpServer): void {
  const text = "This is the content of the static text resource.";
  mcp.registerResource("static-text", "test://static-text", { mimeType: "text/plain" }, async ({ href: uri }) => ({
    contents: [{ uri, mimeType: "text/plain", text }],
  }));
  mcp.registerResource("static-binary", "test://static-binary", { mimeType: "image/png" }, async ({ href: uri }) => ({
    contents: [{ uri, mimeType: "image/png", blob: PIXEL }],
  }));
  mcp.registerResource(
    "template",
    new ResourceTemplate("test://template/{id}/data", { list: undefined }),
    { mimeType: "application/json" },
    async ({ href: uri }, { id }) => ({
      contents: [
        {
          uri,
          mimeType: "application/json",
          text: JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` }),
        },
      ],
    }),
  );
}
