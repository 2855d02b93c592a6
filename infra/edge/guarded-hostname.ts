import * as cloudflare from "@pulumi/cloudflare";
import * as pulumi from "@pulumi/pulumi";
import { Access, type AccessArgs } from "./access.ts";
import type { Tunnel } from "./tunnel.ts";

/**
 * A hostname that leads into the tunnel, behind Access: it comes after its Access application and goes before it, so that at
 * no moment it is open. Where the tunnel leads is `Ingress`.
 */
export function guardedHostname(name: string, { tunnel, ...args }: AccessArgs & { tunnel: Tunnel }): Access {
  const { config, hostname } = args;
  const access = new Access(name, args);
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
  return access;
}
