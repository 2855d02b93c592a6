import { createMcpHandler } from "@modelcontextprotocol/server";
import { beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { mcpServer } from "./mcp-server.ts";
import { definePrompt, type Resource } from "./resource.ts";
import { Telemetry } from "./telemetry.ts";
import { ToolError, toolsFor } from "./tool.ts";
import { traceOf } from "./trace.ts";

/** What the kit makes of a service's own values: one tool that reads, one that writes, one that destroys, a resource, a prompt. */

const pages = new Map<string, string>();
const defineTool = toolsFor<Map<string, string>>();
const page = z.string().describe("Name of the page");

const readPage = defineTool({
  name: "read_page",
  title: "Read a page",
  description: "Reads a page.",
  scope: "wiki:read",
  readOnly: true,
  input: z.strictObject({ page }),
  output: z.object({ text: z.string() }),
  async run({ page }, { upstream }) {
    const text = upstream.get(page);
    if (text === undefined) throw new ToolError(`There is no page ${page}. Look with list_pages.`);
    return { text };
  },
});
const writePage = defineTool({
  name: "write_page",
  title: "Write a page",
  description: "Writes a page.",
  scope: "wiki:write",
  readOnly: false,
  idempotent: true,
  input: z.strictObject({ page, text: z.string().describe("Its text") }),
  output: z.object({ written: z.boolean() }),
  run: async ({ page, text }, { upstream }) => ({ written: upstream.set(page, text) !== undefined }),
});
const deletePage = defineTool({
  name: "delete_page",
  title: "Delete a page",
  description: "Deletes a page.",
  scope: "wiki:write",
  readOnly: false,
  input: z.strictObject({ page }),
  output: z.object({ deleted: z.boolean() }),
  run: async ({ page }, { upstream }) => ({ deleted: upstream.delete(page) }),
  async preview({ page }, { upstream }) {
    if (!upstream.has(page)) throw new ToolError(`There is no page ${page}.`);
    return `Deletes the page ${page}, of ${upstream.get(page)!.length} characters.`;
  },
});
const pageResource: Resource<Map<string, string>> = {
  name: "page",
  title: "A page",
  description: "The text of a page.",
  uriTemplate: "wiki://pages/{page}",
  mimeType: "text/plain",
  scope: "wiki:read",
  async read({ page }, { upstream }) {
    const text = upstream.get(page!);
    if (text === undefined) throw new ToolError(`There is no page ${page}.`);
    return text;
  },
};
const prompt = definePrompt({
  name: "summarize",
  title: "Summarize a page",
  description: "Summarizes a page.",
  input: z.object({ page: z.string() }),
  text: ({ page }) => `Read the page ${page} and summarize it.`,
});

const trail: object[] = [];
const service = {
  name: "wiki",
  title: "Wiki",
  instructions: "A wiki.",
  tools: [readPage, writePage, deletePage],
  resources: [pageResource],
  prompts: [prompt],
};

/** One request of a client that was granted these scopes. */
async function ask(method: string, params: object, scopes = ["wiki:read", "wiki:write"]) {
  const trace = traceOf(new Request("http://localhost/"));
  const telemetry = new Telemetry({}, { service: "wiki", version: "1", placement: "workers" }, trace);
  const handler = createMcpHandler(() =>
    mcpServer(service, {
      version: "1",
      credential: async () => ({ token: "t" }),
      upstream: () => pages,
      connectUrl: "https://auth.example.com/auth/wiki",
      telemetry,
      span: telemetry.server("request"),
      waitUntil: () => {},
      audit: ({ durationMs: _, ...event }) => void trail.push(event),
    }),
  );
  const response = await handler.fetch(
    new Request("http://localhost/mcp", {
      method: "POST",
      headers: {
        "content-type": "application/json",
        accept: "application/json, text/event-stream",
        "mcp-protocol-version": "2025-11-25",
      },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
    }),
    { authInfo: { token: "", clientId: "c", scopes } },
  );
  const text = await response.text();
  const json = text.startsWith("{") ? text : (/^data: (.+)$/m.exec(text)?.[1] ?? "{}");
  // biome-ignore lint/suspicious/noExplicitAny: judged by the assertions
  return { status: response.status, headers: response.headers, ...(JSON.parse(json) as any) };
}
const call = (name: string, args: object, scopes?: string[]) => ask("tools/call", { name, arguments: args }, scopes);

beforeEach(() => {
  pages.clear();
  pages.set("Plans", "To do");
  pages.set("a/b", "Below");
  trail.length = 0;
});

test("a tool's annotations say whether it reads, destroys, and may be repeated", async () => {
  const { result } = await ask("tools/list", {});
  const told = result.tools.map(({ name, annotations }: { name: string; annotations: object }) => [name, annotations]);
  const hints = (readOnlyHint: boolean, destructiveHint: boolean, idempotentHint: boolean) => ({
    readOnlyHint,
    destructiveHint,
    idempotentHint,
    openWorldHint: true,
  });
  expect(told).toEqual([
    ["read_page", hints(true, false, true)],
    ["write_page", hints(false, false, true)],
    ["delete_page", hints(false, true, false)],
  ]);
});

describe("a tool that destroys", () => {
  test("says in a dry run what it would do, and does nothing", async () => {
    const { result } = await call("delete_page", { page: "Plans", dry_run: true });
    expect(result.structuredContent).toEqual({ would: "Deletes the page Plans, of 5 characters." });
    expect(pages.has("Plans")).toBe(true);
  });

  test("finds out in a dry run what is wrong already", async () => {
    const { result } = await call("delete_page", { page: "Nowhere", dry_run: true });
    expect([result.isError, result.content[0].text]).toEqual([true, "There is no page Nowhere."]);
  });

  test("does it otherwise", async () => {
    expect((await call("delete_page", { page: "Plans" })).result.structuredContent).toEqual({ deleted: true });
    expect(pages.has("Plans")).toBe(false);
  });

  test("alone has a dry run: of any other tool the input is refused", async () => {
    const { result } = await call("write_page", { page: "Plans", text: "Done", dry_run: true });
    expect(result.isError).toBe(true);
    expect(pages.get("Plans")).toBe("To do");
  });
});

describe("a resource", () => {
  const read = (uri: string, scopes?: string[]) => ask("resources/read", { uri }, scopes);

  test("is read by its URI, as the person, and that is in the trail", async () => {
    const { result } = await read("wiki://pages/a%2Fb");
    expect(result.contents).toEqual([{ uri: "wiki://pages/a%2Fb", mimeType: "text/plain", text: "Below" }]);
    expect(trail).toEqual([{ tool: "resource:page", decision: "allowed" }]);
  });

  test("needs its scope: without it the answer is the challenge", async () => {
    const { status, headers } = await read("wiki://pages/Plans", []);
    expect([status, headers.get("www-authenticate")]).toEqual([403, expect.stringContaining('scope="wiki:read"')]);
    expect(trail).toEqual([{ tool: "resource:page", decision: "denied", reason: "it needs wiki:read" }]);
  });

  test("that is not there is an error with the reason", async () => {
    expect((await read("wiki://pages/Nowhere")).error.message).toContain("There is no page Nowhere.");
  });

  test.each(["%2E%2E", "a%2F..%2Fb", "%2F%2Fevil", "%zz"])("is never asked for at %s", async (name) => {
    expect((await read(`wiki://pages/${name}`)).error).toBeDefined();
    expect(trail).toEqual([]);
  });
});

test("a prompt is words alone, with the person's arguments in them", async () => {
  const { result } = await ask("prompts/get", { name: "summarize", arguments: { page: "Plans" } }, []);
  expect(result.messages).toEqual([
    { role: "user", content: { type: "text", text: "Read the page Plans and summarize it." } },
  ]);
});
