import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { read } from "../audit/trail.ts";
import {
  allowAtUpstream,
  connectByOAuth,
  copyInKv,
  paste,
  signedIn,
  startConnections,
  TOKENS,
} from "../connections/test-connections.ts";
import { field, TestBrowser } from "../testing/test-browser.ts";

let world: Awaited<ReturnType<typeof startConnections>>;
let broker: typeof world.broker;
let browser: TestBrowser;
const page = (service: string) => `${broker.issuer}/auth/${service}`;

beforeAll(async () => {
  world = await startConnections();
  broker = world.broker;
});
afterAll(() => broker?.close());
beforeEach(async () => {
  browser = await signedIn(broker, "ada");
});
afterEach(async () => {
  world.coda.faults.clear();
  broker.identity.faults.clear();
  for (const service of ["coda", "github", "google", "firecrawl", "n8n"]) {
    await (await signedIn(broker, "ada")).submit(`${page(service)}/disconnect`, {});
  }
});

describe("connecting with OAuth", () => {
  test.each([
    ["github", "You are connected as ada since"],
    ["google", "You are connected as ada@example.com since"],
  ] as const)("%s: the person allows it there, and sees whose account it is here", async (service, words) => {
    const before = await browser.open(page(service));
    expect(before.text).toContain(`Your ${service === "github" ? "GitHub" : "Google"} account is not connected.`);
    const back = await connectByOAuth(broker, browser, service);
    expect([back.status, back.location]).toEqual([303, page(service)]);
    expect((await browser.open(back.location)).text).toContain(words);
  });

  test.each(["github", "coda", "nosuch"])("/auth/%s leads back to the person's own page", async (service) => {
    expect((await browser.open(page(service))).text).toContain('<a href="/">Your own page</a>');
  });

  test("a link alone connects nothing: it leads to a page with a form, and never to the upstream", async () => {
    const opened = await browser.open(page("github"));
    expect([opened.status, opened.location]).toEqual([200, ""]);
    const { status } = await browser.submit(page("github"), {}, { origin: "https://evil.example" });
    expect(status).toBe(403);
  });

  test("who declines at the upstream is told that nothing is connected", async () => {
    const begun = await browser.submit(page("github"), {});
    const back = await browser.submit(begun.location, { cancel: "on" });
    const end = await browser.open(back.location);
    expect(end.status).toBe(400);
    expect(end.text).toContain("You did not connect your GitHub account.");
    expect(end.text).toContain('<a href="/auth/github">Start again</a>');
    expect(await copyInKv(broker, "github")).toBeNull();
  });

  test("an upstream that fails in the middle is named, and nothing is kept", async () => {
    const back = await allowAtUpstream(broker, browser, "github");
    broker.identity.faults.set({ failNext: { status: 503, times: 1 } });
    const end = await browser.open(back);
    expect(end.status).toBe(502);
    expect(end.text).toContain("GitHub answered 503. Nothing was changed. Try again in a while.");
    expect(await copyInKv(broker, "github")).toBeNull();
  });
});

describe("the state of a connection (RFC 6749 section 10.12)", () => {
  test("is worth nothing in another browser, signed in or not", async () => {
    const back = await allowAtUpstream(broker, browser, "github");
    for (const other of [new TestBrowser(), await signedIn(broker, "ada")]) {
      const end = await other.open(back);
      expect([end.status, end.text.includes("started in another browser")]).toEqual([400, true]);
    }
    expect(await copyInKv(broker, "github")).toBeNull();
  });

  test("works once", async () => {
    const back = await allowAtUpstream(broker, browser, "github");
    const copy = browser.copy();
    expect((await browser.open(back)).status).toBe(303);
    const again = await copy.open(back);
    expect([again.status, again.text.includes("This has expired, was used")]).toEqual([400, true]);
  });

  test("of one upstream does not end at another", async () => {
    const back = await allowAtUpstream(broker, browser, "github");
    expect((await browser.open(back.replace("/callback/github", "/callback/google"))).status).toBe(400);
  });

  test("is worth nothing to another person in the same browser", async () => {
    const back = await allowAtUpstream(broker, browser, "github");
    await browser.submit(`${broker.issuer}/sign-out`, {});
    await browser.signIn(page("github"), "grace");
    const end = await browser.open(back);
    expect([end.status, end.text.includes("Somebody else began this connection")]).toEqual([400, true]);
    for (const user of ["github-1815", "github-1906"]) expect(await copyInKv(broker, "github", user)).toBeNull();
  });

  test("does not sign in whoever has signed out meanwhile", async () => {
    const back = await allowAtUpstream(broker, browser, "github");
    await browser.submit(`${broker.issuer}/sign-out`, {});
    expect((await browser.open(back)).text).toContain("Continue with GitHub");
    expect((await browser.open(page("coda"))).text).toContain("Continue with GitHub");
    expect(await copyInKv(broker, "github")).toBeNull();
  });

  test("signing in and connecting have clients of their own at the same callback", async () => {
    const begun = await browser.submit(page("github"), {});
    const target = new URL(begun.location);
    expect(target.searchParams.get("client_id")).toBe("github-connection");
    expect(target.searchParams.get("redirect_uri")).toBe(`${broker.issuer}/callback/github`);
    expect(target.searchParams.get("code_challenge_method")).toBe("S256");
  });
});

