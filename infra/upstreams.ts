import type { ServiceName } from "@hybrid-mcp/catalogue";
import type { Config } from "./config.ts";

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
  const onWorkers = upstreamUrl(config, service);
  const { dropletUpstreamUrl } = config.services[service];
  const { allowedHosts } = config.services.firecrawl;
  return {
    [upstreams[service].urlBinding]: home === "droplet" ? (dropletUpstreamUrl ?? onWorkers) : onWorkers,
    ...(service === "firecrawl" && allowedHosts.length > 0 && { FIRECRAWL_ALLOWED_HOSTS: allowedHosts.join(",") }),
  };
}
