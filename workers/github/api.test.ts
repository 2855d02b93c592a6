import { UpstreamError } from "@hybrid-mcp/service-kit/upstream";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { createGithubStandIn } from "../../local/standins/github/stand-in.ts";
import { type StandInServer, serveStandIns } from "../../local/standins/serve.ts";
import { GithubApi, type RepositoryName } from "./api.ts";
import { lookFirst } from "./unanswered.ts";

const ORCHARD = { owner: "ada", repo: "orchard" };
const LEDGER = { owner: "ada", repo: "ledger" };
const ISSUE = { title: "x", labels: [] as string[], assignees: [] as string[] };
const signal = new AbortController().signal;

let standIns: StandInServer;
const github = createGithubStandIn({
  tokens: [
    { token: "all", login: "ada" },
    { token: "public", login: "ada", scopes: ["public_repo"] },
    { token: "nothing", login: "ada", scopes: [] },
    { token: "app", login: "ada", permissions: { issues: "read" } },
    { token: "grace", login: "grace" },
  ],
  log: () => {},
});

beforeAll(async () => {
  standIns = await serveStandIns({ host: "127.0.0.1", port: 0, standIns: { github: github.handler } });
});
afterAll(() => standIns.close());
afterEach(() => github.faults.clear());

/** Pauses before retries take no time. */
const clock = { now: Date.now, random: Math.random, sleep: async () => {} };
const at = (origin: string, token: string) => new GithubApi(`${origin}/github/api`, { token, headers: {} }, clock);
const api = (token: string) => at(standIns.origin, token);
const getMe = (github: GithubApi, until = signal) => github.request("GET /user", {}, until);
const listIssues = (github: GithubApi, name: RepositoryName) =>
  github.page("GET /repos/{owner}/{repo}/issues", name, { limit: 30 }, signal);
const createIssue = (github: GithubApi, name: RepositoryName, issue: typeof ISSUE) =>
  github.request("POST /repos/{owner}/{repo}/issues", { ...name, ...issue }, signal, lookFirst("list_issues"));

async function failure(promise: Promise<unknown>): Promise<UpstreamError> {
  const error = await promise.then(
    () => expect.unreachable("it did not fail"),
    (reason) => reason,
  );
  expect(error).toBeInstanceOf(UpstreamError);
  return error;
}

describe("an error tells what to do next", () => {
  test("401: the connection has ended", async () => {
    const { message, status } = await failure(getMe(api("wrong")));
    expect(status).toBe(401);
    expect(message).toBe("GitHub answered 401: Bad credentials. The connection has ended or was taken back.");
    expect(message).not.toContain("wrong");
  });

  test("404: not there, or not for this account", async () => {
    const { message } = await failure(listIssues(api("all"), { owner: "ada", repo: "nothing" }));
    expect(message).toMatch(
      /^GitHub answered 404: Not Found\. It does not exist, or the connected account may not see it/,
    );
    expect(message).not.toContain("scope");
    const ref = await failure(api("all").getContents(ORCHARD, { path: "src", ref: "gone" }, signal));
    expect(ref.message).toContain("No commit found for the ref gone");
  });

  test("404 for want of a scope: which one, and which there are", async () => {
    const hidden = await failure(listIssues(api("public"), LEDGER));
    expect(hidden.message).toContain("The connection lacks a scope (it has public_repo; one of repo is needed)");
    const write = await failure(createIssue(api("nothing"), ORCHARD, ISSUE));
    expect(write.message).toContain("(it has none; one of public_repo, repo is needed)");
    const other = await failure(listIssues(api("grace"), LEDGER));
    expect(other.message).not.toContain("scope");
  });

  test("403 for want of a permission: which one", async () => {
    const { message, retryAfter } = await failure(createIssue(api("app"), ORCHARD, ISSUE));
    expect(message).toBe(
      "GitHub answered 403: Resource not accessible by integration. The connected account may not do this. It needs the permission issues=write: ask the person to connect GitHub again and to allow it.",
    );
    expect(retryAfter).toBeUndefined();
  });

  test("422: the fields", async () => {
    const { message } = await failure(
      createIssue(api("all"), ORCHARD, { ...ISSUE, title: "t".repeat(300), assignees: ["nobody"] }),
    );
    expect(message).toBe(
      'GitHub answered 422: Validation Failed: title title is too long (maximum is 256 characters); assignees "nobody" invalid. Correct what is named and try again.',
    );
  });

  test.each([403, 429])("%i as a secondary rate limit: how long to wait", async (status) => {
    github.faults.set({ failNext: { status, times: 1, retryAfterSeconds: 17 } });
    const { message, retryAfter } = await failure(getMe(api("all")));
    expect(message).toMatch(
      /exceeded a secondary rate limit.* Do not call GitHub again before that: try again in 17 s\.$/,
    );
    expect(retryAfter).toBe(17);
  });

  test("a secondary rate limit that names no time: a minute", async () => {
    github.faults.set({ failNext: { status: 403, times: 1 } });
    const { message, retryAfter } = await failure(getMe(api("all")));
    expect([retryAfter, message.endsWith("try again in 60 s.")]).toEqual([60, true]);
  });

  test("the hourly rate limit: until when", async () => {
    const now = Date.now();
    const { handler } = createGithubStandIn({
      tokens: [{ token: "all", login: "ada" }],
      log: () => {},
      rateLimit: 0,
      now: () => now,
    });
    const limited = await serveStandIns({ host: "127.0.0.1", port: 0, standIns: { github: handler } });
    const { message, retryAfter } = await failure(getMe(at(limited.origin, "all")));
    await limited.close();
    expect(message).toMatch(/API rate limit exceeded.* try again in 3\d{3} s, at \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\.$/);
    expect(retryAfter).toBeGreaterThan(3590);
    expect(retryAfter).toBeLessThanOrEqual(3601);
  });

  test("5xx, again and again: try later", async () => {
    github.faults.set({ failNext: { status: 502, times: 3 } });
    expect((await failure(getMe(api("all")))).message).toBe("GitHub answered 502: Bad Gateway. Try again in a while.");
  });

  test("5xx to what changes something: look first whether it is there", async () => {
    github.faults.set({ failNext: { status: 502, times: 1 } });
    const { message } = await failure(createIssue(api("all"), ORCHARD, ISSUE));
    expect(message).toMatch(/^GitHub answered 502: .* look with list_issues before you try again\.$/);
  });

  test("something in GitHub's place answers", async () => {
    const page = async () => new Response("<html>", { headers: { "content-type": "text/html" } });
    const other = await serveStandIns({ host: "127.0.0.1", port: 0, standIns: { github: page } });
    const asking = at(other.origin, "all");
    const errors = [
      await failure(getMe(asking)),
      await failure(listIssues(asking, ORCHARD)),
      await failure(asking.getContents(ORCHARD, { path: "x", ref: undefined }, signal)),
    ];
    await other.close();
    for (const { message } of errors) {
      expect(message).toBe("GitHub answered with something that is not its own. Try again in a while.");
    }
  });

  test("no answer: try again, but look first whether what was to be made is there", async () => {
    const closed = await serveStandIns({ host: "127.0.0.1", port: 0, standIns: {} });
    await closed.close();
    const nobody = at(closed.origin, "all");
    const read = await failure(getMe(nobody));
    expect([read.message, read.status]).toEqual([
      "GitHub did not answer (unreachable). Try again in a while.",
      undefined,
    ]);
    const write = await failure(createIssue(nobody, ORCHARD, ISSUE));
    expect(write.message).toContain("look with list_issues before you try again");
  });
});

