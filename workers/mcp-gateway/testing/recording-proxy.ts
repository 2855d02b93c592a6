import { createServer, type IncomingHttpHeaders, request } from "node:http";
import type { AddressInfo } from "node:net";

/** A request as it arrived. */
export interface Arrived {
  headers: IncomingHttpHeaders;
  // biome-ignore lint/suspicious/noExplicitAny: judged by the assertions
  body: any;
}

/** Stands before a service and notes what arrives; the service sees its own host. */
export interface RecordingProxy {
  origin: string;
  arrived: Arrived[];
  close(): Promise<void>;
}

/** @param target origin of the service, when it is known */
export async function recordingProxy(target: () => string): Promise<RecordingProxy> {
  const arrived: Arrived[] = [];
  const server = createServer(async (incoming, outgoing) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    arrived.push({ headers: incoming.headers, body: body.length > 0 ? JSON.parse(body.toString()) : undefined });
    const { host } = new URL(target());
    const onward = request(target() + incoming.url, {
      method: incoming.method!,
      headers: { ...incoming.headers, host },
    });
    onward.once("response", (response) => {
      outgoing.writeHead(response.statusCode!, response.headers);
      response.pipe(outgoing);
    });
    onward.once("error", () => outgoing.destroy());
    outgoing.once("close", () => onward.destroy());
    onward.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    arrived,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
