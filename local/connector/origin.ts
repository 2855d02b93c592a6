import http, { type ClientRequest, type IncomingMessage } from "node:http";
import http2, { type IncomingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import https from "node:https";
import { TLSSocket } from "node:tls";
import type { IngressRule } from "../cloud/contracts.ts";
import { agentFor } from "./agents.ts";
import { EDGE_HOSTNAME_HEADER, http2Headers } from "./protocol.ts";

const DEFAULT_CONNECT_TIMEOUT_SECONDS = 30;

export interface OriginOptions {
  rule: IngressRule | undefined;
  /** Looks up where a `host:port` is. */
  resolve(host: string): string;
  log(line: string): void;
}

/** Hands a request of the edge to the rule's service and its answer back; bodies stream both ways. */
export function proxyToOrigin(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, options: OriginOptions): void {
  const { rule, log } = options;
  const service = rule?.service ?? "http_status:404";
  const status = /^http_status:(\d{3})$/.exec(service);
  if (status !== null) {
    answer(stream, Number(status[1]));
    return;
  }
  const outgoing = requestOrigin(stream, headers, service, options);
  if (outgoing === undefined) {
    log(`The ingress service "${service}" is not one that this connector reaches (http, https, http_status).`);
    answer(stream, 502);
    return;
  }
  let answered = false;
  let over = false;
  outgoing.once("close", () => {
    over = true;
    // A client that is still sending when it has its answer gets rid of the rest.
    stream.resume();
  });
  outgoing.once("error", (error) => {
    if (stream.destroyed || answered) return;
    log(`Unable to reach the origin service ${service}: ${error.message}`);
    answer(stream, 502);
  });
  outgoing.once("response", (incoming) => {
    answered = true;
    respond(stream, incoming, headers[":method"] === "HEAD");
  });
  outgoing.once("upgrade", (incoming, socket, head) => {
    answered = true;
    if (head.length > 0) socket.unshift(head);
    stream.respond({ ":status": 200, ...http2Headers(incoming.rawHeaders) });
    socket.on("error", (error) => stream.destroy(error));
    socket.pipe(stream).pipe(socket);
  });
  stream.on("error", () => {});
  stream.once("close", () => {
    // Once over, the socket may be another request's.
    if (!over) cut(outgoing);
  });
}

/** The client went away: the origin is told with a reset, as a plain end of the connection would not stop its work. */
function cut(outgoing: ClientRequest): void {
  if (outgoing.socket === null || outgoing.socket instanceof TLSSocket) outgoing.destroy();
  else outgoing.socket.resetAndDestroy();
}

function requestOrigin(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  service: string,
  { rule, resolve }: OriginOptions,
): ClientRequest | undefined {
  const url = URL.canParse(service) ? new URL(service) : undefined;
  if (url?.protocol !== "http:" && url?.protocol !== "https:") return undefined;
  const secure = url.protocol === "https:";
  const { hostname, port } = new URL(
    `${url.protocol}//${resolve(`${url.hostname}:${url.port || (secure ? 443 : 80)}`)}`,
  );
  const settings = rule?.originRequest ?? {};
  const upgrade = headers[":protocol"];
  const outgoing = (secure ? https : http).request({
    host: hostname.replace(/^\[|\]$/g, ""),
    port: port || (secure ? 443 : 80),
    method: upgrade === undefined ? headers[":method"] : "GET",
    path: headers[":path"],
    headers: {
      ...originHeaders(headers),
      host: text(settings.httpHostHeader) ?? headers[":authority"] ?? url.host,
      ...(upgrade === undefined ? {} : { connection: "Upgrade", upgrade }),
    },
    agent: upgrade === undefined ? agentFor(url.protocol, !stream.endAfterHeaders, headers["content-length"]) : false,
    ...(secure ? { rejectUnauthorized: settings.noTLSVerify !== true, servername: url.hostname } : {}),
  });
  limitConnectTime(outgoing, seconds(settings.connectTimeout) ?? DEFAULT_CONNECT_TIMEOUT_SECONDS);
  if (stream.endAfterHeaders || upgrade !== undefined) {
    outgoing.end();
  } else {
    stream.pipe(outgoing, { end: false });
    // A body that broke off must not look complete: a stream that was reset ends too.
    stream.once("end", () => {
      if (stream.rstCode === http2.constants.NGHTTP2_NO_ERROR) outgoing.end();
    });
  }
  return outgoing;
}

function originHeaders(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => !name.startsWith(":") && name !== EDGE_HOSTNAME_HEADER),
  );
}

function respond(stream: ServerHttp2Stream, incoming: IncomingMessage, isHead: boolean): void {
  if (stream.destroyed) {
    incoming.destroy();
    return;
  }
  const status = incoming.statusCode ?? 502;
  const endStream = isHead || status === 204 || status === 304;
  stream.respond({ ":status": status, ...http2Headers(incoming.rawHeaders) }, { endStream });
  if (endStream) {
    incoming.resume();
    return;
  }
  // An origin that dies within its answer must not look like the answer's end.
  // (`close` would end the stream before it resets it.)
  incoming.once("error", (error) => stream.destroy(error));
  incoming.pipe(stream);
}

function answer(stream: ServerHttp2Stream, status: number): void {
  if (stream.destroyed) return;
  stream.on("error", () => {});
  stream.resume();
  stream.respond({ ":status": status, "content-type": "text/plain; charset=UTF-8" });
  stream.end(status === 502 ? "error code: 502" : "");
}

function limitConnectTime(outgoing: ClientRequest, limit: number): void {
  outgoing.once("socket", (socket) => {
    if (!socket.connecting) return;
    const timer = setTimeout(() => outgoing.destroy(new Error(`no connection within ${limit} s`)), limit * 1000);
    socket.once("connect", () => clearTimeout(timer));
    socket.once("close", () => clearTimeout(timer));
  });
}

/** A duration in the API's forms: a number of seconds, or text such as `30s`, `500ms`. */
function seconds(value: unknown): number | undefined {
  if (typeof value === "number") return value;
  const match = /^(\d+(?:\.\d+)?)(ms|s|m)?$/.exec(text(value) ?? "");
  if (match === null) return undefined;
  return Number(match[1]) * { ms: 0.001, s: 1, m: 60 }[(match[2] ?? "s") as "ms" | "s" | "m"];
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
