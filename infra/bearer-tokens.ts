import { type ServiceName, serviceNames } from "@hybrid-mcp/catalogue";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";

/**
 * The secret of each service that its clients send as bearer token. Protected, and there for a service that is switched
 * off too: whatever is made anew, a client's config stays valid.
 */
export class BearerTokens extends pulumi.ComponentResource {
  readonly of: Record<ServiceName, pulumi.Output<string>>;

  constructor() {
    super("hybrid-mcp:BearerTokens", "bearer-tokens");
    const token = (service: ServiceName) =>
      new random.RandomPassword(
        `${service}-bearer-token`,
        { length: 43, special: false },
        { parent: this, protect: true },
      ).result;
    this.of = Object.fromEntries(
      serviceNames.map((service) => [service, pulumi.secret(token(service))]),
    ) as typeof this.of;
    this.registerOutputs();
  }
}
