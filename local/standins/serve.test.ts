import { createServer, request as httpRequest } from "node:http";
import { afterEach, describe, expect, it } from "vitest";
import { createCodaStandIn } from "./coda/stand-in.ts";
import type { Handler } from "./faults.ts";
import { type ServeStandInsOptions, type StandInServer, serveStandIns } from "./serve.ts";

const servers: { close(): unknown }[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function serve(options: Partial<ServeStandInsOptions> = {}): Promise<StandInServer> {
  const echo: Handler = async (request) =>
    Response.json(
      {
        url: request.url,
        method: request.method,
        header: request.headers.get("x-header"),
        body: request.body ? await request.text() : null,
      },
      { status: 201, headers: { "x-answer": "yes" } },
    );
  const server = await serveStandIns({ host: "127.0.0.1", port: 0, standIns: { echo }, retryMs: 5, ...options });
  servers.push(server);
  return server;
}

describe("serving stand-ins", () => {
  it("hands a request on with URL, method, headers and body, and the answer back", async () => {
    const { origin } = await serve();
    const response = await fetch(`${origin}/echo/a%2Fb?c=d`, {
      method: "PUT",
      headers: { "x-header": "value" },
      body: "content",
    });
    expect(response.status).toBe(201);
    expect(response.headers.get("x-answer")).toBe("yes");
    expect(await response.json()).toEqual({
      url: `${origin}/echo/a%2Fb?c=d`,
      method: "PUT",
      header: "value",
      body: "content",
    });
  });

  it("hands on every cookie that an answer sets", async () => {
    const cookies: Handler = async () => {
      const response = new Response(null, { status: 204 });
      response.headers.append("set-cookie", "a=1");
      response.headers.append("set-cookie", "b=2");
      return response;
    };
    const { origin } = await serve({ standIns: { cookies } });
    const response = await fetch(`${origin}/cookies/`);
    expect(response.status).toBe(204);
    expect(response.headers.getSetCookie()).toEqual(["a=1", "b=2"]);
  });

  it("answers 404 for a name that it does not serve, naming those that it does", async () => {
    const { origin } = await serve();
    for (const path of ["/", "/other/x", "/constructor/x"]) {
      const response = await fetch(`${origin}${path}`);
      expect(response.status, path).toBe(404);
      expect(await response.json(), path).toEqual({ message: "No stand-in is served here; there are /echo/." });
    }
  });

  it("gives links with the host and port that the client dialled", async () => {
    const token = { token: "t", loginId: "alice@example.com", name: "Alice" };
    const coda = createCodaStandIn({ tokens: [token], log: () => undefined });
    const { port } = await serve({ standIns: { coda: coda.handler } });
    const base = `http://localhost.test:${port}/coda/apis/v1`;
    const body = await new Promise<string>((resolve, reject) => {
      const path = "/coda/apis/v1/docs/pT7kXw2LmQ/tables?limit=1";
      const headers = { host: `localhost.test:${port}`, authorization: "Bearer t" };
      httpRequest({ host: "127.0.0.1", port, path, headers }, (response) => {
        response
          .setEncoding("utf8")
          .toArray()
          .then((chunks) => resolve(chunks.join("")), reject);
      })
        .on("error", reject)
        .end();
    });
    const list = JSON.parse(body);
    expect(list.items[0].href).toBe(`${base}/docs/pT7kXw2LmQ/tables/grid-Zx52_Tasks`);
    expect(list.nextPageLink.startsWith(`${base}/docs/pT7kXw2LmQ/tables?pageToken=`)).toBe(true);
  });

  it("streams an answer as it comes", async () => {
    let finish = () => {};
    const slow: Handler = async () =>
      new Response(
        new ReadableStream({
          start(controller) {
            controller.enqueue(new TextEncoder().encode("first"));
            finish = () => controller.close();
          },
        }),
      );
    const { origin } = await serve({ standIns: { slow } });
    const reader = (await fetch(`${origin}/slow/`)).body!.getReader();
    expect(new TextDecoder().decode((await reader.read()).value)).toBe("first");
    finish();
    expect((await reader.read()).done).toBe(true);
  });

  it("ends the request of a client that gives up", async () => {
    const ended = Promise.withResolvers<void>();
    const started = Promise.withResolvers<void>();
    const hang: Handler = (request) =>
      new Promise((_, reject) => {
        started.resolve();
        request.signal.addEventListener("abort", () => {
          ended.resolve();
          reject(request.signal.reason);
        });
      });
    const { origin } = await serve({ standIns: { hang } });
    const client = new AbortController();
    const response = fetch(`${origin}/hang/`, { signal: client.signal });
    await started.promise;
    client.abort();
    await expect(response).rejects.toThrow();
    await ended.promise;
  });

  it("closes with a request that hangs", async () => {
    const started = Promise.withResolvers<void>();
    const hang: Handler = () => {
      started.resolve();
      return new Promise(() => undefined);
    };
    const { origin, close } = await serve({ standIns: { hang } });
    const response = fetch(`${origin}/hang/`);
    await started.promise;
    await close();
    await expect(response).rejects.toThrow();
    await expect(fetch(`${origin}/hang/`)).rejects.toThrow();
  });

  it("cuts the connection, and goes on, when a stand-in throws", async () => {
    const broken: Handler = async (request) => {
      if (request.url.endsWith("/broken/")) throw new Error("a defect");
      return new Response("ok");
    };
    const { origin } = await serve({ standIns: { broken } });
    await expect(fetch(`${origin}/broken/`)).rejects.toThrow();
    expect(await (await fetch(`${origin}/broken/again`)).text()).toBe("ok");
  });

  it("never listens on every address", async () => {
    for (const host of ["0.0.0.0", "::", ""]) {
      await expect(serve({ host }), host).rejects.toThrow("must listen on one address");
    }
    const server = await serve();
    await expect(server.listenAlso("0.0.0.0")).rejects.toThrow("must listen on one address");
  });

  it("fails when the port is taken", async () => {
    const { port } = await serve();
    await expect(serve({ port })).rejects.toThrow("EADDRINUSE");
  });
});

describe("listening on one more address", () => {
  it("happens as soon as the address can be bound", async () => {
    const server = await serve();
    const occupant = createServer((_, response) => response.end("occupied"));
    await new Promise<void>((resolve) => occupant.listen(server.port, "127.0.0.2", resolve));
    servers.push({ close: () => occupant.close() });
    const listening = server.listenAlso("127.0.0.2");
    const again = server.listenAlso("127.0.0.2");
    expect(await (await fetch(`http://127.0.0.2:${server.port}/echo/`)).text()).toBe("occupied");

    occupant.closeAllConnections();
    occupant.close();
    await Promise.all([listening, again]);
    expect((await fetch(`http://127.0.0.2:${server.port}/echo/`)).status).toBe(201);
    expect((await fetch(`${server.origin}/echo/`)).status).toBe(201);

    await server.close();
    await expect(fetch(`http://127.0.0.2:${server.port}/echo/`)).rejects.toThrow();
  });

  it("is given up when the server closes first", async () => {
    const server = await serve();
    // An address of the documentation range, which no machine has.
    const listening = server.listenAlso("192.0.2.1");
    await server.close();
    await listening;
  });

  it("is done at once for the address that it has", async () => {
    const server = await serve();
    await server.listenAlso("127.0.0.1");
  });
});
