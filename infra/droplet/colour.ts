import { createHash } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";

/**
 * Short hash of everything that makes a container what it is. It is part of the container's name, so that a changed one
 * starts beside the one that it takes the place of: blue and green, with a hash for a colour.
 *
 * @param settings of which a change makes a new container, secrets too: eight digits of a hash over a generated secret tell
 *   nothing of it
 */
export function colour(settings: pulumi.Input<object>): pulumi.Output<string> {
  const hash = (value: object) => createHash("sha256").update(JSON.stringify(value)).digest("hex").slice(0, 8);
  return pulumi.unsecret(pulumi.output(settings as pulumi.Input<Record<string, unknown>>).apply(hash));
}
