import { gateHostname, hostname, type PlatformName, platform } from "@hybrid-mcp/catalogue";
import * as cloudflare from "@pulumi/cloudflare";
import * as pulumi from "@pulumi/pulumi";
import { type Config, deploysN8n, enabledServices } from "../config.ts";
import { kept } from "../stateful.ts";

/**
 * The one tunnel between the edge and the droplet, and what leads into it: a proxied CNAME for each service's hostname and
 * for the hostname at which its gate asks. Nothing of it changes in a flip. Where the tunnel leads is `Ingress`.
 */
export class Tunnel extends pulumi.ComponentResource {
  readonly id: pulumi.Output<string>;
  /** What a connector runs with. */
  readonly token: pulumi.Output<string>;
  private readonly zoneId: string;

  constructor(config: Config) {
    super("hybrid-mcp:edge:Tunnel", "tunnel");
    const { accountId, zoneId } = config.cloudflare;
    this.zoneId = zoneId;
    const tunnel = new cloudflare.ZeroTrustTunnelCloudflared(
      "tunnel",
      // The default, "local", would ignore the ingress rules; changing it later replaces the tunnel.
      { accountId, name: config.name, configSrc: "cloudflare" },
      { parent: this, ...kept(config, "tunnel"), ...adoption(config) },
    );
    this.id = tunnel.id;
    // The data source marks nothing as secret.
    this.token = pulumi.secret(
      cloudflare.getZeroTrustTunnelCloudflaredTokenOutput({ accountId, tunnelId: tunnel.id }, { parent: this }).token,
    );
    for (const name of tunnelHostnames(config)) this.leadIn(name);
    this.registerOutputs();
  }

  /**
   * Makes a hostname lead into the tunnel. It is one and the same record whether something stands before it or not: Cloudflare
   * has no room for a second one beside it while the first is there.
   */
  leadIn(hostname: string, options: pulumi.CustomResourceOptions = {}): void {
    new cloudflare.DnsRecord(
      hostname,
      {
        zoneId: this.zoneId,
        name: hostname,
        type: "CNAME",
        content: pulumi.interpolate`${this.id}.cfargotunnel.com`,
        proxied: true,
        ttl: 1,
      },
      // Older stacks have one that Access stands before beside the tunnel.
      { ...options, parent: this, aliases: [{ parent: pulumi.rootStackResource }] },
    );
  }
}

/** A tunnel that is there already is known to the stack and not changed by it; where it leads is added to. */
function adoption({ cloudflare: { accountId }, tunnel: { adopt } }: Config): pulumi.CustomResourceOptions {
  if (!adopt) return {};
  const ignoreChanges = ["name", "configSrc", "tunnelSecret"];
  return { import: `${accountId}/${adopt}`, ignoreChanges, retainOnDelete: true };
}

/** The hostnames that lead into the tunnel openly. */
function tunnelHostnames(config: Config): string[] {
  const { domain } = config;
  return [
    ...enabledServices(config).flatMap((service) => [hostname(service, domain), gateHostname(service, domain)]),
    ...(deploysN8n(config) && !config.services.n8n.access ? [hostname("n8n", domain)] : []),
    // Where nobody answers: a Workers route needs a proxied record.
    ...(Object.keys(platform) as PlatformName[]).map((name) => hostname(name, domain)),
  ];
}
