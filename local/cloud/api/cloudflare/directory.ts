import type { AccessRulePolicy, EdgeDirectory } from "../../contracts.ts";
import { type ApplicationPath, bySpecificPath, covers, parseApplicationPath } from "./application-path.ts";
import { type Fields, isFields } from "./body.ts";
import type { CloudflareContext } from "./context.ts";
import { resolve } from "./dns.ts";
import type { AccessApplication } from "./records.ts";
import { bySpecificity, parseRoutePattern, routeMatches } from "./route-pattern.ts";
import { isSecretOf } from "./service-tokens.ts";

/** Answers the edge from the state of the API. */
export function edgeDirectory(
  context: CloudflareContext,
  onTunnelChange: EdgeDirectory["onTunnelChange"],
): EdgeDirectory {
  const { routes, dns, tunnels, scripts, zone, account, workersSubdomain } = context;
  const { applications, policies, serviceTokens } = context;
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
    access(hostname, path) {
      const [found] = applications
        .list()
        .flatMap((app) => protectedPaths(app).map((protects) => ({ app, protects })))
        .filter(({ protects }) => covers(protects, hostname, path))
        .sort((a, b) => bySpecificPath(a.protects, b.protects));
      return (
        found && {
          aud: String(found.app.aud),
          serviceAuth401: found.app.service_auth_401_redirect === true,
          policies: found.app.policies.flatMap(({ id }) => policies.get(id) ?? []).map(policyOf),
        }
      );
    },
    serviceToken(clientId, clientSecret) {
      const [found] = serviceTokens.list(({ client_id }) => client_id === clientId);
      return found && isSecretOf(found, clientSecret) ? found.id : undefined;
    },
    teamDomain: `${workersSubdomain}.cloudflareaccess.com`,
    onTunnelChange,
  };
}

/** Where an application stands: its destinations, of which its domain is the first. */
function protectedPaths({ domain, destinations }: AccessApplication): ApplicationPath[] {
  const uris = (Array.isArray(destinations) ? destinations : [])
    .filter((each): each is Fields => isFields(each) && (each.type ?? "public") === "public")
    .map(({ uri }) => uri);
  return [...new Set([domain, ...uris])]
    .filter((uri): uri is string => typeof uri === "string")
    .map(parseApplicationPath);
}

/** A policy as far as it can let somebody in here: one that excludes or requires something besides lets in nobody. */
function policyOf({ decision, include, exclude, require }: Fields): AccessRulePolicy {
  const isNarrowed = [exclude, require].some((rules) => Array.isArray(rules) && rules.length > 0);
  const rules = (Array.isArray(include) && !isNarrowed ? include : []).filter(isFields);
  const ids = rules.flatMap(({ service_token: token }) => (isFields(token) ? String(token.token_id) : []));
  return {
    decision: decision as AccessRulePolicy["decision"],
    everyone: rules.some((rule) => "everyone" in rule),
    serviceTokens: rules.some((rule) => "any_valid_service_token" in rule) ? "any" : ids,
  };
}
