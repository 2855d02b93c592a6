import { UpstreamError } from "@hybrid-mcp/service-kit/upstream";
import { afterEach, expect, test } from "vitest";
import type { Handler } from "../../local/standins/faults.ts";
import { type StandInServer, serveStandIns } from "../../local/standins/serve.ts";
import { GithubApi } from "./api.ts";

const LOGS = "GET /repos/{owner}/{repo}/actions/jobs/{job_id}/logs";
const JOB = { owner: "ada", repo: "orchard", job_id: 1 };
const signal = new AbortController().signal;

const servers: StandInServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function serve(handler: Handler): Promise<string> {
  const server = await serveStandIns({ host: "127.0.0.1", port: 0, standIns: { github: handler } });
  servers.push(server);
  return server.origin;
}
const apiAt = (origin: string) => new GithubApi(`${origin}/github/api`, { token: "secret", headers: { trace: "1" } });
const redirectTo = (location?: string) => async () =>
  new Response(null, { status: 302, headers: location ? { location } : {} });
const text = (body: ReadableStream<Uint8Array>) => new Response(body).text();

test.each(["https://storage.example/log?sig=1", "the API's own origin"])("a link to %s is given", async (where) => {
  let location = where;
  const origin = await serve(() => redirectTo(location)());
  if (!where.startsWith("https")) location = `${origin}/github/storage/log`;
  expect(await apiAt(origin).link(LOGS, JOB, signal)).toBe(location);
});

test.each(["http://storage.example/log", "file:///etc/passwd", "/relative", undefined])(
  "a link to %s is not GitHub's",
  async (location) => {
    const api = apiAt(await serve(redirectTo(location)));
    await expect(api.link(LOGS, JOB, signal)).rejects.toThrow(/^GitHub answered with something that is not its own/);
  },
);

test("what is behind a link is read without the credential and the headers of the call", async () => {
  const seen: Headers[] = [];
  const origin = await serve(async ({ headers }) => {
    seen.push(headers);
    return new Response("the log");
  });
  expect(await apiAt("http://127.0.0.1:1").download(`${origin}/github/log`, text, signal)).toBe("the log");
  expect(seen).toHaveLength(1);
  expect(seen[0]!.get("authorization")).toBeNull();
  expect(seen[0]!.get("trace")).toBeNull();
});

test.each([
  ["sends on again", redirectTo("http://127.0.0.1:1/elsewhere")],
  ["has nothing", async () => new Response("no", { status: 404 })],
])("a storage that %s is an error that a model can use", async (_, handler) => {
  const origin = await serve(handler);
  const error = await apiAt(origin)
    .download(`${origin}/github/log`, text, signal)
    .catch((thrown) => thrown);
  expect(error).toBeInstanceOf(UpstreamError);
  expect(error.message).toMatch(/^GitHub's storage answered (302|404): the file is not there any more, or not yet/);
});
