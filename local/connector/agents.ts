import http from "node:http";
import https from "node:https";
import type { Duplex } from "node:stream";

/** Idle connections end well before servers end them (5 s at the earliest), so that none ends under a request. */
const kept = {
  "http:": new http.Agent({ keepAlive: true, timeout: 1000 }),
  "https:": new https.Agent({ keepAlive: true, timeout: 1000 }),
};

class HttpAgent extends http.Agent {
  override createConnection(...args: Parameters<http.Agent["createConnection"]>) {
    const socket = super.createConnection(...args);
    return socket && readsOn(socket);
  }
}

class HttpsAgent extends https.Agent {
  override createConnection(...args: Parameters<https.Agent["createConnection"]>) {
    const socket = super.createConnection(...args);
    return socket && readsOn(socket);
  }
}

const single = { "http:": new HttpAgent(), "https:": new HttpsAgent() };

/** Up to here servers read a body to its end, whether they need it or not, in bytes; workerd up to 64 KiB. */
const ALWAYS_READ_BYTES = 32 * 1024;

/**
 * The agent for a request. A server may answer before it has read a body and cut the connection after its answer (RFC
 * 9112, section 9.6): so a request with a large body has a connection of its own, which nobody uses afterwards, and whose
 * answer is read even when the rest of the body cannot be written any more.
 *
 * @param contentLength its header; undefined or null where the length is not known
 */
export function agentFor(
  protocol: "http:" | "https:",
  hasBody: boolean,
  contentLength: string | null | undefined,
): http.Agent {
  const large = hasBody && !(contentLength && Number(contentLength) <= ALWAYS_READ_BYTES);
  return (large ? single : kept)[protocol];
}

/** Drops what cannot be written: whether there is an answer is told by the reading side, which ends, or fails, soon after. */
function readsOn<Socket extends Duplex>(socket: Socket): Socket {
  const write = socket._write;
  const writeMany = socket._writev;
  socket._write = (chunk, encoding, done) => write.call(socket, chunk, encoding, () => done());
  if (writeMany) socket._writev = (chunks, done) => writeMany.call(socket, chunks, () => done());
  return socket;
}
