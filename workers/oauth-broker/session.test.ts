import { afterAll, beforeAll, expect, test } from "vitest";
import { TestBroker } from "./testing/test-broker.ts";
import { TestBrowser } from "./testing/test-browser.ts";

let broker: TestBroker;
let home: string;

beforeAll(async () => {
  broker = await TestBroker.start({ policy: [{ people: ["github:ada"], scopes: ["coda:read"] }] });
  home = `${broker.issuer}/`;
});
afterAll(() => broker?.close());

const isSignedIn = async (browser: TestBrowser) => (await browser.open(home)).text.includes("Your access");
const othersOn = (html: string) => [...html.matchAll(/action="\/sessions\/([\w-]+)\/end"/g)].map(([, id]) => id!);

async function signedIn(person: string): Promise<TestBrowser> {
  const browser = new TestBrowser();
  await browser.signIn(home, person);
  return browser;
}

test("a person sees every browser that is signed in, ends one, and it is signed out at once", async () => {
  const [here, there] = [await signedIn("ada"), await signedIn("ada")];
  const [id] = othersOn((await here.open(home)).text);
  expect(await isSignedIn(there)).toBe(true);
  const done = await here.submit(`${home}sessions/${id}/end`, {});
  expect(done.location).toBe(`${home}?done=session`);
  expect(await isSignedIn(there)).toBe(false);
  expect(othersOn((await here.open(home)).text)).toEqual([]);
});

test("all others are ended at once, and this one stays", async () => {
  const [here, ...others] = [await signedIn("ada"), await signedIn("ada"), await signedIn("ada")];
  await here!.submit(`${home}sessions/end-others`, {});
  expect(await Promise.all(others.map(isSignedIn))).toEqual([false, false]);
  expect(await isSignedIn(here!)).toBe(true);
});

test("nobody ends the session of somebody else", async () => {
  const [ada, grace] = [await signedIn("ada"), await signedIn("grace")];
  const { keys } = await (await broker.kv()).list({ prefix: "session:github-1906:" });
  for (const { name } of keys) await ada.submit(`${home}sessions/${name.split(":")[2]}/end`, {});
  expect(keys.length).toBeGreaterThan(0);
  expect(await isSignedIn(grace)).toBe(true);
});

test("a session is one KV entry that KV forgets after a day, and what is in KV opens nothing", async () => {
  const kv = await broker.kv();
  const count = async () => (await kv.list({ prefix: "session:" })).keys;
  const before = await count();
  const browser = await signedIn("ada");
  const added = (await count()).filter(({ name }) => !before.some((each) => each.name === name));
  expect(added).toHaveLength(1);
  expect(added[0]!.expiration! - Date.now() / 1000).toBeGreaterThan(86_390);
  expect(added[0]!.expiration! - Date.now() / 1000).toBeLessThanOrEqual(86_400);

  const id = added[0]!.name.split(":")[2]!;
  const thief = new TestBrowser(new Map([["__Host-session", `github-1815.${id}`]]));
  expect(await isSignedIn(thief)).toBe(false);
  expect(await isSignedIn(browser)).toBe(true);
});

test("a session that was used long ago is prolonged by use; the next use does not write again", async () => {
  const browser = await signedIn("ada");
  const kv = await broker.kv();
  await browser.submit(`${home}sessions/end-others`, {});
  const [own] = (await kv.list({ prefix: "session:github-1815:" })).keys;
  const value = JSON.parse((await kv.get(own!.name))!);
  const old = { ...value, lastUsed: value.lastUsed - 7_200 };
  await kv.put(own!.name, JSON.stringify(old), { expirationTtl: 3_600, metadata: old });
  await browser.open(home);
  const [prolonged] = (await kv.list({ prefix: "session:github-1815:" })).keys;
  expect(prolonged!.expiration! - Date.now() / 1000).toBeGreaterThan(86_390);
  await kv.put(own!.name, JSON.stringify(value), { expirationTtl: 3_600, metadata: value });
  await browser.open(home);
  const [same] = (await kv.list({ prefix: "session:github-1815:" })).keys;
  expect(same!.expiration! - Date.now() / 1000).toBeLessThanOrEqual(3_600);
});
