import type { ServiceName } from "@hybrid-mcp/catalogue";
import type * as pulumi from "@pulumi/pulumi";
import { type Config, hostsFirecrawl } from "./config.ts";
import { ENGINE_ORIGIN, firecrawlEngineUrl } from "./droplet/firecrawl-engine.ts";
import type { ServiceToken } from "./edge/access.ts";

/** The API behind a service: where it is, and what the service is told of it. */
interface Upstream {
  defaultUrl: string;
  /** Binding that holds its base URL. */
  urlBinding: string;
}

const upstreams: Record<ServiceName, Upstream> = {
  coda: { defaultUrl: "https://coda.io/apis/v1", urlBinding: "CODA_API_URL" },
  github: { defaultUrl: "https://api.github.com", urlBinding: "GITHUB_API_URL" },
  firecrawl: { defaultUrl: "https://api.firecrawl.dev", urlBinding: "FIRECRAWL_API_URL" },
};

/** Base URL of the API behind a service, as Workers dial it. */
export function upstreamUrl(config: Config, service: ServiceName): string {
  return config.services[service].upstreamUrl ?? upstreams[service].defaultUrl;
}

/** The bindings with which a service finds its upstream from one of its homes. */
export function upstreamVars(config: Config, service: ServiceName, home: "workers" | "droplet") {
  const isOwnEngine = service === "firecrawl" && hostsFirecrawl(config);
  const onWorkers = isOwnEngine ? firecrawlEngineUrl(config) : upstreamUrl(config, service);
  const { dropletUpstreamUrl = isOwnEngine ? ENGINE_ORIGIN : onWorkers } = config.services[service];
  const { allowedHosts } = config.services.firecrawl;
  return {
    [upstreams[service].urlBinding]: home === "droplet" ? dropletUpstreamUrl : onWorkers,
    ...(service === "firecrawl" && allowedHosts.length > 0 && { FIRECRAWL_ALLOWED_HOSTS: allowedHosts.join(",") }),
  };
}

/** The secret bindings with which a Worker is let in at its upstream; containers need none. */
export function upstreamSecrets(
  service: ServiceName,
  engineToken: ServiceToken | undefined,
): Record<string, pulumi.Output<string>> {
  if (service !== "firecrawl" || !engineToken) return {};
  const { clientId, clientSecret } = engineToken;
  return { FIRECRAWL_ACCESS_CLIENT_ID: clientId, FIRECRAWL_ACCESS_CLIENT_SECRET: clientSecret };
}
