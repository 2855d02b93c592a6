import type { Client } from "@modelcontextprotocol/client";
import { beforeAll, describe, expect, test } from "vitest";
import { call, challengeOf, textOf } from "../oauth-broker/testing/service-client.ts";
import { codaHarness, DOC } from "./testing/coda-harness.ts";

const harness = codaHarness({ mutationDelayMs: 10 });
let client: Client;
beforeAll(async () => {
  client = (await harness().client()) as Client;
});

const contentOf = async (uri: string) => {
  const { contents } = await client.readResource({ uri });
  return contents[0] as { uri: string; mimeType: string; text: string };
};

describe("resources", () => {
  test("are offered as templates", async () => {
    const { resourceTemplates } = await client.listResourceTemplates();
    expect(resourceTemplates.map(({ uriTemplate, mimeType }) => [uriTemplate, mimeType])).toEqual([
      ["coda://docs/{doc}/pages/{page}", "text/markdown"],
      ["coda://docs/{doc}/tables/{table}", "application/json"],
    ]);
  });

  test("a page is read as Markdown, by its id or its name", async () => {
    const page = await contentOf(`coda://docs/${DOC}/pages/canvas-TeamPage03`);
    expect(page.mimeType).toBe("text/markdown");
    expect(page.text).toMatch(/^Who is who\.\n\n- Ask \*\*Dana\*\*/);
    expect((await contentOf(`coda://docs/${DOC}/pages/Task%20list`)).text).toBe("Every task, with who does it.");
  });

  test("a page that is too long for a model is cut, and says where the rest is", async () => {
    for (const name of ["Long", "More"]) {
      await call(client, "create_page", { doc: DOC, name, content: `${"x".repeat(99)}\n`.repeat(600) });
    }
    expect((await contentOf(`coda://docs/${DOC}/pages/Long`)).text).toHaveLength(60_000);
    await call(client, "append_to_page", { doc: DOC, page: "More", content: "The end." });
    expect((await contentOf(`coda://docs/${DOC}/pages/More`)).text).toMatch(
      /\n\(\d+ more characters: read_page has all\.\)$/,
    );
  });

  test("a table is read as its columns, with their types", async () => {
    const { text, mimeType } = await contentOf(`coda://docs/${DOC}/tables/Tasks`);
    expect(mimeType).toBe("application/json");
    const table = JSON.parse(text);
    expect(table).toMatchObject({ id: "grid-Zx52_Tasks", name: "Tasks", type: "table", rows: 250 });
    expect(table.columns).toHaveLength(12);
    expect(table.columns[0]).toEqual({
      id: "c-TaskName01",
      name: "Task",
      type: "text",
      several: false,
      names_row: true,
    });
  });

  test("what is not there is an error that says so, and nothing leads elsewhere in the API", async () => {
    await expect(contentOf(`coda://docs/${DOC}/pages/none`)).rejects.toThrow(/Coda answered 404/);
    await expect(contentOf(`coda://docs/${DOC}/tables/none`)).rejects.toThrow(/Coda answered 404/);
    harness().arrived.length = 0;
    for (const uri of [
      `coda://docs/${DOC}/tables/%2e%2e`,
      "coda://docs/%2E%2E/pages/x",
      `coda://docs/${DOC}/pages/..`,
    ]) {
      await expect(contentOf(uri)).rejects.toThrow();
    }
    expect(harness().arrived).toEqual([]);
  });

  test("without coda:read they are answered 403, with the challenge that names it", async () => {
    const { broker, origin, arrived } = harness();
    // Every scope of Coda's holds coda:read: only the policy can take it away.
    const token = await harness().token();
    const { policy } = broker.config;
    await broker.reconfigure({ policy: [{ people: ["github:ada"], scopes: ["github:read"] }] });
    try {
      arrived.length = 0;
      for (const uri of [`coda://docs/${DOC}/pages/Team`, `coda://docs/${DOC}/tables/Tasks`]) {
        const response = await fetch(new URL("/mcp", origin), {
          method: "POST",
          headers: {
            "content-type": "application/json",
            accept: "application/json, text/event-stream",
            "mcp-protocol-version": "2025-11-25",
            authorization: `Bearer ${token}`,
          },
          body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "resources/read", params: { uri } }),
        });
        expect(response.status).toBe(403);
        expect(challengeOf(response)).toMatchObject({ error: "insufficient_scope", scope: "coda:read" });
      }
      expect(arrived).toEqual([]);
    } finally {
      await broker.reconfigure({ policy });
    }
  });
});

describe("prompts", () => {
  test("are listed with their arguments", async () => {
    const { prompts } = await client.listPrompts();
    expect(prompts.map(({ name, arguments: args }) => [name, args?.map(({ name }) => name)])).toEqual([
      ["summarize_doc", ["doc"]],
      ["add_rows_from_text", ["table", "text"]],
    ]);
  });

  test.each([
    ["summarize_doc", { doc: "Project Tracker" }],
    ["add_rows_from_text", { table: "Tasks of the Project Tracker", text: "Paint the fence by Friday" }],
  ])("%s says what is wanted, with tools that there are", async (name, args) => {
    const { messages } = await client.getPrompt({ name, arguments: args });
    expect(messages).toHaveLength(1);
    const text = textOf({ content: [messages[0]!.content] });
    for (const value of Object.values(args)) expect(text).toContain(value);
    const { tools } = await client.listTools();
    const named = [...text.matchAll(/\b[a-z]+(?:_[a-z]+)+\b/g)].map(([tool]) => tool);
    expect(named.length).toBeGreaterThan(2);
    for (const tool of named.filter((each) => each !== "key_columns")) {
      expect(tools.map(({ name }) => name)).toContain(tool);
    }
  });
});
