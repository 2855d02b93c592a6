import * as pulumi from "@pulumi/pulumi";
import { known } from "../known.ts";
import { lastOutputs } from "../last-outputs.ts";

/**
 * Knows whether this stack had data already, from the outputs of its own last update: what is lost is not made anew, empty,
 * as if nothing had been there.
 */
export class DataGuard {
  /** Whether volumes have to hold data: the last update left this very generation of it. */
  readonly expectsData: pulumi.Output<boolean>;
  /** Goes with every volume with that data. */
  readonly hooks: pulumi.ResourceHookBinding;

  /**
   * @param what whose data it is; the stack has an output of this name, with its `generation`
   * @param generation of the data that the config asks for
   */
  constructor(what: string, generation: string) {
    this.expectsData = lastOutputs().apply(
      (last) => (last[what] as { generation?: string } | null | undefined)?.generation === generation,
    );

    const before = new pulumi.ResourceHook(`${what}-data`, async ({ name }) => {
      if (!(await known(this.expectsData))) return;
      throw new Error(
        `The volume ${name} of this stack is gone, and with it the data of ${what}; no empty one was made in its place. ` +
          `Set hybrid-mcp:services.${what}.generation to a value other than "${generation}" to begin again with an empty ` +
          "one, and then, to go on with a backup: npm run restore",
      );
    });
    this.hooks = { beforeCreate: [before] };
  }
}
