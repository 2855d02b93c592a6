import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CODA, TestBroker } from "../testing/test-broker.ts";
import { field, scopesOn, TestBrowser } from "../testing/test-browser.ts";
import { eventOf } from "../testing/trail-of.ts";

let broker: TestBroker;

beforeAll(async () => {
  broker = await TestBroker.start({
    policy: [{ people: ["github:ada", "github:grace"], scopes: ["coda:*", "coda:connect"] }],
  });
});
afterAll(() => broker?.close());

/** A client on the web, whose address proves who it is. */
const WEB = "https://client.example/callback";
const webClient = () => broker.registerClient({ client_name: "Web client", redirect_uris: [WEB] });
const ask = async (client_id: string, scope: string) =>
  (await broker.authorizeUrl({ client_id, scope, redirect_uri: WEB })).url;

async function signedIn(person: string): Promise<TestBrowser> {
  const browser = new TestBrowser();
  await browser.signIn(`${broker.issuer}/`, person);
  return browser;
}

/** Approves and has it remembered. */
async function remember(browser: TestBrowser, url: string, scope: string[]): Promise<void> {
  const handle = field((await browser.open(url)).text, "handle");
  await browser.submit(url, { handle, decision: "approve", scope, remember: "on" });
}

describe("consent that was remembered", () => {
  test("is not asked for again; the code comes at once, and the trail says why", async () => {
    const client = await webClient();
    const browser = await signedIn("ada");
    await remember(browser, await ask(client, "coda:read coda:write"), ["coda:read", "coda:write"]);
    const again = await browser.open(await ask(client, "coda:read coda:write"));
    const back = new URL(again.location);
    expect(back.origin + back.pathname).toBe(WEB);
    const grant = back.searchParams.get("code")!.split(":")[1]!;
    const { reason } = await eventOf(broker, { grant }, ({ kind }) => kind === "grant");
    expect(reason).toMatch(/^coda:read coda:write; consent was remembered; replaces grant [\w-]{16}$/);
  });

  test("is asked for again when the box was not ticked", async () => {
    const client = await webClient();
    const browser = await signedIn("ada");
    const url = await ask(client, "coda:read");
    const { text } = await browser.open(url);
    expect(text).toContain('<input type="checkbox" name="remember" value="on"/>');
    await browser.submit(url, { handle: field(text, "handle"), decision: "approve", scope: "coda:read" });
    expect((await browser.open(url)).status).toBe(200);
  });

  test.each([
    ["for wider scopes", "coda:read coda:write", "same"],
    ["for all scopes, by naming none", "", "same"],
    ["for the key to the account", "coda:read coda:connect", "same"],
    ["in another browser", "coda:read", "another browser"],
    ["for another person in the same browser", "coda:read", "another person"],
  ])("is asked for again %s", async (_, scope, who) => {
    const client = await webClient();
    const browser = await signedIn("ada");
    await remember(browser, await ask(client, "coda:read"), ["coda:read"]);
    expect((await browser.open(await ask(client, "coda:read"))).status).toBe(302);
    if (who === "another person") {
      await browser.submit(`${broker.issuer}/sign-out`, {});
      await browser.signIn(`${broker.issuer}/`, "grace");
    }
    const later = who === "another browser" ? await signedIn("ada") : browser;
    const { status, text } = await later.open(await ask(client, scope));
    expect([status, text.includes("Allow Web client")]).toEqual([200, true]);
  });

  test("the key to an account cannot be remembered", async () => {
    const client = await webClient();
    const browser = await signedIn("ada");
    const url = await ask(client, "coda:connect");
    expect((await browser.open(url)).text).not.toContain('name="remember"');
    await remember(browser, url, ["coda:connect"]);
    expect((await browser.open(url)).status).toBe(200);
  });

  test.each(["http://localhost:9999/callback", "http://127.0.0.1:9999/callback", "https://localhost:9999/callback"])(
    "RFC 8252 section 8.6: a program on this computer (%s) is asked about each time, whatever the form says",
    async (redirect_uri) => {
      const browser = await signedIn("ada");
      const client_id = await broker.registerClient({ redirect_uris: [redirect_uri] });
      const { url } = await broker.authorizeUrl({ client_id, redirect_uri, scope: "coda:read" });
      expect((await browser.open(url)).text).not.toContain('name="remember"');
      await remember(browser, url, ["coda:read"]);
      expect((await browser.open(url)).status).toBe(200);
    },
  );

  test("a policy that allows nothing any more is stronger", async () => {
    const client = await webClient();
    const browser = await signedIn("ada");
    await remember(browser, await ask(client, "coda:read"), ["coda:read"]);
    const { policy } = broker.config;
    await broker.reconfigure({ policy: [] });
    expect((await browser.open(await ask(client, "coda:read"))).status).toBe(403);
    await broker.reconfigure({ policy });
  });
});

