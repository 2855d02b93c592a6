import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { CodaApi } from "./api.ts";

const BASE = "https://coda.example/apis/v1";
const EXPORT = `${BASE}/docs/d/pages/p/export`;

/** What was asked of whom, in order. */
let asked: { method: string; url: string; authorization: string | null }[];
/** Answers by method and URL; the last one of a list stays. */
let answers: Record<string, (object | string)[]>;
let now: number;

beforeEach(() => {
  asked = [];
  now = 1_000_000;
  vi.stubGlobal("fetch", async (input: string | URL, init: RequestInit) => {
    const url = String(input);
    const headers = new Headers(init.headers);
    asked.push({ method: init.method!, url, authorization: headers.get("authorization") });
    const list = answers[`${init.method} ${url}`];
    if (!list) return Response.json({ message: "not there" }, { status: 404 });
    const answer = list.length > 1 ? list.shift()! : list[0]!;
    return typeof answer === "string" ? new Response(answer) : Response.json(answer);
  });
});
afterEach(() => {
  vi.unstubAllGlobals();
});

const { signal } = new AbortController();
const api = () =>
  new CodaApi(
    BASE,
    { token: "secret", headers: { traceparent: "00-trace" } },
    {
      now: () => now,
      random: () => 0,
      sleep: async (ms) => {
        now += ms;
      },
    },
  );
const status = (more: object) => ({ id: "e1", href: `${EXPORT}/e1`, ...more });
const begun = { [`POST ${EXPORT}`]: [status({ status: "inProgress" })] };
const exportPage = () => api().exportPage("d", "p", "markdown", signal, async () => {});

describe("the export of a page", () => {
  test("waits for the file, which another host has, and shows the credential to Coda only", async () => {
    answers = {
      ...begun,
      [`GET ${EXPORT}/e1`]: [
        status({ status: "inProgress" }),
        status({ status: "complete", downloadLink: "https://files.example/a?sig=b" }),
      ],
      "GET https://files.example/a?sig=b": ["# Hello"],
    };
    expect(await exportPage()).toEqual({ exportId: "e1", text: "# Hello" });
    expect(asked.map(({ method, url, authorization }) => [method, url, authorization])).toEqual([
      ["POST", EXPORT, "Bearer secret"],
      ["GET", `${EXPORT}/e1`, "Bearer secret"],
      ["GET", `${EXPORT}/e1`, "Bearer secret"],
      ["GET", "https://files.example/a?sig=b", null],
    ]);
  });

  test("tells Coda's reason when it fails", async () => {
    answers = { ...begun, [`GET ${EXPORT}/e1`]: [status({ status: "failed", error: "The page is too large" })] };
    await expect(exportPage()).rejects.toThrow(/^Coda could not export this page: The page is too large\. /);
  });

  test("ends after a while when it takes too long", async () => {
    answers = { ...begun, [`GET ${EXPORT}/e1`]: [status({ status: "inProgress" })] };
    const from = now;
    await expect(exportPage()).rejects.toThrow(/takes longer than usual to export this page/);
    expect(now - from).toBe(20_000);
  });

  test("does not follow a link into the network of the service", async () => {
    answers = {
      ...begun,
      [`GET ${EXPORT}/e1`]: [status({ status: "complete", downloadLink: "http://169.254.169.254/latest/meta-data" })],
    };
    await expect(exportPage()).rejects.toThrow(/no public https address/);
    expect(asked.every(({ url }) => url.startsWith(BASE))).toBe(true);
  });
});

describe("a path", () => {
  test("has its parameters encoded", async () => {
    answers = {};
    await expect(api().get("/docs/{docId}", { docId: "a/b?c#d%e" }, {}, signal)).rejects.toThrow("404");
    const named = { docId: "d", pageIdOrName: "Plän ?" };
    await expect(api().get("/docs/{docId}/pages/{pageIdOrName}", named, {}, signal)).rejects.toThrow("404");
    expect(asked.map(({ url }) => url)).toEqual([
      `${BASE}/docs/a%2Fb%3Fc%23d%25e`,
      `${BASE}/docs/d/pages/Pl%C3%A4n%20%3F`,
    ]);
  });

  test.each(["", ".", ".."])("has no parameter %j, which would lead elsewhere in the API", async (docId) => {
    expect(() => api().get("/docs/{docId}/pages", { docId }, {}, signal)).toThrow("is no id or name");
    expect(asked).toEqual([]);
  });
});

describe("a doc that is being deleted", () => {
  test("is looked at until it is gone, and no longer than 20 s", async () => {
    answers = {};
    expect(await api().gone("d", signal, async () => {})).toBe(true);
    answers = { [`GET ${BASE}/docs/d`]: [{ id: "d" }] };
    const from = now;
    expect(await api().gone("d", signal, async () => {})).toBe(false);
    expect(now - from).toBe(20_000);
  });
});
