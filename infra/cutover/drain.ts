import type { IncomingMessage } from "node:http";
import { createInterface } from "node:readline";
import { catalogue, type ServiceName } from "@hybrid-mcp/catalogue";
import type Docker from "dockerode";
import { execIn, ROLE_LABEL } from "../droplet/engine-client.ts";
import { sayProgress } from "./progress.ts";

/** What Docker answers for a program that a signal has ended: 128 and the signal's number. */
const KILLED = 128 + 9;
const TERMINATED = 128 + 15;

export interface DrainOptions {
  docker: Docker;
  /** Name of the stack (config key `hybrid-mcp:name`). */
  stack: string;
  service: ServiceName;
  /** How long what runs on a container may take to end, in seconds. */
  drainSeconds: number;
  say: (message: string) => void;
  warn: (message: string) => void;
}

/** An entry of the engine's event stream (Docker Engine API, `GET /events`). */
interface ContainerEvent {
  Action: string;
  Actor: { ID: string; Attributes: { signal?: string; exitCode?: string } };
  timeNano: number;
}

/**
 * Tells how a service's containers end that the rest of an update takes away: whether what ran on them came to its end or was
 * cut, and how long it took. It listens from now on, as long as this program runs, and keeps it from nothing.
 *
 * @throws {Error} when the engine cannot be asked
 */
export async function watchDrain({ docker, stack, service, drainSeconds, say, warn }: DrainOptions): Promise<void> {
  const filters = {
    type: ["container" as const],
    label: [`hybrid-mcp=${stack}`, `${ROLE_LABEL}=${service}`],
    event: ["kill", "die"],
  };
  const stream = (await docker.getEvents({ filters })) as unknown as IncomingMessage;
  // An open connection would keep the program from coming to its end, before which nothing is deleted.
  stream.socket.unref();
  const ending = new Map<string, { since: number; calls: number | undefined; stop: () => void }>();

  const begins = ({ Actor: { ID }, timeNano }: ContainerEvent) => {
    if (ending.has(ID)) return;
    const drain = { since: timeNano, calls: undefined as number | undefined, stop: () => {} };
    ending.set(ID, drain);
    const look = async () => {
      drain.calls = await callsOn(docker.getContainer(ID), catalogue[service].containerPort).catch(() => undefined);
    };
    // By then the connections are closed on which nothing runs.
    setTimeout(() => void look(), 500).unref();
    drain.stop = sayProgress(async (seconds) => {
      await look();
      say(`the old container ends what runs on it${told(drain.calls)} (${seconds.toFixed(0)} s of ${drainSeconds} s)`);
    });
  };
  const ended = ({ Actor: { ID, Attributes }, timeNano }: ContainerEvent) => {
    const drain = ending.get(ID);
    if (!drain) return;
    ending.delete(ID);
    drain.stop();
    const seconds = ((timeNano - drain.since) / 1e9).toFixed(1);
    const code = Number(Attributes.exitCode);
    if (code === KILLED) {
      warn(
        `the old container was stopped after ${seconds} s (cutover.drainSeconds: ${drainSeconds}): what still ran on it was cut${told(drain.calls)}`,
      );
    } else if (code !== 0 && code !== TERMINATED) {
      warn(`the old container ended with exit code ${code} after ${seconds} s${told(drain.calls)}`);
    } else {
      say(`the old container has ended by itself, with all that ran on it (${seconds} s)`);
    }
  };
  const lines = createInterface({ input: stream });
  // Told as the stream's own, too.
  lines.on("error", () => {});
  stream.once("error", ({ message }) => {
    if (ending.size > 0) warn(`whether what ran on the old container came to its end is not known: ${message}`);
    for (const { stop } of ending.values()) stop();
  });
  lines.on("line", (line) => {
    const event = JSON.parse(line) as ContainerEvent;
    if (event.Action === "die") ended(event);
    else if (event.Actor.Attributes.signal === "15") begins(event);
  });
}

const told = (calls: number | undefined) =>
  calls === undefined ? "" : `: ${calls} ${calls === 1 ? "connection" : "connections"}`;

/** How many connections from outside a container has at a port (proc_net(5)); the connector has one for each call. */
async function callsOn(container: Docker.Container, port: number): Promise<number> {
  const { stdout } = await execIn(container, ["cat", "/proc/net/tcp", "/proc/net/tcp6"]);
  return countConnections(stdout, port);
}

/** @param table of `/proc/net/tcp`, or several */
export function countConnections(table: string, port: number): number {
  const hex = port.toString(16).toUpperCase().padStart(4, "0");
  return table.split("\n").filter((line) => {
    const [, local = "", remote = "", state] = line.trim().split(/\s+/);
    // 01: established. A health check comes from inside.
    return state === "01" && local.endsWith(`:${hex}`) && !/0100007F:/.test(remote);
  }).length;
}
