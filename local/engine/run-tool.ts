import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

export interface ToolOptions {
  /** What to call it in an error, default: the command line. */
  name?: string;
  cwd?: string;
  /** Added to this process's environment. */
  env?: NodeJS.ProcessEnv;
  signal?: AbortSignal;
  /** Ends the program after so many milliseconds. */
  timeoutMs?: number;
  /** Called for every line that the program writes to standard error. */
  onErrorLine?(line: string): void;
}

/** A program that could not be started (`code` ENOENT: it is not there), failed, or took too long. */
export class ToolError extends Error {
  readonly code: string | number;
  /** What it had written to standard output. */
  readonly output: string;

  constructor(message: string, code: string | number, output = "") {
    super(message);
    this.code = code;
    this.output = output;
  }
}

/**
 * Runs a program to its end. When it is aborted or too slow, its whole process group ends with it.
 * @returns what it wrote to standard output
 * @throws {ToolError} with the last lines of its standard error, when it does not exit with 0
 */
export async function runTool(command: string, args: string[], options: ToolOptions = {}): Promise<string> {
  options.signal?.throwIfAborted();
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
    // A group of its own, so that what it starts can be ended with it.
    detached: true,
  });
  const endGroup = () => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    } catch {
      // It has ended by itself.
    }
  };
  let timedOut = false;
  const timer =
    options.timeoutMs === undefined
      ? undefined
      : setTimeout(() => {
          timedOut = true;
          endGroup();
        }, options.timeoutMs);
  options.signal?.addEventListener("abort", endGroup);
  // When a signal ends this process, no `exit` is emitted, but the program stops at its next write to a closed pipe.
  process.once("exit", endGroup);
  try {
    const output: Buffer[] = [];
    const lastErrors: string[] = [];
    child.stdout.on("data", (chunk: Buffer) => output.push(chunk));
    createInterface({ input: child.stderr }).on("line", (line) => {
      options.onErrorLine?.(line);
      lastErrors.push(line);
      if (lastErrors.length > 15) lastErrors.shift();
    });
    const code = await new Promise<number | string>((resolve, reject) => {
      child.once("error", (error: NodeJS.ErrnoException) =>
        reject(new ToolError(`${command} does not start: ${error.message}`, error.code ?? "")),
      );
      child.once("close", (exit, signal) => resolve(exit ?? signal ?? ""));
    });
    options.signal?.throwIfAborted();
    if (timedOut) throw new ToolError(`${command} was not done after ${options.timeoutMs! / 1000} s`, "ETIMEDOUT");
    if (code !== 0) {
      throw new ToolError(
        `${options.name ?? [command, ...args].join(" ")} ended with ${code}: ${lastErrors.join("\n")}`,
        code,
        Buffer.concat(output).toString(),
      );
    }
    return Buffer.concat(output).toString();
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener("abort", endGroup);
    process.removeListener("exit", endGroup);
  }
}
