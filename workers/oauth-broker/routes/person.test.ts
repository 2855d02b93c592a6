import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { TestBroker } from "../testing/test-broker.ts";
import { TestBrowser } from "../testing/test-browser.ts";
import { eventOf } from "../testing/trail-of.ts";

let broker: TestBroker;
let home: string;

beforeAll(async () => {
  broker = await TestBroker.start({
    policy: [{ people: ["github:ada", "github:grace"], scopes: ["coda:write"] }],
    config: () => ({ administrators: { people: ["github:ada"] } }),
  });
  home = `${broker.issuer}/`;
});
afterAll(() => broker?.close());

async function signedIn(person: string): Promise<TestBrowser> {
  const browser = new TestBrowser();
  await browser.signIn(home, person);
  return browser;
}
const revoke = (browser: TestBrowser, grant: string) => browser.submit(`${home}grants/${grant}/revoke`, {});

describe("programs with access", () => {
  test("are shown with where the access goes and what it is, and one that is revoked is refused at once", async () => {
    const browser = await signedIn("ada");
    const client_id = await broker.registerClient({ client_name: "Inspector" });
    const { token, grantId, clientId } = await broker.grant("ada", ["coda:write"], { client_id }, browser);
    const { text } = await browser.open(home);
    expect(text).toContain('<bdi>Inspector</bdi> <span class="tag">Coda</span>');
    expect(text).toContain("<li>Add and change pages and rows in your Coda docs <small>coda:write</small> </li>");
    expect(text).toContain("Access goes to <bdi>localhost</bdi>.");
    expect(text).toContain("not used yet");

    expect(await broker.authorize(token)).not.toBeNull();
    expect((await revoke(browser, grantId)).location).toBe(`${home}?done=revoked`);
    expect(await broker.authorize(token)).toBeNull();
    expect((await browser.open(home)).text).not.toContain("Inspector");
    const event = await eventOf(broker, { grant: grantId }, ({ kind }) => kind === "revoke");
    expect(event).toMatchObject({ decision: "allowed", user: "github-1815", client: clientId, service: "coda" });
  });

  test("show when they were used last, from the audit trail", async () => {
    const browser = await signedIn("ada");
    const { grantId } = await broker.grant("ada", ["coda:read"], {}, browser);
    const time = Date.UTC(2026, 0, 2, 3, 4);
    const call = { kind: "call", decision: "allowed", service: "coda", user: "github-1815", grant: grantId };
    await broker.rpc("record", [
      { ...call, time: time - 1_000_000 },
      { ...call, time },
    ]);
    expect((await browser.open(home)).text).toContain(">2 Jan 2026, 03:04 UTC</time>. <a");
  });

  test("that the policy has closed since then are shown so", async () => {
    const browser = await signedIn("grace");
    await broker.grant("grace", ["coda:write"], {}, browser);
    const { policy } = broker.config;
    await broker.reconfigure({ policy: [{ people: ["github:grace"], scopes: ["coda:read"] }] });
    expect((await browser.open(home)).text).toContain("<s>Add and change pages and rows in your Coda docs</s>");
    await broker.reconfigure({ policy });
  });

  test("of somebody else cannot be revoked", async () => {
    const { token, grantId } = await broker.grant("grace", ["coda:read"]);
    await revoke(await signedIn("ada"), grantId);
    expect(await broker.authorize(token)).not.toBeNull();
  });

  test("refreshes are in the trail, and a grant that its client gives back too", async () => {
    const { refreshToken, clientId, grantId } = await broker.grant("ada", ["coda:read"]);
    const post = (form: Record<string, string>) =>
      fetch(`${broker.issuer}/oauth/token`, {
        method: "POST",
        body: new URLSearchParams({ client_id: clientId, ...form }),
      });
    const refreshed = await post({ grant_type: "refresh_token", refresh_token: refreshToken });
    const { refresh_token } = (await refreshed.json()) as { refresh_token: string };
    expect(await eventOf(broker, { grant: grantId }, ({ kind }) => kind === "refresh")).toMatchObject({
      decision: "allowed",
      service: "coda",
    });
    await post({ grant_type: "refresh_token", refresh_token: `github-1815:${grantId}:${"x".repeat(32)}` });
    expect(
      await eventOf(broker, { grant: grantId }, ({ kind, decision }) => kind === "refresh" && decision === "denied"),
    ).toMatchObject({ reason: "invalid_grant" });
    expect((await post({ token: refresh_token })).status).toBe(200);
    expect((await eventOf(broker, { grant: grantId }, ({ kind }) => kind === "revoke")).reason).toBe(
      "the client gave it back",
    );
  });

  test("end by themselves when they are not used, and each refresh prolongs them", async () => {
    await broker.reconfigure({ grantIdleDays: 7 });
    const { refreshToken, clientId, grantId } = await broker.grant("ada", ["coda:read"]);
    const daysLeft = async () => {
      const { keys } = await (await broker.kv()).list({ prefix: `grant:github-1815:${grantId}` });
      return Math.round((keys[0]!.expiration! - Date.now() / 1000) / 8_640) / 10;
    };
    expect(await daysLeft()).toBe(7);
    await broker.reconfigure({ grantIdleDays: 9 });
    const body = { grant_type: "refresh_token", refresh_token: refreshToken, client_id: clientId };
    await fetch(`${broker.issuer}/oauth/token`, { method: "POST", body: new URLSearchParams(body) });
    expect(await daysLeft()).toBe(9);
    await broker.reconfigure({ grantIdleDays: 30 });
  });
});

