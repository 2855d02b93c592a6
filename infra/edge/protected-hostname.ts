import { Access, type AccessArgs, type ServiceToken } from "./access.ts";
import type { Tunnel } from "./tunnel.ts";

/**
 * A hostname into the tunnel, behind Access. It comes after its Access application and goes before it: it is never open.
 *
 * @returns what a program is let in with, if `machine` asks for it
 */
export function protectedHostname(name: string, tunnel: Tunnel, args: AccessArgs): ServiceToken | undefined {
  const access = new Access(name, args);
  tunnel.leadIn(args.hostname, { dependsOn: access });
  return access.serviceToken;
}
