import { catalogue, gateHostname, type ServiceName } from "@hybrid-mcp/catalogue";
import * as pulumi from "@pulumi/pulumi";
import { bundle } from "./bundle.ts";
import { type Config, hasContainer, publicUrl } from "./config.ts";
import { cutoverHooks } from "./cutover/cutover.ts";
import type { Droplet } from "./droplet/droplet.ts";
import { ServiceContainer } from "./droplet/service-container.ts";
import { route } from "./edge/route.ts";
import type { Tunnel } from "./edge/tunnel.ts";
import { Worker } from "./edge/worker.ts";

export interface ServiceArgs {
  config: Config;
  tunnel: Tunnel;
  /** Secret that clients send. */
  bearerToken: pulumi.Output<string>;
  /** Undefined when nothing is placed on the droplet. */
  droplet: Droplet | undefined;
}

/**
 * A movable service in both its homes: the Worker always, the container where it is placed (or kept as a standby), and
 * the route that decides which of them answers.
 */
export async function deployService(service: ServiceName, { config, tunnel, droplet, bearerToken }: ServiceArgs) {
  const { placement, upstreamUrl, dropletUpstreamUrl } = config.services[service];
  const built = await bundle(service);
  const dropletUrl = `https://${gateHostname(service, config.domain)}`;
  const upstream = upstreams[service];
  const url = upstreamUrl ?? upstream.defaultUrl;

  const vars = (home: "workers" | "droplet", url: string) => ({
    VERSION: built.version,
    PLACEMENT: home,
    PUBLIC_URL: publicUrl(config, service),
    [upstream.urlBinding]: url,
  });
  const secrets = { BEARER_TOKEN: bearerToken, ...upstream.secrets(config) };

  const worker = new Worker(service, { config, bundle: built, vars: vars("workers", url), secrets });
  const container =
    droplet &&
    hasContainer(config, service) &&
    new ServiceContainer(service, {
      config,
      droplet,
      worker,
      bundle: built,
      env: { ...vars("droplet", dropletUpstreamUrl ?? url), ...secrets },
    });

  route(
    service,
    { config, placement, scriptName: worker.script.scriptName },
    {
      dependsOn: [worker, tunnel, ...(container ? [container] : [])],
      hooks: cutoverHooks({
        config,
        service,
        placement,
        version: built.version,
        newSide: placement === "workers" ? worker.url : dropletUrl,
      }),
    },
  );
  return {
    title: catalogue[service].title,
    placement,
    version: built.version,
    url: `${publicUrl(config, service)}/mcp`,
    bearerToken,
    /** Each side on its own, past the route. */
    sides: { workers: worker.url, ...(container && { droplet: dropletUrl }) },
  };
}

/** The API behind a service: where it is, and what a service is given for it. */
interface Upstream {
  defaultUrl: string;
  /** Binding that holds its base URL. */
  urlBinding: string;
  /** Secret bindings. */
  secrets(config: Config): Record<string, pulumi.Output<string>>;
}

const upstreams: Record<ServiceName, Upstream> = {
  coda: {
    defaultUrl: "https://coda.io/apis/v1",
    urlBinding: "CODA_API_URL",
    secrets: ({ codaApiToken }) => ({ CODA_API_TOKEN: pulumi.secret(codaApiToken!) }),
  },
};
