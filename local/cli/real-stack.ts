import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Engine, ensureEngine } from "../engine/ensure-engine.ts";
import { output, searchPath } from "./run-pulumi.ts";
import { repositoryRoot } from "./stack.ts";
import { say, UserError } from "./user-error.ts";

/** How the CLI is run on a stack other than the local one: with the person's own Pulumi login and environment. */
export interface RealStack {
  engine: Engine;
  options: { cwd: string; env: NodeJS.ProcessEnv };
  /** What its last update left, secrets left out. */
  outputs: Record<string, unknown>;
  /** Value of `hybrid-mcp:name`. */
  name: string;
}

/** Where Cloudflare's API is, and what the program signs in there with; no token: there is none to be had. */
export interface CloudflareAccess {
  baseUrl: string;
  token: string | undefined;
}

/** @returns as the provider of the stack's program has it: from the stack's config, else from the environment */
export async function cloudflareAccess(
  { engine, options }: Pick<RealStack, "engine" | "options">,
  stack: string,
): Promise<CloudflareAccess> {
  const get = (key: string) =>
    output(engine, ["config", "get", `cloudflare:${key}`, "--stack", stack], options).then(
      (text) => text.trim() || undefined,
      () => undefined,
    );
  const [baseUrl, token] = await Promise.all([get("baseUrl"), get("apiToken")]);
  return {
    baseUrl: baseUrl ?? process.env.CLOUDFLARE_BASE_URL ?? "https://api.cloudflare.com/client/v4",
    token: token ?? process.env.CLOUDFLARE_API_TOKEN,
  };
}

/**
 * @param log gets lines about an engine that has to be got first
 * @throws {UserError} when there is no such stack, or it cannot be reached
 */
export async function realStack(stack: string, log = say): Promise<RealStack> {
  if (!existsSync(join(repositoryRoot, `Pulumi.${stack}.yaml`))) {
    throw new UserError(`There is no stack "${stack}": its config, Pulumi.${stack}.yaml, is not here.`);
  }
  const engine = await ensureEngine({ log });
  const options = { cwd: repositoryRoot, env: { ...process.env, PATH: searchPath(engine) } };
  try {
    const json = await output(engine, ["stack", "output", "--json", "--stack", stack], options);
    const name = await output(engine, ["config", "get", "hybrid-mcp:name", "--stack", stack], options).then(
      (text) => text.trim(),
      () => "hybrid-mcp",
    );
    return { engine, options, outputs: JSON.parse(json) as Record<string, unknown>, name };
  } catch (error) {
    const { message } = error as Error;
    throw new UserError(
      /PULUMI_ACCESS_TOKEN|pulumi login/.test(message)
        ? `The stack "${stack}" cannot be reached: Pulumi is not signed in to where its state is kept. Sign in first: npm run pulumi -- login`
        : `The stack "${stack}" cannot be reached: ${message.replace(/^.*error: /s, "")}`,
    );
  }
}
