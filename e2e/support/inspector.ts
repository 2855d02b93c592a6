import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { expect } from "vitest";
import { repositoryRoot } from "../../local/cli/stack.ts";
import { eventually } from "./eventually.ts";

/** One run of the Inspector's command line. */
export interface InspectorRun {
  stdout: string;
  stderr: string;
  /** Its exit code. */
  ended: Promise<number>;
}

/** The MCP Inspector's command line, with a home of its own in which it keeps its sign-in. */
export class Inspector {
  readonly #url: string;
  readonly #home = mkdtempSync(join(tmpdir(), "hybrid-mcp-inspector-"));
  readonly #running: ChildProcess[] = [];

  /** @param url of the MCP endpoint */
  constructor(url: string) {
    this.#url = url;
    // It opens a browser of its own accord; here Chromium is told where to go.
    writeFileSync(join(this.#home, "xdg-open"), "#!/bin/sh\n", { mode: 0o755 });
  }

  run(...args: string[]): InspectorRun {
    const program = join(repositoryRoot, "node_modules/.bin/mcp-inspector");
    const where = ["--transport", "http", "--callback-url", "http://127.0.0.1:0/oauth/callback", "--format", "json"];
    const child = spawn(program, ["--cli", this.#url, ...where, ...args], {
      env: {
        ...process.env,
        HOME: this.#home,
        MCP_INSPECTOR_SECRET_STORE: "file",
        PATH: `${this.#home}${delimiter}${process.env.PATH}`,
        // Without a terminal it starts no sign-in unless it may open a browser.
        MCP_AUTO_OPEN_ENABLED: "true",
      },
      stdio: ["pipe", "pipe", "pipe"],
    });
    this.#running.push(child);
    const run: InspectorRun = {
      stdout: "",
      stderr: "",
      ended: once(child, "close").then(([code]) => code as number),
    };
    child.stdout.setEncoding("utf8").on("data", (text) => {
      run.stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text) => {
      run.stderr += text;
    });
    return run;
  }

  /** Ends what still runs. */
  stop(): void {
    for (const child of this.#running.splice(0)) child.kill();
  }

  close(): void {
    this.stop();
    rmSync(this.#home, { recursive: true, force: true });
  }
}

/** Where a run asks the person to go. */
export async function authorizationUrl(run: InspectorRun): Promise<string> {
  const pattern = /Please navigate to: (\S+)/;
  await eventually(async () => expect(run.stderr).toMatch(pattern));
  return pattern.exec(run.stderr)![1]!;
}

/** The names in a run's answer to `tools/list`. */
export function toolNames({ stdout }: InspectorRun): string[] {
  const answer = JSON.parse(stdout);
  return (answer.result ?? answer).tools.map(({ name }: { name: string }) => name);
}
