import type { EdgeDirectory } from "../../contracts.ts";
import type { CloudflareContext } from "./context.ts";
import { resolve } from "./dns.ts";
import { bySpecificity, parseRoutePattern, routeMatches } from "./route-pattern.ts";

/** Answers the edge from the state of the API. */
export function edgeDirectory(
  context: CloudflareContext,
  onTunnelChange: EdgeDirectory["onTunnelChange"],
): EdgeDirectory {
  const { routes, dns, tunnels, scripts, zone, account, workersSubdomain } = context;
  return {
    route(hostname, path) {
      const matching = routes
        .list()
        .flatMap(({ pattern, script }) => {
          const parsed = parseRoutePattern(pattern, zone.name);
          return parsed && routeMatches(parsed, hostname, path) ? [{ parsed, script }] : [];
        })
        .sort((a, b) => bySpecificity(a.parsed, b.parsed));
      const best = matching[0];
      return best && { script: best.script };
    },
    dns(hostname) {
      const found = resolve(dns.list(), hostname, zone.name);
      return found && { type: found.type, content: found.content, proxied: found.proxied };
    },
    tunnel(id) {
      const found = tunnels.get(id);
      if (!found || found.deleted_at !== null) return undefined;
      const { secret, configuration } = found;
      return {
        id,
        accountId: account.id,
        secret,
        ingress: configuration?.config.ingress ?? [],
        configVersion: configuration?.version ?? 0,
      };
    },
    workersDev(hostname) {
      const suffix = `.${workersSubdomain}.workers.dev`;
      const host = hostname.toLowerCase();
      if (!host.endsWith(suffix)) return undefined;
      const script = scripts.get(host.slice(0, -suffix.length));
      return script?.subdomain.enabled ? script.id : undefined;
    },
    onTunnelChange,
  };
}
