import { randomBytes } from "node:crypto";
import { type Context, Hono } from "hono";
import type { IngressRule } from "../../contracts.ts";
import { type Fields, isFields, readFields, text, without } from "./body.ts";
import type { CloudflareContext } from "./context.ts";
import { ApiError, page, success } from "./envelope.ts";
import { now, uuid } from "./identifiers.ts";
import type { TunnelRecord } from "./records.ts";

const shortestSecretBytes = 32;
const ownFields = ["id", "name", "config_src", "tunnel_secret", "created_at", "deleted_at"];

/** `/accounts/{account_id}/cfd_tunnel` (Cloudflare API, Zero Trust tunnels run by cloudflared). */
export function tunnelRoutes(context: CloudflareContext): Hono {
  const { tunnels, account, store } = context;
  /** Tunnels that had a connector while this process runs: without one now, they are down, not inactive. */
  const seenConnected = new Set<string>();

  const tunnel = (c: Context): TunnelRecord => {
    const found = tunnels.get(c.req.param("tunnel_id") ?? "");
    if (!found) throw new ApiError(404, 1003, "Tunnel not found");
    return found;
  };
  const live = (c: Context): TunnelRecord => {
    const found = tunnel(c);
    if (found.deleted_at !== null) throw new ApiError(404, 1003, "Tunnel not found");
    return found;
  };
  const checkName = (name: string | undefined, except?: string): string => {
    if (name === undefined) throw new ApiError(400, 1001, "The tunnel needs a name");
    if (tunnels.find((other) => other.name === name && other.deleted_at === null && other.id !== except)) {
      const advice = "Delete the existing tunnel, or choose a different name for your new tunnel";
      throw new ApiError(409, 1013, `You already have a tunnel with this name. ${advice}`);
    }
    return name;
  };
  const connectionsOf = (found: TunnelRecord) =>
    found.deleted_at === null
      ? context.connections.connections(found.id).map(({ id, openedAt, clientVersion }) => ({
          id,
          uuid: id,
          client_id: id,
          client_version: clientVersion,
          colo_name: "local",
          is_pending_reconnect: false,
          opened_at: openedAt,
          origin_ip: "127.0.0.1",
        }))
      : [];
  const describe = (found: TunnelRecord): Fields & { status: string } => {
    const connections = connectionsOf(found);
    if (connections.length > 0) seenConnected.add(found.id);
    const remote = found.deleted_at === null && found.config_src === "cloudflare";
    return {
      ...found.extra,
      id: found.id,
      account_tag: account.id,
      name: found.name,
      created_at: found.created_at,
      deleted_at: found.deleted_at,
      config_src: found.config_src,
      remote_config: remote,
      tun_type: "cfd_tunnel",
      metadata: {},
      connections,
      conns_active_at: connections[0]?.opened_at ?? null,
      conns_inactive_at: connections.length > 0 ? null : found.created_at,
      status: connections.length > 0 ? "healthy" : seenConnected.has(found.id) ? "down" : "inactive",
    };
  };
  const describeConfiguration = (found: TunnelRecord): Fields => ({
    tunnel_id: found.id,
    account_id: account.id,
    version: found.configuration?.version ?? 0,
    config: found.configuration?.config ?? null,
    source: found.config_src,
    created_at: found.configuration?.created_at ?? found.created_at,
  });
  const tokenOf = (found: TunnelRecord): string =>
    Buffer.from(JSON.stringify({ a: account.id, t: found.id, s: found.secret })).toString("base64");
  const saved = async (changed: TunnelRecord): Promise<TunnelRecord> => {
    tunnels.put(changed);
    // Connectors are told only what a restart would tell them, too.
    await store.flush();
    context.tunnelChanged(changed.id);
    return changed;
  };

  return new Hono()
    .get("/", (c) => {
      const query = (name: string) => c.req.query(name);
      const found = tunnels
        .list()
        .map((one) => ({ record: one, shown: describe(one) }))
        .filter(
          ({ record: { id, name, deleted_at }, shown: { status } }) =>
            name === (query("name") ?? name) &&
            id === (query("uuid") ?? id) &&
            status === (query("status") ?? status) &&
            name.startsWith(query("include_prefix") ?? "") &&
            !(query("exclude_prefix") && name.startsWith(query("exclude_prefix") as string)) &&
            String(deleted_at !== null) === (query("is_deleted") ?? String(deleted_at !== null)),
        );
      return page(
        c,
        found.map(({ shown }) => shown),
        { default: 1000, max: 1000 },
      );
    })
    .post("/", async (c) => {
      const body = await readFields(c);
      const config_src = body.config_src ?? "local";
      if (config_src !== "local" && config_src !== "cloudflare") {
        throw new ApiError(400, 1001, "config_src must be one of: local, cloudflare");
      }
      const made = await saved({
        id: uuid(),
        name: checkName(text(body, "name")),
        config_src,
        secret: checkSecret(body.tunnel_secret) ?? randomBytes(shortestSecretBytes).toString("base64"),
        created_at: now(),
        deleted_at: null,
        configuration: null,
        extra: without(body, ...ownFields),
      });
      const credentials_file = {
        AccountTag: account.id,
        TunnelID: made.id,
        TunnelName: made.name,
        TunnelSecret: made.secret,
      };
      return success(c, { ...describe(made), credentials_file, token: tokenOf(made) });
    })
    .get("/:tunnel_id", (c) => success(c, describe(tunnel(c))))
    .patch("/:tunnel_id", async (c) => {
      const body = await readFields(c);
      const before = live(c);
      const name = body.name === undefined ? before.name : checkName(text(body, "name"), before.id);
      const secret = checkSecret(body.tunnel_secret) ?? before.secret;
      const extra = { ...before.extra, ...without(body, ...ownFields) };
      return success(c, describe(await saved({ ...before, name, secret, extra })));
    })
    .delete("/:tunnel_id", async (c) => {
      const before = tunnel(c);
      if (connectionsOf(before).length > 0) {
        const advice =
          "Please stop all cloudflared replicas, or wait a few minutes for connections to close, then try again.";
        throw new ApiError(400, 1022, `This tunnel has active connections. ${advice}`);
      }
      if (before.deleted_at !== null) return success(c, describe(before));
      return success(c, describe(await saved({ ...before, configuration: null, deleted_at: now() })));
    })
    .get("/:tunnel_id/token", (c) => success(c, tokenOf(live(c))))
    .get("/:tunnel_id/connections", (c) =>
      success(
        c,
        connectionsOf(tunnel(c)).map((connection) => ({
          id: connection.client_id,
          version: connection.client_version,
          run_at: connection.opened_at,
          features: ["allow_remote_config"],
          conns: [connection],
        })),
      ),
    )
    .get("/:tunnel_id/configurations", (c) => {
      const found = tunnel(c);
      if (found.deleted_at !== null) throw new ApiError(404, 1055, "Configuration for tunnel not found");
      return success(c, describeConfiguration(found));
    })
    .put("/:tunnel_id/configurations", async (c) => {
      const body = await readFields(c);
      const before = tunnel(c);
      if (before.deleted_at !== null) throw new ApiError(404, 1055, "Configuration for tunnel not found");
      const config = checkConfiguration(body.config);
      const version = (before.configuration?.version ?? 0) + 1;
      const configuration = { config, version, created_at: now() };
      // A document that is put here takes the place of the connector's own file.
      return success(c, describeConfiguration(await saved({ ...before, config_src: "cloudflare", configuration })));
    });
}

