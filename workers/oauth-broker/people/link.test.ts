import { afterAll, beforeAll, expect, test } from "vitest";
import { TestBroker } from "../testing/test-broker.ts";
import { TestBrowser } from "../testing/test-browser.ts";
import { eventOf } from "../testing/trail-of.ts";
import type { PersonRecord } from "./person-record.ts";

/** Each test has people of its own: who is known stays known. */
const person = (id: string, n: number, over: { github?: string; verified?: boolean; google?: string } = {}) => {
  const email = `${id}@example.com`;
  return {
    id,
    name: id,
    github: {
      login: id,
      id: n,
      emails: [
        { email: over.github ?? email, verified: over.verified ?? true, primary: false },
        { email: `${id}@home.example`, verified: true, primary: true },
      ],
      orgs: ["navy"],
      teams: [],
    },
    google: { sub: `9${n}`, email: over.google ?? email, emailVerified: over.verified ?? true },
  };
};

let broker: TestBroker;
let home: string;

beforeAll(async () => {
  broker = await TestBroker.start({
    policy: [{ githubOrganizations: ["navy"], scopes: ["coda:read"] }],
    people: [
      person("linda", 1),
      person("keeper", 2),
      person("liar", 3, { verified: false }),
      person("old-holder", 4, { google: "old-holder@elsewhere.example" }),
      person("new-holder", 5, { google: "old-holder@example.com", github: "old-holder@example.com" }),
      person("mover", 6),
      person("late", 7),
      person("hesitant", 8),
    ],
  });
  home = `${broker.issuer}/`;
});
afterAll(() => broker?.close());

/** Signs in with Google, having signed in with GitHub before in another browser, and says what they are asked. */
async function askedAfterGitHub(who: string) {
  await new TestBrowser().signIn(home, who, "github");
  const browser = new TestBrowser();
  return { browser, page: await browser.signIn(home, who, "google") };
}

/** Answers "that is me" and signs in with GitHub as somebody. */
async function linkAs(browser: TestBrowser, who: string) {
  const toGitHub = await browser.submit(`${broker.issuer}/sign-in/link`, { decision: "link" });
  const back = await browser.submit(toGitHub.location, { person: who });
  return browser.open(back.location);
}

test("the second account of a person is linked after asking and a sign-in with the first: one person, whichever is used", async () => {
  const { browser, page } = await askedAfterGitHub("linda");
  expect(page.text).toContain("<strong>GitHub</strong> as <strong>linda</strong>");
  expect((await linkAs(browser, "linda")).location).toBe(home);
  expect((await browser.open(home)).text).toContain("GitHub and Google");

  const { text } = await new TestBrowser().signIn(home, "linda", "google");
  expect(text).toContain("GitHub and Google");
  const link = await eventOf(broker, { user: "github-1" }, ({ kind }) => kind === "link");
  expect(link).toMatchObject({ decision: "allowed", reason: "google-91 is the same person" });
  // What GitHub told of organisations counts for a sign-in with Google.
  expect(text).not.toContain("Nothing on this platform is open to you");
});

test("what an account told a month ago counts no more when the person signs in with the other one", async () => {
  const kv = await broker.kv();
  const record = JSON.parse((await kv.get("person:github-1"))!) as PersonRecord;
  record.accounts[0]!.toldAt -= 31 * 86_400;
  await kv.put("person:github-1", JSON.stringify(record));
  const { text } = await new TestBrowser().signIn(home, "linda", "google");
  expect(text).toContain("GitHub and Google");
  expect(text).toContain("Nothing on this platform is open to you");
  const again = await new TestBrowser().signIn(home, "linda", "github");
  expect(again.text).not.toContain("Nothing on this platform is open to you");
});

test("before the answer the browser is signed in as nobody", async () => {
  const { browser } = await askedAfterGitHub("late");
  expect((await browser.open(home)).text).toContain("Continue with Google");
});

test("who does not answer, and signs in with the first account again, is not linked", async () => {
  const { browser } = await askedAfterGitHub("hesitant");
  expect((await browser.signIn(home, "hesitant", "github")).text).toContain("(GitHub,");
});

test("who keeps the accounts apart is two people, and is not asked again", async () => {
  const { browser } = await askedAfterGitHub("keeper");
  await browser.submit(`${broker.issuer}/sign-in/link`, { decision: "apart" });
  const { text } = await browser.open(home);
  expect(text).toContain("(Google,");
  expect(text).toContain("Nothing on this platform is open to you");
  expect((await new TestBrowser().signIn(home, "keeper", "google")).text).toContain("(Google,");
  const link = await eventOf(broker, { user: "google-92" }, ({ kind }) => kind === "link");
  expect(link).toMatchObject({ decision: "denied", reason: "kept apart from github-2" });
});

test("an address that is not verified leads to no question", async () => {
  const { page } = await askedAfterGitHub("liar");
  expect(page.text).toContain("(Google)");
});

test("the new holder of somebody's address is asked, but gets nothing without that person's own account", async () => {
  await new TestBrowser().signIn(home, "old-holder", "github");
  const browser = new TestBrowser();
  expect((await browser.signIn(home, "new-holder", "google")).text).toContain("<strong>old-holder</strong>");
  const answer = await linkAs(browser, "new-holder");
  expect([answer.status, answer.text.includes("with another account than the one that you used before")]).toEqual([
    409,
    true,
  ]);
  const { text } = await browser.open(home);
  expect(text).toContain("<strong>new-holder</strong> (GitHub,");
});

test("accounts whose addresses differ by now are not linked", async () => {
  const { browser } = await askedAfterGitHub("mover");
  broker.identity.changePerson("mover", {
    github: { emails: [{ email: "mover@home.example", verified: true, primary: true }] },
  });
  const answer = await linkAs(browser, "mover");
  expect(answer.text).toContain("do not share a verified address any more");
});

test("the question is this browser's: another one has none to answer, and no other site can", async () => {
  const { browser } = await askedAfterGitHub("late");
  const link = `${broker.issuer}/sign-in/link`;
  expect((await new TestBrowser().submit(link, { decision: "link" })).status).toBe(400);
  expect((await browser.submit(link, { decision: "link" }, { origin: "https://evil.example" })).status).toBe(403);
  await browser.submit(link, { decision: "apart" });
  expect((await browser.submit(link, { decision: "link" })).status).toBe(400);
});
