import { hostname, type Placement, type ServiceName } from "@hybrid-mcp/catalogue";
import * as cloudflare from "@pulumi/cloudflare";
import type * as pulumi from "@pulumi/pulumi";
import type { Config } from "../config.ts";

export interface RouteArgs {
  config: Config;
  placement: Placement;
  scriptName: pulumi.Input<string>;
}

/**
 * The one thing that a flip changes. With `script` set the Worker answers in front of the hostname; without, the route
 * bypasses Workers and the CNAME leads into the tunnel. Both ways are an in-place update of this resource.
 * https://developers.cloudflare.com/workers/configuration/routing/routes/
 */
export function route(
  service: ServiceName,
  { config, placement, scriptName }: RouteArgs,
  options: pulumi.CustomResourceOptions,
): cloudflare.WorkersRoute {
  return new cloudflare.WorkersRoute(
    `${service}-route`,
    {
      zoneId: config.cloudflare.zoneId,
      pattern: `${hostname(service, config.domain)}/*`,
      ...(placement === "workers" && { script: scriptName }),
    },
    options,
  );
}
