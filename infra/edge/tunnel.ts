import {
  catalogue,
  gateHostname,
  hostname,
  type PlatformName,
  platform,
  type ServiceName,
} from "@hybrid-mcp/catalogue";
import * as cloudflare from "@pulumi/cloudflare";
import * as pulumi from "@pulumi/pulumi";
import { type Config, enabledServices } from "../config.ts";

/** Name under which a service's container is found in the containers' network. */
export function networkAlias(service: ServiceName): string {
  return catalogue[service].subdomain;
}

/**
 * The one tunnel between the edge and the droplet, with everything that never changes in a flip: for each service an
 * ingress rule and a proxied CNAME for its hostname, and the same for the hostname at which its gate asks. Only this
 * component knows ingress rules: Cloudflare keeps them as one document per tunnel.
 */
export class Tunnel extends pulumi.ComponentResource {
  readonly id: pulumi.Output<string>;
  /** What a connector runs with. */
  readonly token: pulumi.Output<string>;

  constructor(config: Config) {
    super("hybrid-mcp:edge:Tunnel", "tunnel");
    const { accountId, zoneId } = config.cloudflare;
    const tunnel = new cloudflare.ZeroTrustTunnelCloudflared(
      "tunnel",
      // The default, "local", would ignore the ingress rules below; changing it later replaces the tunnel.
      { accountId, name: config.name, configSrc: "cloudflare" },
      { parent: this },
    );
    this.id = tunnel.id;
    // The data source marks nothing as secret.
    this.token = pulumi.secret(
      cloudflare.getZeroTrustTunnelCloudflaredTokenOutput({ accountId, tunnelId: tunnel.id }, { parent: this }).token,
    );

    const origins = enabledServices(config).flatMap((service) => {
      const origin = `http://${networkAlias(service)}:${catalogue[service].containerPort}`;
      return [
        { hostname: hostname(service, config.domain), service: origin },
        { hostname: gateHostname(service, config.domain), service: origin },
      ];
    });
    new cloudflare.ZeroTrustTunnelCloudflaredConfig(
      "ingress",
      { accountId, tunnelId: tunnel.id, config: { ingresses: [...origins, { service: "http_status:404" }] } },
      { parent: this },
    );
    // A platform's own hostname leads into the tunnel too, where nobody answers: a Workers route needs a proxied record.
    const own = (Object.keys(platform) as PlatformName[]).map((name) => hostname(name, config.domain));
    for (const name of [...origins.map(({ hostname }) => hostname), ...own]) {
      new cloudflare.DnsRecord(
        name,
        {
          zoneId,
          name,
          type: "CNAME",
          content: pulumi.interpolate`${tunnel.id}.cfargotunnel.com`,
          proxied: true,
          ttl: 1,
        },
        { parent: this },
      );
    }
    this.registerOutputs();
  }
}
