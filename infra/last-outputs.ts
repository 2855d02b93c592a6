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

/** How the Docker Engine was reached that the last update's containers run on: of a stack that has no droplet any more. */
export function lastEngine(): pulumi.Output<{ host: string; sshOptions: string[] } | null> {
  return lastOutputs().apply(({ engine }) => (engine as { host: string; sshOptions: string[] } | null) ?? null);
}
