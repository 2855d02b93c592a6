import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { repositoryRoot } from "../../local/cli/stack.ts";

/** What the conformance tool printed and how it ended. */
export interface ConformanceResult {
  code: number | null;
  output: string;
}

/**
 * Runs the MCP conformance tool (`@modelcontextprotocol/conformance`) to its end.
 *
 * @param onOutput is given all that was printed so far, each time that there is more
 */
export async function runConformance(
  args: string[],
  onOutput: (output: string) => void = () => {},
): Promise<ConformanceResult> {
  // It may write results where it runs.
  const cwd = mkdtempSync(join(tmpdir(), "hybrid-mcp-conformance-"));
  try {
    const child = spawn(process.execPath, [join(repositoryRoot, "node_modules/.bin/conformance"), ...args], {
      cwd,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    const take = (text: string) => {
      output += text;
      onOutput(output);
    };
    child.stdout.setEncoding("utf8").on("data", take);
    child.stderr.setEncoding("utf8").on("data", take);
    const code = await new Promise<number | null>((resolve, reject) => {
      child.on("error", reject);
      child.on("close", resolve);
    });
    return { code, output };
  } finally {
    rmSync(cwd, { recursive: true, force: true });
  }
}
