import { readFileSync } from "node:fs";
import type { PlatformName } from "@hybrid-mcp/catalogue";
import { parse } from "yaml";
import type { Engine } from "../engine/ensure-engine.ts";
import { pulumi, pulumiOutput } from "./run-pulumi.ts";
import type { Session } from "./session.ts";
import type { LocalStack } from "./stack.ts";
import { secretValues, writeProject } from "./stack-config.ts";

/**
 * Runs the program on the local stack, with the flags as they are now.
 *
 * @returns the engine's exit code; it has said what it did, or what failed
 */
export async function update({ stack, engine, images }: Session): Promise<number> {
  writeProject(stack, images);
  await setSecrets(stack, engine, stack.path("project", "Pulumi.local.yaml"));
  return pulumi(stack, engine, ["up", "--yes", "--skip-preview", "--suppress-outputs", "--stack", "local"]);
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
