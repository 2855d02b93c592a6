import type Docker from "dockerode";
import { containerOf, engineClient } from "../../infra/droplet/engine-client.ts";
import { type RealStack, realStack } from "./real-stack.ts";
import { output, pulumiOutput, withTerminal } from "./run-pulumi.ts";
import { exclusively, startSession } from "./session.ts";
import { LocalStack } from "./stack.ts";
import { update } from "./update.ts";
import { UserError } from "./user-error.ts";

const KEY = "hybrid-mcp:n8nEncryptionKey";

/** A stack with n8n, as the commands about its backups see it. */
export interface BackedUpStack {
  /** Value of `hybrid-mcp:name`. */
  name: string;
  /** The engine that its containers run on. */
  docker: Docker;
  /** The command that brings it up. */
  up: string;
  /** The command that restores into it, to which options are added. */
  restore: string;
  /** Gives n8n another encryption key, kept as a secret in the stack's config, and brings the stack up with it. @returns exit code */
  useEncryptionKey(key: string): Promise<number>;
}

/**
 * Does something with the backups of a stack. Of a local stack nothing else changes meanwhile.
 *
 * @param stack as Pulumi names it; `local` is the local stack
 * @throws {UserError} when there is none, its engine does not answer, or it has no n8n
 */
export async function withBackedUpStack(stack: string, work: (stack: BackedUpStack) => Promise<void>): Promise<void> {
  const checked = async (backedUp: BackedUpStack) => {
    const backup = await containerOf(backedUp.docker, backedUp.name, "backup").catch(({ message }: Error) => {
      throw new UserError(`The Docker Engine of the stack "${stack}" does not answer: ${message.trim()}`);
    });
    if (!backup) {
      throw new UserError(`The stack "${stack}" has no n8n that could be backed up. Bring it up first: ${backedUp.up}`);
    }
    await work(backedUp);
  };
  if (stack !== "local") return checked(remote(stack, await realStack(stack)));
  const local = new LocalStack(undefined, { asItIs: true });
  if (!local.exists()) throw new UserError("There is no local stack yet: npm run up");
  if (local.identity.containers !== "docker") {
    throw new UserError("This stack runs without Docker Engine, and so without n8n: there is nothing to back up.");
  }
  await exclusively(local, () => checked(onThisMachine(local)));
}

function onThisMachine(stack: LocalStack): BackedUpStack {
  return {
    name: stack.name,
    docker: engineClient(`unix://${stack.engineSocket}`),
    up: "npm run up",
    restore: "npm run restore --",
    async useEncryptionKey(key) {
      const session = await startSession(new LocalStack(stack.dir));
      const set = ["config", "set", "--secret", KEY, "--stack", "local"];
      await pulumiOutput(session.stack, session.engine, set, key);
      return update(session);
    },
  };
}

function remote(stack: string, { engine, options, outputs, name }: RealStack): BackedUpStack {
  const connection = outputs.engine as { host: string; sshOptions: string[] } | null | undefined;
  if (!connection) throw new UserError(`The stack "${stack}" has no droplet, and so no n8n.`);
  return {
    name,
    docker: engineClient(connection.host, connection.sshOptions),
    up: `pulumi up --stack ${stack}`,
    restore: `npm run restore -- --stack ${stack}`,
    async useEncryptionKey(key) {
      await output(engine, ["config", "set", "--secret", KEY, "--stack", stack], options, key);
      return withTerminal(engine, ["up", "--yes", "--skip-preview", "--stack", stack], options);
    },
  };
}