test("a read that fails in passing is tried again", async () => {
  github.faults.set({ failNext: { status: 502, times: 2 } });
  expect((await getMe(api("all"))).login).toBe("ada");
});

test("every request carries the headers of the call and no credential but its own", async () => {
  const seen: Headers[] = [];
  const seeing = await serveStandIns({
    host: "127.0.0.1",
    port: 0,
    standIns: {
      github: async ({ headers }) => {
        seen.push(headers);
        return Response.json({});
      },
    },
  });
  const call = { token: "all", headers: { traceparent: "00-trace" } };
  await getMe(new GithubApi(`${seeing.origin}/github/api`, call));
  await seeing.close();
  expect(seen).toHaveLength(1);
  expect([seen[0]!.get("authorization"), seen[0]!.get("traceparent")]).toEqual(["Bearer all", "00-trace"]);
  expect(seen[0]!.get("user-agent")).toContain("hybrid-mcp");
});

test("a connection that breaks in the middle of a file is GitHub not answering", async () => {
  const breaking = async () => {
    // Enough that the answer has begun when it breaks.
    let chunks = 50;
    const pull = (controller: ReadableStreamDefaultController) => {
      if (chunks-- > 0) controller.enqueue(new Uint8Array(65_536).fill(0x20));
      else controller.error(new Error("broken on purpose"));
    };
    return new Response(new ReadableStream({ pull }));
  };
  const broken = await serveStandIns({ host: "127.0.0.1", port: 0, standIns: { github: breaking } });
  const asking = at(broken.origin, "all");
  const errors = [
    await failure(asking.getContents(ORCHARD, { path: "x", ref: undefined }, signal)),
    await failure(asking.readFile(ORCHARD, { path: "x", ref: undefined }, { offset: 0, length: 10_000_000 }, signal)),
  ];
  await broken.close();
  for (const { message } of errors) expect(message).toBe("GitHub did not answer (unreachable). Try again in a while.");
});

test.each([undefined, new Error("the client has gone")])(
  "a call that the client takes back is no error of GitHub (reason: %s)",
  async (reason) => {
    github.faults.set({ hang: true });
    const client = new AbortController();
    const error = getMe(api("all"), client.signal).catch((thrown) => thrown);
    client.abort(reason);
    expect(await error).not.toBeInstanceOf(UpstreamError);
  },
);
