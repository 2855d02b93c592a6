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

/**
 * @param log told what takes long
 * @throws {UserError} when there is no such stack, or it cannot be reached
 */
export async function realStack(stack: string, log: (line: string) => void = say): Promise<RealStack> {
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
