import type { ToolError } from "@hybrid-mcp/service-kit/tool";
import { UpstreamError } from "@hybrid-mcp/service-kit/upstream";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type StandInServer, serveStandIns } from "../../local/standins/serve.ts";
import { FirecrawlApi } from "./api.ts";

const PAGE = "https://example.com/page";
const OPTIONS = { formats: ["markdown" as const], timeout: 1000 };
const signal = new AbortController().signal;

let engine: StandInServer;
let asked: Request[];
let answer: () => Response;

beforeEach(async () => {
  asked = [];
  answer = () => Response.json({ success: true, data: { markdown: "Hello", metadata: { url: PAGE } } });
  const firecrawl = async (request: Request) => {
    asked.push(request);
    return answer();
  };
  engine = await serveStandIns({ host: "127.0.0.1", port: 0, standIns: { firecrawl } });
});
afterEach(() => engine.close());

const api = (baseUrl = `${engine.origin}/firecrawl`, token = "fc-key") =>
  new FirecrawlApi(baseUrl, { token, headers: { traceparent: "00-trace" } }, new Set());

async function failure(promise: Promise<unknown>): Promise<UpstreamError | ToolError> {
  return promise.then(
    () => expect.unreachable("it did not fail"),
    (reason) => reason,
  );
}

test("a request carries the person's key and the headers of the call", async () => {
  expect(await api().scrape(PAGE, OPTIONS, signal)).toMatchObject({ markdown: "Hello" });
  const { url, headers } = asked[0]!;
  expect(new URL(url).pathname).toBe("/firecrawl/v2/scrape");
  expect([headers.get("authorization"), headers.get("traceparent")]).toEqual(["Bearer fc-key", "00-trace"]);
});

test("an engine that asks for no key gets none, whether its address ends with a slash or not", async () => {
  await api(`${engine.origin}/firecrawl/`, "").scrape(PAGE, OPTIONS, signal);
  expect(asked[0]!.headers.has("authorization")).toBe(false);
  expect(new URL(asked[0]!.url).pathname).toBe("/firecrawl/v2/scrape");
});

describe("an engine behind Cloudflare Access", () => {
  const access = { clientId: "engine.access", clientSecret: "cfast_secret" };
  const behind = () =>
    new FirecrawlApi(
      `${engine.origin}/firecrawl`,
      { token: "", headers: { traceparent: "00-trace" } },
      new Set(),
      access,
    );

  test("is sent the credential with every request, and no key", async () => {
    await behind().scrape(PAGE, OPTIONS, signal);
    await behind().get("/v2/crawl/1", {}, signal);
    for (const { headers } of asked) {
      expect(headers.get("cf-access-client-id")).toBe("engine.access");
      expect(headers.get("cf-access-client-secret")).toBe("cfast_secret");
      expect([headers.get("traceparent"), headers.has("authorization")]).toEqual(["00-trace", false]);
    }
    await api().scrape(PAGE, OPTIONS, signal);
    expect(asked.at(-1)!.headers.has("cf-access-client-secret")).toBe(false);
  });

  test.each([401, 403])(
    "that does not let the service in (%i) is the operator's to see to, not the person's",
    async (status) => {
      answer = () => new Response("Forbidden", { status });
      const error = (await failure(behind().scrape(PAGE, OPTIONS, signal))) as UpstreamError;
      expect(error.message).toBe(
        `The Firecrawl engine did not let this server in (Cloudflare Access answered ${status}). Tell the person that the operator has to run an update; trying again does not help.`,
      );
      // A 401 would send the person to connect an account.
      expect(error.status).toBeUndefined();
    },
  );
});

test("a Firecrawl that cannot be reached is not there just now", async () => {
  const { message } = await failure(api("http://127.0.0.1:9").scrape(PAGE, OPTIONS, signal));
  expect(message).toBe("Firecrawl did not answer (unreachable). Try again in a while.");
});

test.each([
  ["no JSON", "<html>"],
  ["no object", "null"],
])("something else in Firecrawl's place is not it: %s", async (_, text) => {
  answer = () => new Response(text, { status: 200 });
  const error = await failure(api().scrape(PAGE, OPTIONS, signal));
  expect(error).toBeInstanceOf(UpstreamError);
  expect(error.message).toBe("Firecrawl answered 200 with something that is not its own. Try again in a while.");
});

