import { createServer } from "node:net";

/** @returns a TCP port on 127.0.0.1 that nobody listens on: the wanted one if it is free */
export async function freePort(wanted = 0): Promise<number> {
  try {
    return await probe(wanted);
  } catch (error) {
    if (wanted !== 0 && (error as NodeJS.ErrnoException).code === "EADDRINUSE") return probe(0);
    throw error;
  }
}

function probe(port: number): Promise<number> {
  return new Promise((done, fail) => {
    const server = createServer();
    server.once("error", fail);
    server.listen(port, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => done(typeof address === "object" && address ? address.port : 0));
    });
  });
}
