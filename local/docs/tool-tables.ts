import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { catalogue, platform, type ServiceName, serviceNames } from "@hybrid-mcp/catalogue";
import type { AnyTool } from "@hybrid-mcp/service-kit/tool";
import { serviceTools } from "../../infra/service-tools.ts";
import { repositoryRoot } from "../cli/stack.ts";

/** What a table says of a tool. */
type Described = Pick<AnyTool<never>, "name" | "title" | "scope" | "toolset" | "readOnly" | "preview">;

const folders: Record<ServiceName, string> = {
  coda: "workers/coda",
  github: "workers/github",
  firecrawl: "droplet/firecrawl",
};

const BEGIN = "<!-- tools: made by `npm run docs` from the tools themselves -->";
const END = "<!-- /tools -->";

/**
 * The READMEs with their tables as they have to be: of all services, and of each one's tools.
 * @returns by the file's path below the repository's root
 * @throws {Error} for a tool that no test is named after
 */
export function readmesWithTables(): Record<string, string> {
  const tables = serviceNames.map((name) => {
    return [`${folders[name]}/README.md`, tableOf(folders[name], serviceTools[name].tools)] as const;
  });
  return Object.fromEntries(
    [["README.md", servicesTable()] as const, ...tables].map(([file, table]) => {
      const text = readFileSync(join(repositoryRoot, file), "utf8");
      const [before, rest] = text.split(`${BEGIN}\n`);
      const after = rest?.split(END)[1];
      if (before === undefined || after === undefined) throw new Error(`${file} has no place for the table: ${BEGIN}`);
      return [file, `${before}${BEGIN}\n${table}${END}${after}`];
    }),
  );
}

/** Every service, with how many tools it has and what they need. */
function servicesTable(): string {
  const rows = serviceNames.map((name) => {
    const { subdomain, localPort, placements, scopes } = catalogue[name];
    const { tools } = serviceTools[name];
    const needing = scopes.map(
      (scope) => [tools.filter((tool) => tool.scope === scope.name).length, scope.name] as const,
    );
    const counts = needing.filter(([count]) => count > 0).map(([count, scope]) => `${count} need \`${scope}\``);
    return [
      name,
      `\`https://${subdomain}.<domain>/mcp\``,
      `\`http://localhost:${localPort}/mcp\``,
      placements.join(", "),
      `[${tools.length}](${folders[name]}/README.md): ${counts.join(", ")}`,
    ];
  });
  const { subdomain, localPort } = platform["mcp-gateway"];
  const gateway = [
    "gateway",
    `\`https://${subdomain}.<domain>/mcp\``,
    `\`http://localhost:${localPort}/mcp\``,
    "workers",
    "those of every server, as `<service>_<tool>`",
  ];
  const columns = ["service", "URL", "local URL", "placements", "tools"];
  return [columns, columns.map(() => "---"), ...rows, gateway].map((cells) => `${row(cells)}\n`).join("");
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