test("an endpoint that the engine does not have is one to do without, a thing that there is not is one to look for", async () => {
  answer = () => new Response("<pre>Cannot POST /v2/agent</pre>", { status: 404 });
  expect((await failure(api().post("/v2/agent", {}, signal))).message).toBe(
    "Firecrawl answered 404: the engine behind this server does not have POST /v2/agent. Do without this tool; trying again does not help.",
  );
  answer = () => Response.json({ success: false, error: "Job not found" }, { status: 404 });
  expect((await failure(api().get("/v2/crawl/some-id", {}, signal, { what: "crawl" }))).message).toBe(
    "Firecrawl answered 404. It says: Job not found. There is no such crawl: check the id; what is long done is forgotten after a day or so.",
  );
});

test("what is not there in this state, any more, or in this engine has a way on", async () => {
  for (const [status, words] of [
    [409, "Look at its state first"],
    [410, "begin a new one"],
    [501, "do without this tool"],
  ] as const) {
    answer = () => Response.json({ success: false, error: "No" }, { status });
    expect((await failure(api().delete("/v2/browser/some-id", signal))).message).toContain(words);
  }
});

test("an answer that says that it is no success is an error, unless it is one to be told", async () => {
  answer = () => Response.json({ success: false, error: "The index is away" });
  expect((await failure(api().post("/v2/search", {}, signal))).message).toBe(
    "Firecrawl answered 200. It says: The index is away. Try again in a while.",
  );
  expect(await api().get("/v2/extract/some-id", {}, signal, { mayFail: true })).toMatchObject({ success: false });
});

test("lists in a query are given value by value, and what is not given is left out", async () => {
  await api().get("/v2/search/research/papers", { query: "a b", authors: ["x", "y"], from: undefined }, signal);
  expect(new URL(asked[0]!.url).search).toBe("?query=a+b&authors=x&authors=y");
});

describe("addresses", () => {
  const refused = [
    ...["127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "127.0.0.1.", "[::1]", "[::ffff:127.0.0.1]"],
    ...["10.0.0.1", "192.168.1.1", "169.254.169.254", "0xa9fea9fe", "[fd00:ec2::254]", "[64:ff9b::7f00:1]"],
    ...["localhost", "metadata.google.internal", "redis", "nas.local"],
  ];

  test.each(refused)("in words or code are checked as those in fields: %s", (host) => {
    for (const text of [
      `await page.goto('http://${host}/admin')`,
      `Open HTTPS://${host}:8443 and read it`,
      `[http://me@${host}] (http:${host})`,
      `fetch("http:\\\\${host}\\x")`,
    ]) {
      expect(() => api().words(text), text).toThrow(/cannot be read|user name/);
    }
  });

  test("in words or code that are public, or none, pass as they are", () => {
    for (const text of [
      "await page.goto('https://example.com/' + path)",
      "What does https: mean, and how is http://[ written?",
      "See https://example.com/a, then (https://example.org/b).",
    ]) {
      expect(api().words(text)).toBe(text);
    }
    expect(() => api().words("Look at file:///etc/passwd")).toThrow("Only http and https");
  });

  test("in words are looked for in no more time than the words are long", () => {
    const text = "http:".repeat(50_000);
    const started = performance.now();
    expect(api().words(text)).toBe(text);
    expect(performance.now() - started).toBeLessThan(1000);
  });

  test.each(refused)("of a page that came back are checked, wherever it was asked for: %s", (host) => {
    const url = `http://${host}/`;
    expect(api().mayGive({ metadata: { url, sourceURL: PAGE } })).toBe(false);
    expect(api().mayGive({ metadata: { url: PAGE, sourceURL: url } })).toBe(false);
    expect(api().mayGive({ metadata: { url: [PAGE, url] as never } })).toBe(false);
    expect(api().mayGive({ metadata: { url: PAGE, sourceURL: PAGE } })).toBe(true);
  });

  test("of a page that was scraped may not be private by its source either", async () => {
    const metadata = { url: PAGE, sourceURL: "http://10.0.0.1/" };
    answer = () => Response.json({ success: true, data: { markdown: "secret", metadata } });
    expect((await failure(api().scrape(PAGE, OPTIONS, signal))).message).not.toContain("secret");
  });
});

test("a page that is too large is one to ask less of", async () => {
  answer = () => Response.json({ success: true, data: { rawHtml: "x".repeat(10_000_000) } });
  const { message } = await failure(api().scrape(PAGE, OPTIONS, signal));
  expect(message).toBe("Firecrawl answered with more than 10 MB. Ask for markdown alone, with onlyMainContent.");
});

test("a scrape is asked for once, as each may be charged for", async () => {
  answer = () => Response.json({ success: false, error: "busy" }, { status: 503 });
  expect((await failure(api().scrape(PAGE, OPTIONS, signal))).message).toBe(
    "Firecrawl answered 503. It says: busy. Try again in a while.",
  );
  expect(asked).toHaveLength(1);
});