function checkSecret(secret: unknown): string | undefined {
  if (secret === undefined || secret === null || secret === "") return undefined;
  if (typeof secret !== "string" || Buffer.from(secret, "base64").length < shortestSecretBytes) {
    throw new ApiError(400, 1001, `tunnel_secret must be at least ${shortestSecretBytes} bytes, encoded as base64`);
  }
  return secret;
}

/** The checks of cloudflared's `ingress validate`, whose sentences the API answers. */
function checkConfiguration(config: unknown): Fields & { ingress: IngressRule[] } {
  const invalid = (reason: string) => new ApiError(400, 1056, `Bad Configuration: Validation failed: ${reason}\n`);
  const rules = isFields(config) ? (config.ingress ?? []) : undefined;
  if (!isFields(config) || !Array.isArray(rules)) throw invalid("the document needs a list 'config.ingress'");
  if (rules.length === 0) throw invalid("The config file doesn't contain any ingress rules");
  const ingress = rules.map((rule: unknown, index): IngressRule => {
    if (!isFields(rule) || typeof rule.service !== "string") throw invalid(`Rule #${index + 1} has no service`);
    checkService(rule.service, (reason) => invalid(`Rule #${index + 1}: ${reason}`));
    const hostname = typeof rule.hostname === "string" ? rule.hostname : "";
    const isLast = index === rules.length - 1;
    if (isLast && (hostname !== "" || (rule.path ?? "") !== "")) {
      throw invalid("The last ingress rule must match all URLs (i.e. it should not have a hostname or path filter)");
    }
    if (!isLast && (hostname === "" || hostname === "*") && (rule.path ?? "") === "") {
      const reason = "which means the rules which follow it will never be triggered";
      throw invalid(
        `Rule #${index + 1} is matching the hostname '${hostname}', but this will match every hostname, ${reason}.`,
      );
    }
    if (hostname.lastIndexOf("*") > 0) {
      throw invalid(
        'Hostname patterns can have at most one wildcard character ("*") and it can only be used for subdomains, e.g. "*.example.com"',
      );
    }
    return rule as unknown as IngressRule;
  });
  return { "warp-routing": { enabled: false }, ...config, ingress };
}

function checkService(service: string, invalid: (reason: string) => ApiError): void {
  if (/^http_status:/.test(service)) {
    const status = Number(service.slice("http_status:".length));
    if (!(status >= 100 && status <= 999)) throw invalid(`${service} is not a valid HTTP status`);
    return;
  }
  if (["hello_world", "hello-world", "bastion"].includes(service) || service.startsWith("unix:")) return;
  const url = URL.canParse(service) ? new URL(service) : undefined;
  if (!url || url.hostname === "" || service !== service.trim()) {
    throw invalid(`${service} is an invalid address, please make sure it has a scheme and a hostname`);
  }
  if (url.pathname !== "/" && url.pathname !== "") {
    throw invalid(
      `${service} is an invalid address, ingress rules don't support proxying to a different path on the origin service.`,
    );
  }
}
