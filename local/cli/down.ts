import { rmSync } from "node:fs";
import { parseArgs } from "node:util";
import Docker from "dockerode";
import { releaseDocker } from "../docker/lifetime.ts";
import { stopCloud } from "./cloud-process.ts";
import { pulumi, pulumiOutput } from "./run-pulumi.ts";
import { exclusively, startSession } from "./session.ts";
import { LocalStack } from "./stack.ts";
import { runCommand, say, UserError } from "./user-error.ts";

await runCommand(async () => {
  const { purge } = parse();
  const stack = new LocalStack();
  if (!stack.exists()) {
    say("There is no local stack here; nothing to stop.");
    return;
  }
  await exclusively(stack, () => bringDown(stack, purge));
  if (purge) rmSync(stack.dir, { recursive: true, force: true });
  say(
    purge ? "The local stack and its data are gone." : "The local stack is down; its data is kept for the next `up`.",
  );
});

async function bringDown(stack: LocalStack, purge: boolean): Promise<void> {
  const { engine } = await startSession(stack, { noDocker: stack.identity.containers === "processes" });
  if (purge) await pulumiOutput(stack, engine, ["state", "unprotect", "--all", "--yes", "--stack", "local"]);
  const destroy = ["destroy", "--yes", "--skip-preview", "--stack", "local"];
  if ((await pulumi(stack, engine, [...destroy, ...(purge ? [] : ["--exclude-protected"])])) !== 0) {
    throw new UserError("Not everything could be taken down; what failed is above. `npm run down` goes on from here.");
  }
  await removeLeftovers(stack);
  await stopCloud(stack);
  await releaseDocker(stack.dir, say);
}

/** What a killed update may have left on the engine without writing it down: everything with this stack's label. */
async function removeLeftovers(stack: LocalStack): Promise<void> {
  const docker = new Docker({ socketPath: stack.dockerHost.replace("unix://", "") });
  const filters = { label: [`hybrid-mcp=${stack.name}`] };
  for (const { Id } of await docker.listContainers({ all: true, filters })) {
    await docker.getContainer(Id).remove({ force: true });
  }
  for (const { Id } of await docker.listNetworks({ filters })) await docker.getNetwork(Id).remove();
}

function parse(): { purge: boolean } {
  try {
    return { purge: false, ...parseArgs({ options: { purge: { type: "boolean" } } }).values };
  } catch (error) {
    throw new UserError(`${(error as Error).message}\nUsage: npm run down -- [--purge]`);
  }
}
