import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { runTool, ToolError } from "./run-tool.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "run-tool-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

test("it returns standard output and hands on the lines of standard error", async () => {
  const lines: string[] = [];
  const output = await runTool("sh", ["-c", "echo out; echo one >&2; echo $WORD >&2"], {
    env: { WORD: "two" },
    onErrorLine: (line) => lines.push(line),
  });
  expect(output).toBe("out\n");
  expect(lines).toEqual(["one", "two"]);
});

test("a failing program's error has its exit code and its last words", async () => {
  const failing = runTool("sh", ["-c", "echo no disk >&2; exit 3"]);
  await expect(failing).rejects.toThrow(/no disk/);
  await expect(failing).rejects.toHaveProperty("code", 3);
});

test("a program that is not there is told apart by its code", async () => {
  const missing = runTool(join(dir, "missing"), []);
  await expect(missing).rejects.toBeInstanceOf(ToolError);
  await expect(missing).rejects.toHaveProperty("code", "ENOENT");
});

test("a program that takes too long is ended, and the error says so", async () => {
  const slow = runTool("sleep", ["1000"], { timeoutMs: 50 });
  await expect(slow).rejects.toThrow("sleep was not done after 0.05 s");
});

test("an aborted program ends with everything that it started, with the reason of the abort", async () => {
  const server = createServer();
  const connected = once(server, "connection");
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  const grandchild = `require("net").connect(${port}, "127.0.0.1"); setInterval(() => {}, 1e6)`;
  const abort = new AbortController();
  const running = runTool("sh", ["-c", `"${process.execPath}" -e '${grandchild}' & wait`], { signal: abort.signal });
  const failed = expect(running).rejects.toThrow("no longer wanted");
  const [socket] = await connected;
  abort.abort(new Error("no longer wanted"));
  // The kernel closes the connection when the grandchild is gone.
  socket.resume().on("error", () => {});
  await once(socket, "close");
  await failed;
  server.close();
});