describe("connecting with a pasted token", () => {
  test.each([
    ["coda", "You are connected as ada@example.com since"],
    ["firecrawl", "You are connected since"],
    ["n8n", "You are connected since"],
  ] as const)("%s: it is checked with the upstream before it is kept", async (service, words) => {
    expect((await browser.open(page(service))).text).toContain("It is checked with");
    const refused = await paste(broker, browser, service, "another-token");
    expect(refused.status).toBe(400);
    expect(refused.text).toContain("did not take it. Nothing was changed.");
    expect(await copyInKv(broker, service)).toBeNull();

    const kept = await paste(broker, browser, service, ` ${TOKENS[service]}\n`);
    expect([kept.status, kept.location]).toEqual([303, page(service)]);
    const shown = await browser.open(kept.location);
    expect(shown.text).toContain(words);
    expect(shown.text).not.toContain(TOKENS[service]);
  });

  test.each(["", "two words", "tökén", "x".repeat(5000)])(
    "%j is no token, and the upstream is not asked",
    async (token) => {
      world.coda.faults.set({ hang: true });
      const { status, text } = await paste(broker, browser, "coda", token);
      expect([status, text.includes("That is no Coda token")]).toEqual([400, true]);
    },
  );

  test("an upstream that is down is named, and what there was is kept", async () => {
    await paste(broker, browser, "coda");
    const before = await copyInKv(broker, "coda");
    world.coda.faults.set({ failNext: { status: 500, times: 1 } });
    const { status, text } = await paste(broker, browser, "coda");
    expect([status, text.includes("Coda answered 500. Nothing was changed. Try again in a while.")]).toEqual([
      502,
      true,
    ]);
    expect(await copyInKv(broker, "coda")).toEqual(before);
  });
});

describe("who may connect what", () => {
  test("whoever is not signed in signs in first, and comes back", async () => {
    const shown = await new TestBrowser().signIn(`${page("coda")}?return=/somewhere`, "ada");
    expect(shown.text).toContain("Your Coda account is not connected.");
    expect(field(shown.text, "return")).toBe("/somewhere");
  });

  test("a service of which the policy allows a person nothing stays closed, form or not", async () => {
    const grace = await signedIn(broker, "grace");
    for (const answer of [await grace.open(page("n8n")), await paste(broker, grace, "n8n")]) {
      expect(answer.status).toBe(403);
      expect(answer.text).toContain("nothing in n8n is open to you");
    }
    expect(await copyInKv(broker, "n8n", "github-1906")).toBeNull();
  });

  test.each(["nosuch", "constructor", "mcp-gateway"])("%s is nothing that could be connected", async (service) => {
    expect((await browser.open(page(service))).status).toBe(404);
    expect((await browser.submit(page(service), {})).status).toBe(404);
  });

  test.each([
    ["/audit?page=2", "/audit?page=2"],
    ["https://evil.example/", "/"],
    ["//evil.example/", "/"],
    ["/.//evil.example/", undefined],
    ["/\\evil.example/", undefined],
  ])("the way back from a connection stays on this site: %s", async (asked, path) => {
    const { location } = await browser.submit(page("coda"), { token: TOKENS.coda, return: asked });
    expect(new URL(location).origin).toBe(broker.issuer);
    if (path) expect(location).toBe(broker.issuer + path);
  });
});

describe("disconnecting", () => {
  test("ends the token at the upstream, and nothing is left here", async () => {
    await connectByOAuth(broker, browser, "github");
    const live = () => broker.identity.stats().filter((each) => each.clientId === "github-connection" && each.live);
    expect(live()).toHaveLength(1);
    const done = await browser.submit(`${page("github")}/disconnect`, {});
    expect([done.status, done.location]).toEqual([303, page("github")]);
    expect(live()).toEqual([]);
    expect(await copyInKv(broker, "github")).toBeNull();
    expect((await browser.open(page("github"))).text).toContain("Your GitHub account is not connected.");
  });

  test("succeeds though the upstream is down", async () => {
    await connectByOAuth(broker, browser, "google");
    broker.identity.faults.set({ failNext: { status: 500, times: 1 }, onlyPath: "/revoke" });
    expect((await browser.submit(`${page("google")}/disconnect`, {})).status).toBe(303);
    expect(await copyInKv(broker, "google")).toBeNull();
  });

  test("is open to whom the policy allows nothing any more", async () => {
    await paste(broker, browser, "coda");
    const { policy } = broker.config;
    await broker.reconfigure({ policy: [] });
    expect((await browser.submit(`${page("coda")}/disconnect`, { return: "/" })).status).toBe(303);
    expect(await copyInKv(broker, "coda")).toBeNull();
    await broker.reconfigure({ policy });
  });
});

test("connecting and disconnecting are in the audit trail, with whose account it was and without the token", async () => {
  const { events: earlier } = await read(await broker.database(), { limit: 1 });
  await paste(broker, browser, "coda", "another-token");
  await paste(broker, browser, "coda");
  await browser.submit(`${page("coda")}/disconnect`, {});
  await vi.waitFor(async () => {
    const { events } = await read(await broker.database(), { service: "coda", user: "github-1815", limit: 10 });
    const fresh = events
      .filter(({ id }) => id > (earlier[0]?.id ?? 0))
      .map(({ kind, decision, reason }) => [kind, decision, reason]);
    expect(fresh.sort()).toEqual([
      ["connect", "allowed", "as ada@example.com"],
      ["connect", "failed", "Coda answered 401."],
      ["disconnect", "allowed", "its token was not revoked at the upstream"],
    ]);
  });
});

test("without a vault key nobody connects anything, and everything else works", async () => {
  await broker.reconfigure({}, { VAULT_KEYS: "" });
  const shown = await browser.open(page("coda"));
  expect([shown.status, shown.text.includes("set a vault key")]).toEqual([503, true]);
  await broker.reconfigure(
    {},
    { VAULT_KEYS: JSON.stringify([{ id: "1", key: Buffer.alloc(32, 1).toString("base64") }]) },
  );
});
