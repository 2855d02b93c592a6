import type { IncomingMessage, ServerResponse } from "node:http";
import http2, {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from "node:http2";
import type { Duplex } from "node:stream";
import { EDGE_HOSTNAME_HEADER, http2Headers } from "../../connector/protocol.ts";
import { CLOUDFLARE_ERRORS, type CloudflareError } from "./cloudflare-error.ts";
import type { Tunnels } from "./tunnels.ts";

/** A request on its way to a tunnel. */
export interface TunnelRequest {
  tunnelId: string;
  /** What ingress rules are matched against. */
  hostname: string;
  scheme: "http" | "https";
  request: IncomingMessage;
  /** Raw headers to send: name, value, name, value … */
  headers: string[];
}

/** Hands a request to a connector and its answer back, streaming both ways. */
export function proxyToTunnel(
  tunnels: Tunnels,
  to: TunnelRequest,
  response: ServerResponse,
  fail: (error: CloudflareError) => void,
): void {
  const { request } = to;
  const hasBody =
    Number(request.headers["content-length"] ?? 0) > 0 || request.headers["transfer-encoding"] !== undefined;
  askConnectors(tunnels, to.tunnelId, streamHeaders(to), !hasBody, fail, (stream, askAnother) => {
    // A body can be sent once only, and nothing is made of a request before it has come: it stays here until it is accepted.
    let accepted = false;
    stream.once("continue", () => {
      accepted = true;
      request.pipe(stream);
    });
    stream.once("response", (answer, _flags, ...rest: unknown[]) => {
      response.writeHead(Number(answer[":status"]), answerHeaders(answer, rest[0]));
      response.flushHeaders();
      stream.pipe(response, { end: false });
    });
    // What broke off must not look complete: a stream that was reset ends too.
    stream.once("end", () => {
      if (stream.rstCode === http2.constants.NGHTTP2_NO_ERROR) response.end();
    });
    stream.once("close", () => {
      if (!response.headersSent && !response.destroyed && (hasBody ? !accepted : wasRefused(stream))) {
        askAnother();
        return;
      }
      // A client that is still sending when it has its answer gets rid of the rest.
      request.resume();
      if (!response.headersSent) fail(CLOUDFLARE_ERRORS.badGateway);
      else if (!response.writableEnded) response.destroy();
    });
    response.once("close", () => {
      if (!stream.closed) stream.destroy(new Error("The client went away."));
    });
  });
}

/** Hands a WebSocket handshake to a connector (RFC 8441) and joins the two connections. */
export function proxyUpgrade(
  tunnels: Tunnels,
  to: TunnelRequest,
  socket: Duplex,
  head: Buffer,
  fail: (error: CloudflareError) => void,
): void {
  socket.on("error", () => {});
  const headers = { ...streamHeaders(to), ":method": "CONNECT", ":protocol": "websocket" };
  askConnectors(tunnels, to.tunnelId, headers, false, fail, (stream, askAnother) => {
    let answered = false;
    stream.once("response", (answer, _flags, ...rest: unknown[]) => {
      answered = true;
      const status = Number(answer[":status"]);
      const lines = rawPairs(answerHeaders(answer, rest[0])).map(([name, value]) => `${name}: ${value}\r\n`);
      if (status === 200) {
        socket.write(
          `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${lines.join("")}\r\n`,
        );
        if (head.length > 0) stream.write(head);
        socket.pipe(stream);
      } else {
        socket.write(`HTTP/1.1 ${status} \r\nConnection: close\r\n${lines.join("")}\r\n`);
      }
      stream.pipe(socket);
    });
    stream.once("close", () => {
      if (answered) socket.destroy();
      else if (!socket.destroyed && wasRefused(stream)) askAnother();
      else fail(CLOUDFLARE_ERRORS.badGateway);
    });
    socket.once("close", () => {
      if (!stream.closed) stream.destroy(new Error("The client went away."));
    });
  });
}

/**
 * Opens a stream to a connector, and to another one each time that is asked for.
 * @param use takes the stream; it may ask for another only if this one was certainly not processed
 */
function askConnectors(
  tunnels: Tunnels,
  tunnelId: string,
  headers: OutgoingHttpHeaders,
  endStream: boolean,
  fail: (error: CloudflareError) => void,
  use: (stream: ClientHttp2Stream, askAnother: () => void) => void,
): void {
  const asked = new Set<ClientHttp2Session>();
  const ask = () => {
    const stream = tunnels.open(tunnelId, headers, endStream, asked);
    if (stream === undefined) {
      fail(asked.size === 0 ? CLOUDFLARE_ERRORS.tunnel : CLOUDFLARE_ERRORS.badGateway);
      return;
    }
    stream.on("error", () => {});
    use(stream, ask);
  };
  ask();
}

/** Whether it was not processed at all: reset as such, or opened too late for the peer's GOAWAY (RFC 9113, section 8.7). */
function wasRefused(stream: ClientHttp2Stream): boolean {
  return stream.rstCode === http2.constants.NGHTTP2_REFUSED_STREAM;
}

function streamHeaders({ request, headers, hostname, scheme }: TunnelRequest): OutgoingHttpHeaders {
  return {
    ...http2Headers(headers),
    ":method": request.method,
    ":path": request.url,
    ":authority": request.headers.host ?? hostname,
    ":scheme": scheme,
    [EDGE_HOSTNAME_HEADER]: hostname,
  };
}

/** The answer's headers with repetitions (Node joins them in its object, but gives the raw list as a last argument). */
function answerHeaders(answer: IncomingHttpHeaders, raw: unknown): OutgoingHttpHeaders {
  if (Array.isArray(raw)) return http2Headers(raw as string[]);
  return Object.fromEntries(Object.entries(answer).filter(([name]) => !name.startsWith(":")));
}

function rawPairs(headers: OutgoingHttpHeaders): [string, string][] {
  return Object.entries(headers).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).map((each): [string, string] => [name, String(each)]),
  );
}
