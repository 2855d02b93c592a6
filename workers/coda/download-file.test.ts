import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { downloadFile } from "./download-file.ts";

const signal = new AbortController().signal;
const requests: IncomingMessage[] = [];
let answer: (response: ServerResponse) => void;
let origin: string;
const server = createServer((request, response) => {
  requests.push(request);
  answer(response);
});

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());
afterEach(() => {
  requests.length = 0;
  vi.unstubAllGlobals();
});

const download = (link: string) => downloadFile(link, { baseUrl: `${origin}/apis/v1`, signal });

describe("a download link of the API's own origin", () => {
  test("is fetched as it is, without a credential", async () => {
    answer = (response) => response.end("# Ünïcode");
    expect(await download(`${origin}/files/a?signature=b%2Fc`)).toBe("# Ünïcode");
    expect(requests.map(({ url, headers }) => [url, headers.authorization, headers.traceparent])).toEqual([
      ["/files/a?signature=b%2Fc", undefined, undefined],
    ]);
  });

  test("that is answered with an error says so: 401 is no matter of the connection", async () => {
    answer = (response) => response.writeHead(401).end("expired");
    await expect(download(`${origin}/files/a`)).rejects.toThrow(
      /^Coda's file store answered 401\. Read the page again/,
    );
  });

  test("may redirect on the same origin, but not without end", async () => {
    answer = (response) => {
      if (requests.length === 1) response.writeHead(302, { location: "/files/b" }).end();
      else response.end("moved");
    };
    expect(await download(`${origin}/files/a`)).toBe("moved");
    answer = (response) => response.writeHead(302, { location: "/files/a" }).end();
    await expect(download(`${origin}/files/a`)).rejects.toThrow(/redirects without end/);
  });

  test.each(["http://169.254.169.254/latest", "https://10.0.0.1/", "file:///etc/passwd", "http://example.com/", "//"])(
    "that redirects to %s is not followed there",
    async (location) => {
      answer = (response) => response.writeHead(302, { location }).end();
      await expect(download(`${origin}/files/a`)).rejects.toThrow(/no public https address/);
      expect(requests).toHaveLength(1);
    },
  );
});

describe("a download link of another origin", () => {
  test.each([
    "http://codahosted.io/a",
    "https://127.0.0.1/a",
    "https://2130706433/a",
    "https://0x7f.1/a",
    "https://[::1]/a",
    "https://[::ffff:10.0.0.1]/a",
    "https://localhost/a",
    "https://broker/a",
    "https://metadata.google.internal/a",
    "https://printer.local./a",
    "https://codahosted.io:8443/a",
    "https://ada:secret@codahosted.io/a",
    "ftp://codahosted.io/a",
    "codahosted.io/a",
    "",
  ])("is not followed when it is %s", async (link) => {
    const fetched = vi.fn();
    vi.stubGlobal("fetch", fetched);
    await expect(download(link)).rejects.toThrow(/no public https address/);
    expect(fetched).not.toHaveBeenCalled();
  });

  test("is followed when it is public, without a credential and without following redirects unseen", async () => {
    const fetched = vi.fn(async (_: string, __: RequestInit) => new Response("text"));
    vi.stubGlobal("fetch", fetched);
    expect(await download("https://codahosted.io/files/a?X-Amz-Signature=b")).toBe("text");
    const [url, init] = fetched.mock.calls[0]!;
    expect(url).toBe("https://codahosted.io/files/a?X-Amz-Signature=b");
    expect(init.redirect).toBe("manual");
    expect([...new Headers(init.headers).keys()]).toEqual([]);
  });
});
