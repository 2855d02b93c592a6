import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { CLIENT, TestBroker } from "./testing/test-broker.ts";

/** A real browser on the real pages: what a person sees and clicks. */

let broker: TestBroker;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  broker = await TestBroker.start({ policy: [{ people: ["github:ada"], scopes: ["coda:write"] }] });
  browser = await chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"],
  });
});
afterAll(async () => {
  await browser?.close();
  await broker?.close();
});
beforeEach(async () => {
  page = await (await browser.newContext({ viewport: { width: 390, height: 760 } })).newPage();
  // The client's own address: nobody listens there, and only the URL counts.
  await page.route(`${CLIENT}**`, (route) => route.fulfill({ body: "back at the client" }));
});

const authorizeUrl = async () =>
  (await broker.authorizeUrl({ client_id: await broker.registerClient({ client_name: "Inspector" }) })).url;

async function signInAsAda(): Promise<void> {
  await page.goto(await authorizeUrl());
  await page.getByRole("button", { name: "Continue with GitHub" }).click();
  await page.getByRole("button", { name: "Continue as Ada Lovelace" }).click();
  await page.getByRole("heading", { name: "Allow Inspector to use Coda for you?" }).waitFor();
}

test("a person signs in, reads what is asked, and allows it: the client gets its code", async () => {
  await signInAsAda();
  expect(await page.getByRole("checkbox").count()).toBe(2);
  expect(await page.getByText("That is a program on your computer.").isVisible()).toBe(true);
  await page.getByRole("button", { name: "Allow" }).click();
  await page.getByText("back at the client").waitFor();
  const back = new URL(page.url());
  expect([back.searchParams.get("state"), back.searchParams.get("iss")]).toEqual(["the-state", broker.issuer]);
  expect(back.searchParams.get("code")).toBeTruthy();
});

test("by keyboard alone a person declines", async () => {
  await signInAsAda();
  const deny = page.getByRole("button", { name: "Deny" });
  for (let presses = 0; presses < 10 && !(await deny.evaluate((element) => element.matches(":focus"))); presses++) {
    await page.keyboard.press("Tab");
  }
  await page.keyboard.press("Enter");
  await page.getByText("back at the client").waitFor();
  expect(new URL(page.url()).searchParams.get("error")).toBe("access_denied");
});

test("whoever is signed in is not asked to sign in again", async () => {
  await signInAsAda();
  await page.goto(await authorizeUrl());
  expect(await page.getByRole("button", { name: "Allow" }).isVisible()).toBe(true);
});

test("on a phone nothing is wider than the screen", async () => {
  await signInAsAda();
  expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(390);
});
