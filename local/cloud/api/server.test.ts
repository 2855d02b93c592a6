import { connect } from "node:net";
import { afterEach, expect, test, vi } from "vitest";
import { type Handler, type Server, serve } from "./server.ts";

let server: Server | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

async function start(handler: Handler): Promise<string> {
  server = await serve(handler, { host: "127.0.0.1", port: 0 });
  return `http://127.0.0.1:${server.port}`;
}

test("method, URL, headers and body reach the handler as they were sent", async () => {
  const origin = await start(async (request) =>
    Response.json({
      method: request.method,
      path: new URL(request.url).pathname + new URL(request.url).search,
      header: request.headers.get("x-test"),
      body: await request.text(),
    }),
  );
  const response = await fetch(`${origin}//a%2Fb?c=d`, { method: "PUT", headers: { "x-test": "1" }, body: "hello" });
  expect(await response.json()).toEqual({ method: "PUT", path: "//a%2Fb?c=d", header: "1", body: "hello" });
});

test("an answer is streamed: its first part arrives before the last one is made", async () => {
  const rest = Promise.withResolvers<void>();
  const origin = await start(
    () =>
      new Response(
        new ReadableStream({
          async start(controller) {
            controller.enqueue(new TextEncoder().encode("first"));
            await rest.promise;
            controller.enqueue(new TextEncoder().encode("last"));
            controller.close();
          },
        }),
      ),
  );
  const reader = (await fetch(origin)).body!.getReader();
  expect(new TextDecoder().decode((await reader.read()).value)).toBe("first");
  rest.resolve();
  expect(new TextDecoder().decode((await reader.read()).value)).toBe("last");
});

test("a request body is streamed: the handler reads its first part before the last one is sent", async () => {
  const seen = Promise.withResolvers<void>();
  const origin = await start(async (request) => {
    const reader = request.body!.getReader();
    await reader.read();
    seen.resolve();
    while (!(await reader.read()).done);
    return new Response("done");
  });
  const body = new ReadableStream({
    async start(controller) {
      controller.enqueue(new TextEncoder().encode("first"));
      await seen.promise;
      controller.enqueue(new TextEncoder().encode("last"));
      controller.close();
    },
  });
  const response = await fetch(origin, { method: "POST", body, duplex: "half" } as RequestInit);
  expect(await response.text()).toBe("done");
});

test("a client that goes away aborts the request's signal and cancels the answer's body", async () => {
  const aborted = Promise.withResolvers<void>();
  const cancelled = Promise.withResolvers<void>();
  const origin = await start((request) => {
    request.signal.addEventListener("abort", () => aborted.resolve());
    return new Response(
      new ReadableStream({
        start: (controller) => controller.enqueue(new TextEncoder().encode("open")),
        cancel: () => cancelled.resolve(),
      }),
    );
  });
  const leave = new AbortController();
  const response = await fetch(origin, { signal: leave.signal });
  await response.body!.getReader().read();
  leave.abort();
  await aborted.promise;
  await cancelled.promise;
});

test("a client that reads no answer before its upload is sent gets it, and its next request on that connection, too", async () => {
  const origin = await start(() => new Response("no, thanks", { status: 413 }));
  const socket = connect(Number(new URL(origin).port), "127.0.0.1");
  const upload = Buffer.alloc(20_000_000);
  await new Promise((sent) => {
    socket.write(`POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${upload.length}\r\n\r\n`);
    socket.write(upload, sent);
  });
  socket.write("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  expect(
    Buffer.concat(chunks)
      .toString()
      .match(/HTTP\/1\.1 413 /g),
  ).toHaveLength(2);
});

test("cookies stay apart, and HEAD and 204 have no body", async () => {
  const origin = await start((request) => {
    const headers = new Headers([
      ["set-cookie", "a=1"],
      ["set-cookie", "b=2"],
    ]);
    return request.method === "DELETE" ? new Response(null, { status: 204 }) : new Response("body", { headers });
  });
  expect((await fetch(origin)).headers.getSetCookie()).toEqual(["a=1", "b=2"]);
  expect(await (await fetch(origin, { method: "HEAD" })).text()).toBe("");
  expect((await fetch(origin, { method: "DELETE" })).status).toBe(204);
});

test("a handler that throws is a 500 without details, and the server goes on", async () => {
  const complaint = vi.spyOn(console, "error").mockImplementation(() => {});
  let calls = 0;
  const origin = await start(() => {
    calls += 1;
    if (calls === 1) throw new Error("secret detail");
    return new Response("fine");
  });
  const failed = await fetch(origin);
  expect(failed.status).toBe(500);
  expect(await failed.text()).not.toContain("secret detail");
  expect(await (await fetch(origin)).text()).toBe("fine");
  complaint.mockRestore();
});

test("a request that no Request can express is a 400", async () => {
  const origin = await start(() => new Response("never"));
  const socket = connect(Number(new URL(origin).port), "127.0.0.1");
  socket.write("GET / HTTP/1.1\r\nHost: not a host\r\nConnection: close\r\n\r\n");
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  expect(Buffer.concat(chunks).toString()).toMatch(/^HTTP\/1.1 400 /);
});

test("an address in use is an error that names it", async () => {
  const origin = await start(() => new Response("first"));
  const port = Number(new URL(origin).port);
  await expect(serve(() => new Response("second"), { host: "127.0.0.1", port })).rejects.toThrow(
    new RegExp(`EADDRINUSE.*127\\.0\\.0\\.1:${port}`),
  );
});
