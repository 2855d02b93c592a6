import { describe, expect, test } from "vitest";
import type { AnyTool } from "./tool.ts";
import { clientSelection, SelectionError, selectionProblem, selectTools } from "./tool-selection.ts";

const tool = (name: string, toolset: string | undefined, readOnly: boolean) =>
  ({ name, ...(toolset && { toolset }), readOnly }) as AnyTool<unknown>;

const tools = [
  tool("get_me", undefined, true),
  tool("list_issues", "issues", true),
  tool("create_issue", "issues", false),
  tool("list_runs", "actions", true),
  tool("start_run", "actions", false),
];

const names = (
  ...selections: Parameters<typeof selectTools<unknown>> extends [unknown, ...infer Rest] ? Rest : never
) => selectTools(tools, ...selections).map(({ name }) => name);

const ask = (headers: Record<string, string>) => clientSelection(new Headers(headers));

describe("without a word of operator or client", () => {
  test("there is every tool", () => expect(names({}, ask({}))).toEqual(tools.map(({ name }) => name)));
  test("or those of the usual toolsets", () =>
    expect(names({}, ask({}), ["issues"])).toEqual(["get_me", "list_issues", "create_issue"]));
});

describe("the operator's choice is what there is at most", () => {
  test.each([
    ["toolsets", { toolsets: ["issues"] }, {}, ["get_me", "list_issues", "create_issue"]],
    ["toolsets, of which a client wants others", { toolsets: ["issues"] }, { "x-mcp-toolsets": "actions" }, ["get_me"]],
    [
      "toolsets, of which a client wants all",
      { toolsets: ["issues"] },
      { "x-mcp-toolsets": "all" },
      ["get_me", "list_issues", "create_issue"],
    ],
    ["reading", { readOnly: true }, { "x-mcp-readonly": "false" }, ["get_me", "list_issues", "list_runs"]],
    ["all but some", { exclude: ["start_run"] }, {}, ["get_me", "list_issues", "create_issue", "list_runs"]],
  ] as const)("%s", (_, operator, headers, left) => expect(names(operator, ask(headers))).toEqual(left));
});

describe("a client", () => {
  test("narrows by toolset, effect and name at once", () => {
    const headers = {
      "X-MCP-Toolsets": " issues , actions",
      "X-MCP-Readonly": "true",
      "X-MCP-Exclude-Tools": "list_runs",
    };
    expect(names({}, ask(headers))).toEqual(["get_me", "list_issues"]);
  });
  test("gets more than the usual when it asks for it", () =>
    expect(names({}, ask({ "x-mcp-toolsets": "all" }), ["issues"])).toHaveLength(tools.length));
  test.each(["yes", "junk", "true, false", ""])("that says X-MCP-Readonly: %s is asked what it means", (value) => {
    expect(() => ask({ "x-mcp-readonly": value })).toThrow(SelectionError);
  });
  test.each([
    ["x-mcp-toolsets", "isues", 'There is no toolset "isues"; the toolsets are: issues, actions.'],
    ["x-mcp-exclude-tools", "creat_issue", 'There is no tool "creat_issue" to leave out.'],
  ])("that names in %s what there is not is told so", (header, value, message) => {
    expect(() => names({}, ask({ [header]: value }))).toThrow(new SelectionError(message));
  });
});

test("all is every toolset, for operator and client, of a service without any too", () => {
  expect(names({ toolsets: ["all"] }, ask({}), ["issues"])).toHaveLength(tools.length);
  expect(selectionProblem([tool("scrape", undefined, true)], { toolsets: ["all"] })).toBeUndefined();
});

test("a service without toolsets says that it has none", () => {
  expect(selectionProblem([tool("scrape", undefined, true)], { toolsets: ["web"] })).toBe(
    'There is no toolset "web"; the service has no toolsets.',
  );
});
