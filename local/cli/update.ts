import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { pulumi, pulumiOutput } from "./run-pulumi.ts";
import type { Session } from "./session.ts";
import { writeProject } from "./stack-config.ts";

/**
 * Runs the program on the local stack, with the flags as they are now.
 *
 * @returns the engine's exit code; it has said what it did, or what failed
 */
export async function update({ stack, engine, images }: Session): Promise<number> {
  writeProject(stack, images);
  const { config } = parse(readFileSync(stack.path("project", "Pulumi.local.yaml"), "utf8")) as { config: object };
  if (!("hybrid-mcp:codaApiToken" in config)) {
    const set = ["config", "set", "--secret", "hybrid-mcp:codaApiToken", "--stack", "local"];
    await pulumiOutput(stack, engine, set, stack.identity.codaToken);
  }
  return pulumi(stack, engine, ["up", "--yes", "--skip-preview", "--suppress-outputs", "--stack", "local"]);
}

/** What the program answers for a service. */
export interface DeployedService {
  title: string;
  placement: "workers" | "droplet";
  version: string;
  url: string;
  bearerToken: string;
}

/** The services that the last update left, with their secrets in clear. */
export async function deployedServices({
  stack,
  engine,
}: Pick<Session, "stack" | "engine">): Promise<Record<string, DeployedService>> {
  const json = await pulumiOutput(stack, engine, ["stack", "output", "--json", "--show-secrets", "--stack", "local"]);
  return (JSON.parse(json) as { services?: Record<string, DeployedService> }).services ?? {};
}
