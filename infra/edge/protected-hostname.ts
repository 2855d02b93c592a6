import * as cloudflare from "@pulumi/cloudflare";
import * as pulumi from "@pulumi/pulumi";
import { Access, type AccessArgs, type ServiceToken } from "./access.ts";
import type { Tunnel } from "./tunnel.ts";

/**
 * A hostname into the tunnel, behind Access. It comes after its Access application and goes before it: it is never open.
 *
 * @returns what a program is let in with, if `machine` asks for it
 */
export function protectedHostname(name: string, tunnel: Tunnel, args: AccessArgs): ServiceToken | undefined {
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
  return access.serviceToken;
}
