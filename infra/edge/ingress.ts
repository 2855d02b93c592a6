import * as cloudflare from "@pulumi/cloudflare";
import * as pulumi from "@pulumi/pulumi";
import type { Config } from "../config.ts";
import { foreignIngress } from "./foreign-ingress.ts";
import type { Tunnel } from "./tunnel.ts";

/** Where the tunnel leads for one hostname. */
export interface IngressRule {
  hostname: string;
  /** Origin as the connector dials it. */
  service: pulumi.Input<string>;
}

export interface IngressArgs {
  config: Config;
  tunnel: Tunnel;
  rules: IngressRule[];
}

/**
 * Where the tunnel leads, for every hostname: Cloudflare keeps it as one document, which connectors take over while they
 * run, without cutting a call. A service that is not on the droplet has its rule too, to where its container would be.
 * https://developers.cloudflare.com/cloudflare-one/networks/connectors/cloudflare-tunnel/configure-tunnels/remote-management/
 */
export class Ingress extends pulumi.ComponentResource {
  constructor({ config, tunnel, rules }: IngressArgs, options: pulumi.CustomResourceOptions) {
    super("hybrid-mcp:edge:Ingress", "ingress-rules");
    new cloudflare.ZeroTrustTunnelCloudflaredConfig(
      "ingress",
      {
        accountId: config.cloudflare.accountId,
        tunnelId: tunnel.id,
        config: document(config, rules),
      },
      // Older stacks have it as a part of the tunnel.
      { ...options, parent: this, aliases: [{ parent: tunnel }] },
    );
    this.registerOutputs();
  }
}

/**
 * How long a connector keeps an idle connection to an origin, in seconds. workerd and Node end them after 5: a request on one
 * that ends at that moment is lost, and cloudflared's default is 90.
 */
const KEEP_ALIVE_SECONDS = 3;

function document(
  config: Config,
  rules: IngressRule[],
): pulumi.Input<cloudflare.types.input.ZeroTrustTunnelCloudflaredConfigConfig> {
  const { adopt } = config.tunnel;
  const own = rules.map((rule) => ({ ...rule, originRequest: { keepAliveTimeout: KEEP_ALIVE_SECONDS } }));
  if (!adopt) return { ingresses: [...own, { service: "http_status:404" }] };
  const foreign = foreignIngress(
    config,
    adopt,
    rules.map(({ hostname }) => hostname),
  );
  return pulumi.all([own, foreign]).apply(([ours, { rules: theirs, catchAll, originRequest }]) => ({
    ingresses: [...ours, ...theirs, catchAll],
    ...(originRequest && { originRequest }),
  }));
}
