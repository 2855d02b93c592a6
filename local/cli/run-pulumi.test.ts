import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

/** Ctrl-C while a command asks the CLI something; a script stands for the CLI, which answers when the folder has `go`. */

const runPulumi = JSON.stringify(join(import.meta.dirname, "run-pulumi.ts"));
let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "run-pulumi-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

/** @returns what the command printed, and the CLI's process */
async function interrupted(handler: string, answers: boolean): Promise<{ said: string; cli: number }> {
  const script = "echo $$ > asked; while [ ! -e go ]; do sleep 0.05; done; echo answer";
  const program = `
    import { output } from ${runPulumi};
    ${handler}
    process.stdout.write(await output({ command: "sh" }, ["-c", ${JSON.stringify(script)}], {}));
  `;
  const args = ["--disable-warning=ExperimentalWarning", "--input-type=module", "-e", program];
  const command = spawn(process.execPath, args, { cwd: dir, detached: true });
  const ended = once(command, "close");
  let said = "";
  command.stdout.on("data", (text) => {
    said += text;
  });
  const cli = await vi.waitFor(() => {
    const text = readFileSync(join(dir, "asked"), "utf8");
    expect(text).toMatch(/\n$/);
    return Number(text);
  }, 10_000);
  // As a terminal does.
  process.kill(-command.pid!, "SIGINT");
  if (answers) writeFileSync(join(dir, "go"), "");
  await ended;
  return { said, cli };
}

test("a command that handles it has its answer all the same", async () => {
  const { said } = await interrupted("process.on('SIGINT', () => {});", true);
  expect(said).toBe("answer\n");
});

test("one that does not ends, and leaves nothing running", async () => {
  const { said, cli } = await interrupted("", false);
  expect(said).toBe("");
  await vi.waitFor(() => expect(existsSync(`/proc/${cli}`)).toBe(false), 10_000);
});
