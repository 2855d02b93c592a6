import * as cloudflare from "@pulumi/cloudflare";
import * as pulumi from "@pulumi/pulumi";
import type { Config } from "../config.ts";
import { firecrawlEngineHostname } from "../droplet/firecrawl-engine.ts";
import { Access, type ServiceToken } from "./access.ts";
import type { Tunnel } from "./tunnel.ts";

/**
 * The way to the Firecrawl engine from Cloudflare: a hostname into the tunnel, behind Access, with a service token for the
 * Worker of the Firecrawl service. The hostname comes after its Access application and goes before it.
 *
 * @returns what the Worker shows
 */
export function engineAccess(config: Config, tunnel: Tunnel): ServiceToken {
  const hostname = firecrawlEngineHostname(config);
  const access = new Access("firecrawl-engine", { config, title: "Firecrawl engine", hostname, machine: true });
  new cloudflare.DnsRecord(
    hostname,
    {
      zoneId: config.cloudflare.zoneId,
      name: hostname,
      type: "CNAME",
      content: pulumi.interpolate`${tunnel.id}.cfargotunnel.com`,
      proxied: true,
      ttl: 1,
    },
    { dependsOn: access },
  );
  return access.serviceToken!;
}