test.each([
  ["/grants/x/revoke"],
  ["/sessions/x/end"],
  ["/sessions/end-others"],
  ["/sign-out"],
  ["/sign-in"],
  ["/sign-in/link"],
])("POST %s from another site is refused, and so is one without an origin", async (path) => {
  const browser = await signedIn("ada");
  for (const origin of ["https://evil.example", "null", ""]) {
    expect((await browser.submit(broker.issuer + path, {}, { origin })).status).toBe(403);
  }
  expect((await browser.open(home)).text).toContain("Your access");
});

test("who may do nothing is told so, and by which name they could be allowed", async () => {
  const { text } = await (await signedIn("nobody")).open(home);
  expect(text).toContain("Nothing on this platform is open to you yet.");
  expect(text).toContain("github:nobody or nobody@nowhere.example");
});

describe("the policy in force", () => {
  test("is shown to administrators", async () => {
    const { text } = await (await signedIn("ada")).open(`${home}policy`);
    expect(text).toContain("github:grace");
    expect(text).toContain("<code>coda:write</code>");
  });

  test("is nobody else's to see, and is not linked for them", async () => {
    const browser = await signedIn("grace");
    expect((await browser.open(`${home}policy`)).status).toBe(403);
    expect((await browser.open(home)).text).not.toContain("/policy");
    await eventOf(broker, { user: "github-1906", decision: "denied" }, ({ kind }) => kind === "view");
  });

  test("has no administrators unless the config names some", async () => {
    await broker.reconfigure({ administrators: {} });
    expect((await (await signedIn("ada")).open(`${home}policy`)).status).toBe(403);
    await broker.reconfigure({ administrators: { people: ["github:ada"] } });
  });
});

test("a person's pages are kept by no cache, and ask whoever is not signed in to sign in", async () => {
  const browser = await signedIn("ada");
  for (const path of ["", "activity", "policy", "activity.csv"]) {
    expect((await browser.open(home + path)).headers.get("cache-control")).toBe("no-store");
    const { text, location } = await new TestBrowser().open(home + path);
    expect(text.includes("Continue with GitHub") || location === `${home}sign-in?return=%2Factivity`).toBe(true);
  }
});
