import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Engine } from "../engine/ensure-engine.ts";
import { output } from "./run-pulumi.ts";

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

test("what it asks is asked again where a Ctrl-C reached that before it was in a group of its own", async () => {
  const script = "[ -e asked ] || { touch asked; kill -INT $$; }; cat";
  const ignore = () => {};
  process.on("SIGINT", ignore);
  try {
    const engine = { command: "sh" } as Engine;
    expect(await output(engine, ["-c", script], { cwd: dir }, "answer")).toBe("answer");
  } finally {
    process.off("SIGINT", ignore);
  }
});

test("one that ends without reading its input says why", async () => {
  const engine = { command: "sh" } as Engine;
  const asked = output(engine, ["-c", "echo no >&2; exit 1"], { cwd: dir }, "x".repeat(1_000_000));
  await expect(asked).rejects.toThrow("failed: no");
});
