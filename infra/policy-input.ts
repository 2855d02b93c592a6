import * as pulumi from "@pulumi/pulumi";
import type { Config } from "./config.ts";

/**
 * What the config allows, as a resource that does nothing: the policy pack (`policy/`) finds it there. The engine hands a
 * pack no stack config.
 */
export class PolicyInput extends pulumi.ComponentResource {
  constructor(config: Config) {
    super("hybrid-mcp:policy:Input", "policy-input");
    const { allowDataLoss, droplet } = config;
    const { sshAllow, adopt, dockerHost, images, imagesAreLocal } = droplet;
    const localImages = imagesAreLocal ? Object.values(images) : [];
    // Over SSH or TCP it is another machine's, on which nobody here has made an image.
    const engineIsLocal = dockerHost?.startsWith("unix://") === true;
    this.registerOutputs({ sshAllow, adoptsDroplet: adopt !== undefined, engineIsLocal, localImages, allowDataLoss });
  }
}
