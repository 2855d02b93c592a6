import { describe, expect, test } from "vitest";
import { clients, post, refusal } from "../oauth-broker/testing/service-client.ts";
import { githubService } from "./testing/github-service.ts";
import { tools, usualToolsets } from "./tools.ts";

const named = (wanted: (tool: (typeof tools)[number]) => boolean) => tools.filter(wanted).map(({ name }) => name);

describe("without a choice of the operator's", () => {
  const { harness } = githubService({ headers: {} });
  const listed = async (headers: Record<string, string>) => {
    const client = await harness().client(undefined, clients[0]!, headers);
    return (await client.listTools()).tools.map(({ name }) => name);
  };

  test("a client that asks for nothing gets the usual toolsets", async () => {
    expect(await listed({})).toEqual(named(({ toolset }) => usualToolsets.includes(toolset ?? "")));
  });

  test.each(clients)("%s gets the toolsets that it names, or all", async (_, connect) => {
    const names = async (toolsets: string) => {
      const client = await harness().client(undefined, ["", connect], { "x-mcp-toolsets": toolsets });
      return (await client.listTools()).tools.map(({ name }) => name);
    };
    expect(await names("labels, git")).toEqual(named(({ toolset }) => ["labels", "git"].includes(toolset ?? "")));
    expect(await names("all")).toEqual(named(() => true));
  });

  test("a client that only reads gets no tool that writes, and can leave out tools by name", async () => {
    const read = await listed({ "x-mcp-toolsets": "issues", "x-mcp-readonly": "true" });
    expect(read).toEqual(named(({ toolset, readOnly }) => toolset === "issues" && readOnly));
    const fewer = await listed({ "x-mcp-toolsets": "labels", "x-mcp-exclude-tools": "delete_label, update_label" });
    expect(fewer).toEqual(["list_labels", "get_label", "create_label"]);
  });

  test("a toolset or tool that there is not is told, with those that there are", async () => {
    const ask = async (headers: Record<string, string>) => {
      const response = await post(harness().origin, await harness().token(), "get_me", {}, headers);
      return [response.status, ((await response.json()) as { message: string }).message];
    };
    const [status, message] = await ask({ "x-mcp-toolsets": "issues,apples" });
    expect(status).toBe(400);
    expect(message).toContain('There is no toolset "apples"; the toolsets are: context, repos, issues');
    expect(await ask({ "x-mcp-exclude-tools": "eat" })).toEqual([400, 'There is no tool "eat" to leave out.']);
  });

  test("a tool outside of what was chosen is not there, and the API hears nothing", async () => {
    const client = await harness().client(undefined, clients[0]!, { "x-mcp-toolsets": "issues" });
    const before = harness().arrived.length;
    const outside = client.callTool({ name: "list_labels", arguments: { owner: "ada", repo: "orchard" } });
    await expect(outside).rejects.toThrow(/list_labels/);
    const reading = await harness().client(undefined, clients[0]!, { "x-mcp-readonly": "1" });
    const writing = { name: "create_issue", arguments: { owner: "ada", repo: "orchard", title: "x" } };
    await expect(reading.callTool(writing)).rejects.toThrow(/create_issue/);
    expect(harness().arrived).toHaveLength(before);
  });
});

describe("with all toolsets by the operator's choice", () => {
  const { harness } = githubService({ headers: {}, bindings: { TOOLS: '{"toolsets": ["all"]}' } });

  test("a client that asks for nothing gets all tools", async () => {
    const { tools: all } = await (await harness().client()).listTools();
    expect(all.map(({ name }) => name)).toEqual(named(() => true));
  });
});

describe("with a choice of the operator's", () => {
  const operator = { toolsets: ["context", "labels", "issues"], readOnly: false, exclude: ["delete_label"] };
  const { harness } = githubService({ headers: {}, bindings: { TOOLS: JSON.stringify(operator) } });
  const listed = async (headers: Record<string, string>) => {
    const client = await harness().client(undefined, clients[0]!, headers);
    return (await client.listTools()).tools.map(({ name }) => name);
  };
  const allowed = named(({ toolset, name }) => operator.toolsets.includes(toolset ?? "") && name !== "delete_label");

  test("it is what a client gets that asks for nothing, and the most that one gets that asks for all", async () => {
    expect(await listed({})).toEqual(allowed);
    expect(await listed({ "x-mcp-toolsets": "all" })).toEqual(allowed);
    expect(await listed({ "x-mcp-toolsets": "labels,repos" })).toEqual([
      "list_labels",
      "get_label",
      ...["create_label", "update_label"],
    ]);
  });

  test("what it leaves out cannot be called either", async () => {
    const client = await harness().client(undefined, clients[0]!, { "x-mcp-toolsets": "all" });
    const away = { owner: "ada", repo: "orchard", name: "bug" };
    await expect(client.callTool({ name: "delete_label", arguments: away })).rejects.toThrow(/delete_label/);
    expect(await refusal(client, "get_label", { ...away, name: "no such" })).toMatch(/^GitHub answered 404/);
  });
});
