import type { ToolError } from "@hybrid-mcp/service-kit/tool";
import { UpstreamError } from "@hybrid-mcp/service-kit/upstream";
import { afterEach, beforeEach, expect, test } from "vitest";
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

test("a Firecrawl that cannot be reached is not there just now", async () => {
  const { message } = await failure(api("http://127.0.0.1:9").scrape(PAGE, OPTIONS, signal));
  expect(message).toBe("Firecrawl did not answer (unreachable). Try again in a while.");
});

test.each([
  ["no JSON", "<html>"],
  ["no object", "null"],
])("something else in Firecrawl's place is not it: %s", async (_, text) => {
  for (const status of [200, 404]) {
    answer = () => new Response(text, { status });
    const error = await failure(api().scrape(PAGE, OPTIONS, signal));
    expect(error).toBeInstanceOf(UpstreamError);
    expect(error.message).toBe(
      `Firecrawl answered ${status} with something that is not its own. Try again in a while.`,
    );
  }
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