describe("stepping up", () => {
  test("offers what the client has and what it asks for, says what is new, and the trail links both grants", async () => {
    const browser = await signedIn("ada");
    const old = await broker.grant("ada", ["coda:read"], { scope: "coda:read" }, browser);
    const { url, verifier } = await broker.authorizeUrl({ client_id: old.clientId, scope: "coda:write" });
    const { text } = await browser.open(url);
    expect(scopesOn(text)).toEqual(["coda:read", "coda:write"]);
    expect(text.split("coda:read</small>")[0]).not.toContain("new</strong>");
    expect(text).toMatch(/Coda docs <strong class="tag note">new<\/strong>.*coda:write/);

    const form = { handle: field(text, "handle"), decision: "approve", scope: ["coda:read", "coda:write"] };
    const code = new URL((await browser.submit(url, form)).location).searchParams.get("code")!;
    const { body } = await broker.exchange(code, verifier, old.clientId);
    expect((await broker.authorize(body.access_token!))!.call.scope).toEqual(["coda:read", "coda:write"]);
    expect(await broker.authorize(old.token)).toBeNull();

    const grant = code.split(":")[1]!;
    const given = await eventOf(broker, { grant }, ({ kind }) => kind === "grant");
    expect(given.reason).toBe(`coda:read coda:write; replaces grant ${old.grantId}`);
    const ended = await eventOf(broker, { grant: old.grantId }, ({ kind }) => kind === "revoke");
    expect(ended.reason).toBe(`replaced by grant ${grant}`);
  });

  test("what another client has is not offered to this one", async () => {
    const browser = await signedIn("ada");
    await broker.grant("ada", ["coda:admin"], { scope: "coda:admin" }, browser);
    const { url } = await broker.authorizeUrl({ scope: "coda:read" });
    expect(scopesOn((await browser.open(url)).text)).toEqual(["coda:read"]);
  });

  test("a scope that the policy allows no more is not offered again", async () => {
    const browser = await signedIn("ada");
    const { clientId } = await broker.grant("ada", ["coda:admin"], { scope: "coda:admin" }, browser);
    const { policy } = broker.config;
    await broker.reconfigure({ policy: [{ people: ["github:ada"], scopes: ["coda:write"] }] });
    const { url } = await broker.authorizeUrl({ client_id: clientId, scope: "coda:write" });
    expect(scopesOn((await browser.open(url)).text)).toEqual(["coda:write"]);
    await broker.reconfigure({ policy });
  });
});

test("who unticks every scope allows nothing", async () => {
  const browser = await signedIn("ada");
  const { url } = await broker.authorizeUrl({ resource: CODA });
  const handle = field((await browser.open(url)).text, "handle");
  const { location } = await browser.submit(url, { handle, decision: "approve" });
  expect(new URL(location).searchParams.get("error")).toBe("access_denied");
});

test("a consent form that another site sends is refused", async () => {
  const browser = await signedIn("ada");
  const { url } = await broker.authorizeUrl();
  const handle = field((await browser.open(url)).text, "handle");
  const form = { handle, decision: "approve", scope: "coda:read" };
  expect((await browser.submit(url, form, { origin: "https://evil.example" })).status).toBe(403);
});
