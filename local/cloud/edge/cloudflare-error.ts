/**
 * The edge's own answers, with the codes of Cloudflare's error pages
 * (https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-1xxx-errors/).
 */
export interface CloudflareError {
  status: number;
  body: string;
}

const error = (status: number, code: number): CloudflareError => ({ status, body: `error code: ${code}` });

export const CLOUDFLARE_ERRORS = {
  /** The hostname is not one of the zone's, or no hostname at all. */
  dnsResolution: error(530, 1001),
  /** No DNS record, or one that leads nowhere. */
  originDns: error(530, 1016),
  /** No connector of the tunnel is connected, or the tunnel does not exist. */
  tunnel: error(530, 1033),
  /** There is no Worker at this workers.dev hostname. */
  noWorker: error(404, 1042),
  /** The Worker threw. */
  workerThrew: error(500, 1101),
  /** The connector or the origin broke off before it answered. */
  badGateway: error(502, 502),
  badRequest: { status: 400, body: "Bad Request" },
  notImplemented: { status: 501, body: "The local edge hands WebSocket upgrades to tunnels only, not to Workers." },
} satisfies Record<string, CloudflareError>;
