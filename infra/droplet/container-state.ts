import { setTimeout as delay } from "node:timers/promises";
import type Docker from "dockerode";

/** Pause between two looks at a container that starts, in milliseconds. */
const PAUSE_MS = 500;

/**
 * Waits until one of some containers is healthy.
 *
 * @returns false when none is within the deadline
 */
export async function untilHealthy(containers: Docker.Container[], deadlineSeconds: number): Promise<boolean> {
  const deadline = performance.now() + deadlineSeconds * 1000;
  for (;;) {
    const found = await Promise.all(containers.map((container) => container.inspect()));
    if (found.some(({ State }) => State.Running && State.Health?.Status === "healthy")) return true;
    if (performance.now() > deadline) return false;
    await delay(PAUSE_MS);
  }
}

/**
 * What a container that is not ready tells of it: how it ended, its last health check, the end of its output; never its
 * environment.
 *
 * @returns lines, each with a line break before it; empty where there is nothing
 */
export async function lastWords(container: Docker.Container): Promise<string> {
  const { State } = await container.inspect();
  const check = State.Health?.Log?.at(-1)?.Output?.trim();
  const raw = await container.logs({ stdout: true, stderr: true, tail: 20 }).catch(() => Buffer.alloc(0));
  const output = withoutFrames(Buffer.from(raw)).trim();
  return [
    State.Running ? "" : `\nIt ended with exit code ${State.ExitCode}${State.Error ? `: ${State.Error}` : ""}.`,
    check ? `\nLast health check: ${check}` : "",
    output ? `\nLast lines of its log:\n${output}` : "",
  ].join("");
}

/** Logs come in frames of 8 bytes (stream, 0, 0, 0, length) and payload where the container has no terminal. */
function withoutFrames(raw: Buffer): string {
  const parts: string[] = [];
  for (let at = 0; at + 8 <= raw.length; ) {
    if (raw[at + 1] !== 0 || raw[at + 2] !== 0 || raw[at + 3] !== 0) return raw.toString();
    const length = raw.readUInt32BE(at + 4);
    parts.push(raw.toString("utf8", at + 8, at + 8 + length));
    at += 8 + length;
  }
  return parts.join("");
}
