import { appendFileSync, existsSync, readFileSync } from "node:fs";
import type { PlatformName } from "@hybrid-mcp/catalogue";
import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";
import { parse } from "yaml";
import type { Engine } from "../engine/ensure-engine.ts";
import { errorsIn, withEvents } from "./engine-events.ts";
import { markRefreshDue } from "./refresh-due.ts";
import { pulumi, pulumiOutput } from "./run-pulumi.ts";
import type { Session } from "./session.ts";
import { type LocalStack, writePrivately } from "./stack.ts";
import { secretValues, writeProject } from "./stack-config.ts";
import { say } from "./user-error.ts";

/** Where what the engine does in an update is kept, one event a line, until the next one. */
const eventsFile = (stack: LocalStack) => stack.path("events.jsonl");

/** What the engine told of the last update, or tells of the one that runs; none before the first. */
export function eventsOf(stack: LocalStack): EngineEvent[] {
  if (!existsSync(eventsFile(stack))) return [];
  // What follows the last line's end is not whole yet.
  const lines = readFileSync(eventsFile(stack), "utf8").split("\n").slice(0, -1);
  return lines.map((line) => JSON.parse(line) as EngineEvent);
}

/** Types of what leads clients, and the gates, to a service. */
const TRAFFIC = ["WorkersRoute", "WorkersScriptSubdomain", "DnsRecord", "ZeroTrustTunnelCloudflaredConfig"];

/**
 * Arguments of the CLI with which the state learns where clients are led: a change whose answer was lost, by a Ctrl-C or an
 * API's fault, has been made all the same, and the state does not know. Only that: a container on a droplet that does not
 * answer must not keep traffic from leaving it.
 */
export const REFRESH_TRAFFIC = [
  ...["refresh", "--yes", "--skip-preview", "--suppress-outputs"],
  ...TRAFFIC.flatMap((type) => ["--target", `**:${type}::*`]),
];

/**
 * Runs the program on the local stack, with the flags as they are now. After an update that failed, the state first learns
 * where clients are led; after one that a Ctrl-C has ended, all is refreshed when the next command begins, or goes on (`recover`).
 *
 * @returns the engine's exit code; it has said what it did, or what failed
 */
export async function update({ stack, engine, images }: Session): Promise<number> {
  writeProject(stack, images);
  await setSecrets(stack, engine, stack.path("project", "Pulumi.local.yaml"));
  if (errorsIn(eventsOf(stack)).length > 0) {
    say("The last update failed; looking at where clients are led.");
    const code = await pulumi(stack, engine, [...REFRESH_TRAFFIC, "--stack", "local"]);
    // The events stay, so that the next one looks again.
    if (code !== 0) return code;
  }
  const file = eventsFile(stack);
  writePrivately(file, "");
  let full = false;
  let cutOff = false;
  const note = () => {
    cutOff = true;
  };
  process.on("SIGINT", note);
  const code = await withEvents(
    (event) => {
      // A disk that is full ends the log at a whole line, and not this command.
      if (full) return;
      try {
        appendFileSync(file, `${JSON.stringify(event)}\n`);
      } catch {
        full = true;
      }
    },
    ({ args, env }) => {
      const flags = ["--yes", "--skip-preview", "--suppress-outputs", "--stack", "local"];
      return pulumi(stack, engine, ["up", ...flags, ...args], env);
    },
  ).finally(() => process.off("SIGINT", note));
  // What was under way may have been done all the same, as the deletion of an image that the state still has.
  if (cutOff && code !== 0) markRefreshDue(stack);
  return code;
}

/** Adds to a config file of the stack what the program is told as secrets, as far as it is not there. */
export async function setSecrets(stack: LocalStack, engine: Engine, file: string): Promise<void> {
  const { config } = parse(readFileSync(file, "utf8")) as { config: object };
  for (const [key, value] of Object.entries(secretValues(stack))) {
    if (`hybrid-mcp:${key}` in config) continue;
    const set = ["config", "set", "--secret", `hybrid-mcp:${key}`, "--stack", "local", "--config-file", file];
    await pulumiOutput(stack, engine, set, JSON.stringify(value));
  }
}

/** What the program answers for a service. */
export interface DeployedService {
  title: string;
  placement: "workers" | "droplet";
  version: string;
  url: string;
  /** Origin of each side that is there, past the route. */
  sides?: Partial<Record<"workers" | "droplet", string>>;
}

/** What the last update left. */
export interface Deployed {
  services: Record<string, DeployedService>;
  /** Origin of the broker. */
  authUrl?: string;
  /** The gateway's MCP endpoint. */
  gatewayUrl?: string;
  /** Of broker and gateway. */
  versions?: Partial<Record<PlatformName, string>>;
  /** Of the audit trail. */
  auditDatabaseId?: string;
  /** How the Docker Engine of the droplet is reached. */
  engine?: { host: string; sshOptions: string[] } | null;
  n8n?: { url: string; version: string };
}

export async function deployed({ stack, engine }: Pick<Session, "stack" | "engine">): Promise<Deployed> {
  const json = await pulumiOutput(stack, engine, ["stack", "output", "--json", "--stack", "local"]);
  return { services: {}, ...(JSON.parse(json) as Partial<Deployed>) };
}
