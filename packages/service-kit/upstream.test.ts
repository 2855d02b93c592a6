import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { UpstreamClient, UpstreamError, type UpstreamOptions } from "./upstream.ts";

/** What the API does at one request: an answer, or something of its own. */
type Step = { status?: number; body?: unknown; text?: string; headers?: Record<string, string> } | Behaviour;
type Behaviour = (response: ServerResponse) => void;

const DONE = { boat: "done" };
const hang: Behaviour = () => {};
const breakOff: Behaviour = (response) => response.destroy();
const breakInBody: Behaviour = (response) => {
  response.writeHead(200, { "content-length": "1000" });
  response.write("{", () => response.destroy());
};

let server: Server;
let origin: string;
let steps: Step[];
let seen: { method: string; url: string; headers: Record<string, string>; body: string }[];
let slept: number[];
let now: number;
const client = new AbortController();
const { signal } = client;

beforeEach(async () => {
  steps = [];
  seen = [];
  slept = [];
  now = 1_000_000;
  server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    const headers = request.headers as Record<string, string>;
    seen.push({ method: request.method!, url: request.url!, headers, body });
    const step = steps.shift() ?? {};
    if (typeof step === "function") return step(response);
    const { status = 200, headers: more = {} } = step;
    response.writeHead(status, { "content-type": "application/json", ...more });
    response.end(step.text ?? JSON.stringify(step.body ?? { message: `this is ${status}` }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

/** A client whose pauses take no time: the clock is set on. */
function upstream(more: Partial<UpstreamOptions> = {}) {
  return new UpstreamClient({
    title: "Harbour",
    baseUrl: `${origin}/v1`,
    call: { token: "secret-token", headers: { traceparent: "00-trace" } },
    reason: (body) => (body as { message?: string }).message,
    clock: {
      now: () => now,
      random: () => 0.5,
      sleep: async (ms, signal) => {
        signal.throwIfAborted();
        slept.push(ms);
        now += ms;
      },
    },
    ...more,
  });
}

async function failure(promise: Promise<unknown>): Promise<UpstreamError> {
  const error = await promise.then(
    () => expect.unreachable("it did not fail"),
    (reason) => reason,
  );
  expect(error).toBeInstanceOf(UpstreamError);
  expect(error.message).not.toContain("secret-token");
  return error;
}

describe("a request", () => {
  test("carries the person's credential, the call's headers, the query and the JSON body", async () => {
    await upstream().get("/boats", { name: "a b&c", limit: 5, all: false, cursor: undefined }, signal);
    await upstream().post("/boats", { name: "Ö" }, signal);
    await upstream().put("/boats/1", [1], signal);
    await upstream().post("/boats/1/launch", undefined, signal);
    expect(seen.map(({ method, url, body }) => [method, url, body])).toEqual([
      ["GET", "/v1/boats?name=a+b%26c&limit=5&all=false", ""],
      ["POST", "/v1/boats", '{"name":"Ö"}'],
      ["PUT", "/v1/boats/1", "[1]"],
      ["POST", "/v1/boats/1/launch", ""],
    ]);
    for (const { headers } of seen) {
      expect(headers).toMatchObject({ authorization: "Bearer secret-token", traceparent: "00-trace" });
    }
    expect(seen[1]!.headers["content-type"]).toBe("application/json");
  });

  test("to an API that asks for no credential carries none", async () => {
    await upstream({ call: { token: "", headers: {} } }).get("/boats", {}, signal);
    expect(seen[0]!.headers).not.toHaveProperty("authorization");
  });

  test("gives the parsed body of an answer, also of one that is compressed", async () => {
    steps = [
      (response) => {
        response.writeHead(200, { "content-encoding": "gzip" });
        response.end(gzipSync('{"boats":["Ö"]}'));
      },
    ];
    steps.push(steps[0]!);
    expect(await upstream().get("/boats", {}, signal)).toEqual({ boats: ["Ö"] });
    const response = await upstream().fetcher()(origin, {});
    expect([await response.json(), response.headers.has("content-encoding")]).toEqual([{ boats: ["Ö"] }, false]);
  });
});

describe("a retry", () => {
  test.each([
    ["502", { status: 502 }],
    ["503", { status: 503 }],
    ["504", { status: 504 }],
    ["429 without Retry-After", { status: 429 }],
    ["a connection that breaks", breakOff],
    ["a body that breaks off", breakInBody],
  ] as [string, Step][])("of a GET and a PUT follows %s, after a pause that grows", async (_, step) => {
    for (const send of [() => upstream().get("/boats", {}, signal), () => upstream().put("/boats/1", {}, signal)]) {
      steps = [step, step, { body: DONE }];
      slept = [];
      expect(await send()).toEqual(DONE);
      expect(slept).toEqual([375, 750]);
      expect(steps).toEqual([]);
    }
  });

  test("waits at least as long as Retry-After says", async () => {
    steps = [{ status: 503, headers: { "retry-after": "3" } }, { body: DONE }];
    expect(await upstream().get("/boats", {}, signal)).toEqual(DONE);
    expect(slept).toEqual([3000]);
  });

  test("of a PUT that must be done once only follows only 429 as well", async () => {
    steps = [{ status: 429 }, { body: DONE }];
    expect(await upstream().put("/boats/1", {}, signal, { once: true })).toEqual(DONE);
    for (const step of [{ status: 503 }, breakOff]) {
      steps = [step, { body: DONE }];
      const error = await failure(upstream().put("/boats/1", {}, signal, { once: true, unanswered: "Look first." }));
      expect(error.message).toMatch(/Look first\.$/);
    }
    expect(seen).toHaveLength(4);
  });

  test("of a POST follows only 429, as that was not carried out", async () => {
    steps = [{ status: 429, headers: { "retry-after": "1" } }, { body: DONE }];
    expect(await upstream().post("/boats", {}, signal)).toEqual(DONE);
    expect(slept).toEqual([1000]);
    for (const step of [{ status: 502 }, { status: 503 }, { status: 504 }, breakOff, breakInBody]) {
      seen = [];
      steps = [step];
      const { message } = await failure(upstream().post("/boats", {}, signal));
      expect(message).toMatch(/ It may have been done all the same: look before you try again\.$/);
      expect(seen).toHaveLength(1);
    }
  });

  test.each([400, 401, 403, 404, 409, 422, 500])("does not follow %i", async (status) => {
    steps = [{ status }];
    expect(await failure(upstream().get("/boats", {}, signal))).toMatchObject({ status });
    expect(seen).toHaveLength(1);
  });

  test("does not wait longer than 5 s: the model is told to", async () => {
    steps = [{ status: 429, headers: { "retry-after": "6" } }];
    const error = await failure(upstream().get("/boats", {}, signal));
    expect(error).toMatchObject({
      message: "Harbour answered 429: this is 429. Try again in 6 s.",
      status: 429,
      retryAfter: 6,
    });
    expect(slept).toEqual([]);
  });

  test("is made at most twice in one call, whatever is asked", async () => {
    const api = upstream();
    steps = [{ status: 503 }, { body: ["first"] }, { status: 503 }, { body: ["second"] }, { status: 503 }];
    expect(await api.get("/boats", {}, signal)).toEqual(["first"]);
    expect(await api.get("/boats", {}, signal)).toEqual(["second"]);
    expect((await failure(api.get("/boats", {}, signal))).message).toBe(
      "Harbour answered 503: this is 503. Try again in a while.",
    );
    expect(seen).toHaveLength(5);
  });

  test("is not begun when the call's time would be up before it", async () => {
    steps = [{ status: 503 }, { status: 503 }];
    expect(await failure(upstream({ callTimeoutMs: 1000 }).get("/boats", {}, signal))).toMatchObject({ status: 503 });
    expect(slept).toEqual([375]);
  });
});

describe("a deadline", () => {
  test("ends one try, and the next one may be answered", async () => {
    steps = [hang, { body: DONE }];
    expect(await upstream({ tryTimeoutMs: 20 }).get("/boats", {}, signal)).toEqual(DONE);
  });

  test("covers the body too", async () => {
    steps = [(response) => void response.writeHead(200).write("{")];
    const { message, status } = await failure(upstream({ tryTimeoutMs: 20 }).post("/boats", {}, signal));
    expect(message).toMatch(/^Harbour did not answer \(no answer in 20 ms\)\. It may have been done/);
    expect(status).toBeUndefined();
  });

  test("of the call cuts the last try short, and no request is begun after it", async () => {
    const api = upstream({ callTimeoutMs: 50_000 });
    now += 49_980;
    steps = [hang];
    expect((await failure(api.get("/boats", {}, signal))).message).toBe(
      "Harbour did not answer (no answer in 20 ms). Try again in a while.",
    );
    now += 20;
    expect((await failure(api.get("/boats", {}, signal))).message).toBe(
      "Harbour was too slow: all of this took more than 50 s. Ask for less at a time.",
    );
    expect(seen).toHaveLength(1);
  });

  test("leaves no pause that would use it up", async () => {
    const api = upstream({ callTimeoutMs: 3000 });
    expect([await api.pause(2000, signal), await api.pause(1000, signal)]).toEqual([true, false]);
    expect(slept).toEqual([2000]);
  });
});

describe("an error tells what was wrong and what to do next", () => {
  test("nobody listens: try again", async () => {
    const error = await failure(upstream({ baseUrl: "http://127.0.0.1:9" }).get("/boats", {}, signal));
    expect(error).toMatchObject({
      message: "Harbour did not answer (unreachable). Try again in a while.",
      status: undefined,
    });
    expect(slept).toHaveLength(2);
  });

  test("401: recognisable by its status", async () => {
    steps = [{ status: 401, body: { message: "Unauthorized." } }];
    expect(await failure(upstream().get("/boats", {}, signal))).toMatchObject({
      message: "Harbour answered 401: Unauthorized.",
      status: 401,
      body: { message: "Unauthorized." },
    });
  });

  test("no reason in the body: the status's own words", async () => {
    steps = [{ status: 404, body: {} }];
    expect((await failure(upstream().get("/boats", {}, signal))).message).toBe("Harbour answered 404: Not Found.");
  });

  test("something in the API's place answers", async () => {
    for (const text of ["<html>", "null", '"hello"']) {
      steps = [{ text }];
      expect(await failure(upstream().get("/boats", {}, signal))).toMatchObject({
        message: "Harbour answered 200 with something that is not its own. Try again in a while.",
        status: 200,
      });
    }
    steps = [{ text: "<html>", status: 404 }];
    expect((await failure(upstream().post("/boats", {}, signal))).message).toBe(
      "Harbour answered 404 with something that is not its own. Try again in a while.",
    );
  });

  test("more than 10 MB: ask for less, in the words of the request if it has some", async () => {
    const large = { text: JSON.stringify("x".repeat(10_000_000)) };
    steps = [large, large];
    expect((await failure(upstream().get("/boats", {}, signal))).message).toBe(
      "Harbour answered with more than 10 MB. Ask for less.",
    );
    const advised = upstream().get("/boats", {}, signal, { tooLarge: "Ask for one boat." });
    expect((await failure(advised)).message).toBe("Harbour answered with more than 10 MB. Ask for one boat.");
  });

  test("an answer that leaves open whether it was done: the words of the request", async () => {
    const advice = { unanswered: "Look with list_boats first." };
    for (const step of [{ status: 500 }, breakOff, { text: "<html>" }]) {
      steps = [step];
      const { message } = await failure(upstream().post("/boats", {}, signal, advice));
      expect(message).toMatch(/ Look with list_boats first\.$/);
    }
    steps = [{ status: 400 }];
    expect((await failure(upstream().post("/boats", {}, signal, advice))).message).toBe(
      "Harbour answered 400: this is 400.",
    );
  });
});

test("a call that the client takes back is no error of the API, neither in a try nor in a pause", async () => {
  for (const ask of ["get", "post"] as const) {
    const trying = new AbortController();
    steps = [() => trying.abort(new Error("gone"))];
    await expect(upstream()[ask]("/boats", {}, trying.signal)).rejects.not.toBeInstanceOf(UpstreamError);
  }

  const pausing = new AbortController();
  steps = [{ status: 503 }];
  const clock = { now: () => now, random: () => 0, sleep: realSleep };
  const promise = upstream({ clock }).get("/boats", {}, pausing.signal);
  async function realSleep(_: number, signal: AbortSignal) {
    pausing.abort(new Error("gone"));
    signal.throwIfAborted();
  }
  await expect(promise).rejects.toThrow("gone");
  expect(seen).toHaveLength(3);
  // Far below the time that a try may take.
}, 5_000);

test("the system's clock ends a pause at once when the client has gone", async () => {
  const going = new AbortController();
  const options = { title: "Harbour", baseUrl: origin, call: { token: "", headers: {} } };
  const pause = new UpstreamClient(options).pause(40_000, going.signal);
  going.abort(new Error("gone"));
  await expect(pause).rejects.toThrow("gone");
});

describe("the fetch for libraries", () => {
  test("adds the credential, retries, and gives error statuses back as they are", async () => {
    steps = [{ status: 503 }, { status: 404, headers: { "x-more": "yes" } }];
    const response = await upstream().fetcher()(`${origin}/other`, {
      headers: { accept: "x/y", authorization: "old" },
    });
    expect([response.status, response.headers.get("x-more"), await response.json()]).toEqual([
      404,
      "yes",
      { message: "this is 404" },
    ]);
    expect(seen[1]!.headers).toMatchObject({ accept: "x/y", authorization: "Bearer secret-token" });
  });

  test("follows redirects unless it is told not to", async () => {
    const moved = { status: 302, headers: { location: "/moved" } };
    steps = [moved, { body: DONE }, moved];
    expect(await (await upstream().fetcher()(origin, {})).json()).toEqual(DONE);
    const kept = await upstream().fetcher()(origin, { redirect: "manual" });
    expect([kept.status, kept.headers.get("location")]).toEqual([302, "/moved"]);
  });

  test("gives the credential to no other origin", async () => {
    const other = upstream({ baseUrl: "https://harbour.example/v1" }).fetcher()(`${origin}/v1/boats`, {});
    await expect(other).rejects.toThrow("is no address of Harbour");
    expect(seen).toEqual([]);
  });

  test("hands a redirect on as it is when asked to, and does not go there", async () => {
    steps = [{ status: 302, headers: { location: `${origin}/elsewhere` } }];
    const { status, headers } = await upstream().fetcher()(origin, { redirect: "manual" });
    expect([status, headers.get("location")]).toEqual([302, `${origin}/elsewhere`]);
    expect(seen).toHaveLength(1);
  });

  test("retries what breaks off in the body, unless it is streamed", async () => {
    steps = [breakInBody, { body: DONE }, breakInBody];
    expect(await (await upstream().fetcher()(origin, {})).json()).toEqual(DONE);
    const streamed = await upstream().fetcher({}, { stream: true })(origin, {});
    await expect(streamed.text()).rejects.toThrow("terminated");
    expect(seen).toHaveLength(3);
  });

  test("streams more than 10 MB, and gives an answer without a body", async () => {
    const text = "x".repeat(10_000_001);
    steps = [{ text }, (response) => void response.writeHead(204).end()];
    const streamed = await upstream().fetcher({}, { stream: true })(origin, {});
    expect((await streamed.text()).length).toBe(text.length);
    expect((await upstream().fetcher()(origin, { method: "DELETE" })).status).toBe(204);
  });
});
