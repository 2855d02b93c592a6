import type * as pulumi from "@pulumi/pulumi";

/** What an output holds, for a hook: it runs when that is known. */
export function known<T>(output: pulumi.Output<T>): Promise<T> {
  return new Promise((resolve) => void output.apply(resolve));
}
