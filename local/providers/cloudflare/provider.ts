import type { ProviderDefinition } from "../core/resource-type.ts";
import { zeroTrustAccessApplication, zeroTrustAccessPolicy } from "./access.ts";
import { d1Database } from "./d1.ts";
import { dnsRecord } from "./dns.ts";
import { workersKv, workersKvNamespace } from "./kv.ts";
import { workersRoute } from "./route.ts";
import { workersCronTrigger, workersScript, workersScriptSubdomain } from "./script.ts";
import { zeroTrustAccessServiceToken } from "./service-token.ts";
import {
  getTunnelConfig,
  getTunnelToken,
  zeroTrustTunnelCloudflared,
  zeroTrustTunnelCloudflaredConfig,
} from "./tunnel.ts";
import { getZone, getZones } from "./zone.ts";

/** Stands in for the official `cloudflare` plugin. */
export const provider: Omit<ProviderDefinition, "version"> = {
  name: "cloudflare",
  resources: {
    "cloudflare:index/d1Database:D1Database": d1Database,
    "cloudflare:index/dnsRecord:DnsRecord": dnsRecord,
    "cloudflare:index/workersCronTrigger:WorkersCronTrigger": workersCronTrigger,
    "cloudflare:index/workersKv:WorkersKv": workersKv,
    "cloudflare:index/workersKvNamespace:WorkersKvNamespace": workersKvNamespace,
    "cloudflare:index/workersRoute:WorkersRoute": workersRoute,
    "cloudflare:index/workersScript:WorkersScript": workersScript,
    "cloudflare:index/workersScriptSubdomain:WorkersScriptSubdomain": workersScriptSubdomain,
    "cloudflare:index/zeroTrustAccessApplication:ZeroTrustAccessApplication": zeroTrustAccessApplication,
    "cloudflare:index/zeroTrustAccessPolicy:ZeroTrustAccessPolicy": zeroTrustAccessPolicy,
    "cloudflare:index/zeroTrustAccessServiceToken:ZeroTrustAccessServiceToken": zeroTrustAccessServiceToken,
    "cloudflare:index/zeroTrustTunnelCloudflared:ZeroTrustTunnelCloudflared": zeroTrustTunnelCloudflared,
    "cloudflare:index/zeroTrustTunnelCloudflaredConfig:ZeroTrustTunnelCloudflaredConfig":
      zeroTrustTunnelCloudflaredConfig,
  },
  dataSources: {
    "cloudflare:index/getZeroTrustTunnelCloudflaredConfig:getZeroTrustTunnelCloudflaredConfig": getTunnelConfig,
    "cloudflare:index/getZeroTrustTunnelCloudflaredToken:getZeroTrustTunnelCloudflaredToken": getTunnelToken,
    "cloudflare:index/getZone:getZone": getZone,
    "cloudflare:index/getZones:getZones": getZones,
  },
};
