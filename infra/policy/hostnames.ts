import { catalogue } from "@hybrid-mcp/catalogue";
import { type Inspected, types, UNKNOWN } from "./resource.ts";

/** A Custom Domain where a service moves: a flip would have to replace it, and it cannot be beside the hostname's CNAME. */
export function movableCustomDomain({ type, props }: Inspected): string | undefined {
  if (type !== types.customDomain) return undefined;
  const { hostname } = props;
  const label = String(hostname).toLowerCase().split(".")[0];
  const movable = Object.values(catalogue).some(({ subdomain }) => subdomain === label);
  // Which hostname it is, a preview has to know.
  if (!movable && hostname !== UNKNOWN) return undefined;
  const name = hostname === UNKNOWN ? "a hostname that is not known yet" : String(hostname);
  return `It is a Custom Domain on ${name}, where a service moves. Put a WorkersRoute in front of the tunnel's CNAME instead (infra/edge/route.ts): a flip changes its script in place.`;
}
