import { COMPATIBILITY_DATE, FLAGS_EVERYWHERE } from "../compatibility.ts";

/**
 * workerd's config for one service: the same compatibility date as on Cloudflare, and every binding from an environment
 * variable of the same name, so that no secret is in the image.
 * https://github.com/cloudflare/workerd/blob/main/src/workerd/server/workerd.capnp
 *
 * @param port at which it listens in its container
 * @param bindings names of the variables
 */
export function workerdConfig(port: number, bindings: string[]): string {
  const lines = bindings.toSorted().map((name) => `        (name = "${name}", fromEnvironment = "${name}"),`);
  return `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "main", worker = (
      modules = [(name = "worker.js", esModule = embed "worker.js")],
      compatibilityDate = "${COMPATIBILITY_DATE}",
      compatibilityFlags = [${FLAGS_EVERYWHERE.map((flag) => `"${flag}"`).join(", ")}],
      globalOutbound = "network",
      bindings = [
${lines.join("\n")}
      ],
    )),
    # A container reaches upstreams on the internet and, by its config, on its own network.
    (name = "network", network = (allow = ["public", "private", "local"], tlsOptions = (trustBrowserCas = true))),
  ],
  # The tunnel's inner leg is plain HTTP: the scheme that the client used comes in a header.
  sockets = [(name = "http", address = "*:${port}", http = (forwardedProtoHeader = "X-Forwarded-Proto"), service = "main")],
);
`;
}
