import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type ServiceName, serviceNames } from "@hybrid-mcp/catalogue";
import { tools as coda } from "@hybrid-mcp/coda/tools";
import { tools as firecrawl } from "@hybrid-mcp/firecrawl/tools";
import { tools as github } from "@hybrid-mcp/github/tools";
import type { AnyTool } from "@hybrid-mcp/service-kit/tool";
import { repositoryRoot } from "../cli/stack.ts";

/** What a table says of a tool. */
type Described = Pick<AnyTool<never>, "name" | "title" | "scope" | "toolset" | "readOnly" | "preview">;

const services: Record<ServiceName, { folder: string; tools: readonly Described[] }> = {
  coda: { folder: "workers/coda", tools: coda },
  github: { folder: "workers/github", tools: github },
  firecrawl: { folder: "droplet/firecrawl", tools: firecrawl },
};

const BEGIN = "<!-- tools: made by `npm run docs` from the tools themselves -->";
const END = "<!-- /tools -->";

/**
 * The README of each service with the table of its tools as it has to be.
 * @returns by the file's path below the repository's root
 * @throws {Error} for a tool that no test is named after
 */
export function readmesWithTables(): Record<string, string> {
  return Object.fromEntries(
    serviceNames.map((name) => {
      const { folder, tools } = services[name];
      const file = `${folder}/README.md`;
      const text = readFileSync(join(repositoryRoot, file), "utf8");
      const [before, rest] = text.split(`${BEGIN}\n`);
      const after = rest?.split(END)[1];
      if (before === undefined || after === undefined) throw new Error(`${file} has no place for the table: ${BEGIN}`);
      return [file, `${before}${BEGIN}\n${tableOf(folder, tools)}${END}${after}`];
    }),
  );
}

function tableOf(folder: string, tools: readonly Described[]): string {
  const tests = testsIn(folder);
  const grouped = tools.some(({ toolset }) => toolset);
  const rows = tools.map((tool) => {
    const test = tests.find(({ tools }) => tools.has(tool.name));
    if (!test) throw new Error(`No test in ${folder} is named after ${tool.name}: "${tool.name}: …".`);
    const cells = [`\`${tool.name}\``, tool.title, `\`${tool.scope}\``, effect(tool), `[${test.file}](${test.file})`];
    return row(grouped ? [tool.toolset ?? "", ...cells] : cells);
  });
  const head = ["tool", "does", "scope", "effect", "shown by"];
  const columns = grouped ? ["toolset", ...head] : head;
  return [row(columns), row(columns.map(() => "---")), ...rows].map((line) => `${line}\n`).join("");
}

const row = (cells: string[]) => `| ${cells.join(" | ")} |`;

function effect({ readOnly, preview }: Described): string {
  if (readOnly) return "reads";
  return preview ? "destroys, with `dry_run`" : "writes";
}

/** The test files below a folder, with the tools that their tests are named after: `"list_docs: finds …"`. */
function testsIn(folder: string): { file: string; tools: Set<string> }[] {
  return readdirSync(join(repositoryRoot, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".test.ts"))
    .toSorted()
    .map((file) => {
      const text = readFileSync(join(repositoryRoot, folder, file), "utf8");
      return { file, tools: new Set([...text.matchAll(/\(\s*["`]([a-z][a-z0-9_]*): /g)].map(([, name]) => name!)) };
    });
}
