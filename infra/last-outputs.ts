import * as pulumi from "@pulumi/pulumi";

let last: pulumi.Output<Record<string, unknown>> | undefined;

/** What this stack's own last update left as its outputs, secrets too; empty before the first. */
export function lastOutputs(): pulumi.Output<Record<string, unknown>> {
  // It is a resource to the engine, which has one of each name.
  last ??= read();
  return last;
}

function read(): pulumi.Output<Record<string, unknown>> {
  const name = [pulumi.getOrganization(), pulumi.getProject(), pulumi.getStack()].join("/");
  const { outputs } = new pulumi.StackReference("last-update", { name });
  // They would make secrets of all that is made of them.
  return pulumi.unsecret(outputs).apply((last) => (last ?? {}) as Record<string, unknown>);
}

/**
 * The error of an update that would lose what the last one has left.
 *
 * @param losses a line for each: the setting, and what is lost by it
 * @param names by which `allowDataLoss` allows them
 */
export function lossRefused(losses: string[], names: string[]): pulumi.RunError {
  return new pulumi.RunError(
    `Data would be lost; nothing was changed.\n${losses.map((each) => `  ${each}`).join("\n")}\n` +
      `Where that is meant, name it for one update: hybrid-mcp:allowDataLoss: [${[...new Set(names)].join(", ")}].`,
  );
}

/** How the Docker Engine was reached that the last update's containers run on: of a stack that has no droplet any more. */
export function lastEngine(): pulumi.Output<{ host: string; sshOptions: string[] } | null> {
  return lastOutputs().apply(({ engine }) => (engine as { host: string; sshOptions: string[] } | null) ?? null);
}
