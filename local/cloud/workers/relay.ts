import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/**
 * A TCP address that stays while what is behind it changes: other scripts' bindings connect here and reach the version
 * that is live at that moment. An open connection stays with the version that it began with.
 */
export interface Relay {
  /** `host:port` to connect to. */
  address: string;
  /**
   * Sends new connections to this port on loopback.
   * @param port undefined refuses them.
   */
  forward(port: number | undefined): void;
  /** Keeps new connections waiting until the next `forward`. */
  hold(): void;
  /** How many connections to this port are open. */
  connections(port: number): number;
  close(): void;
}

/** Opens a relay on a free loopback port; it refuses connections until `forward` is called. */
export async function createRelay(): Promise<Relay> {
  const open = new Map<Socket, number>();
  const waiting = new Set<Socket>();
  let target: number | undefined;
  let holding = false;

  const join = (client: Socket) => {
    if (target === undefined) {
      client.destroy();
      return;
    }
    const port = target;
    const upstream = connect({ port, host: "127.0.0.1", noDelay: true });
    open.set(client, port);
    client.on("close", () => {
      open.delete(client);
      upstream.destroy();
    });
    // What came from there before it closed is still handed on.
    upstream.on("error", () => client.destroy()).on("close", () => client.destroySoon());
    client.pipe(upstream).pipe(client);
  };

  const server = createServer({ noDelay: true }, (client) => {
    client.on("error", () => client.destroy());
    if (!holding) {
      join(client);
      return;
    }
    waiting.add(client);
    client.on("close", () => waiting.delete(client));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");

  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    forward(port) {
      target = port;
      holding = false;
      const released = [...waiting];
      waiting.clear();
      released.forEach(join);
    },
    hold() {
      holding = true;
    },
    connections: (port) => [...open.values()].filter((each) => each === port).length,
    close() {
      server.close();
      for (const client of [...open.keys(), ...waiting]) client.destroy();
    },
  };
}
