import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { record } from "./audit/trail.ts";
import { CLIENT, TestBroker } from "./testing/test-broker.ts";

/** A real browser on the real pages: what a person sees and clicks. */

let broker: TestBroker;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  broker = await TestBroker.start({
    policy: [{ people: ["github:ada"], scopes: ["coda:write"] }],
    config: () => ({ administrators: { people: ["github:ada"] } }),
  });
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

test("a client that gives itself a nasty name and address defaces no page", async () => {
  const [nasty, shown] = [`${"A".repeat(300)}\u202Eevil`, `${"A".repeat(59)}…`];
  // Nobody is there: what counts is how the address looks.
  const redirect_uri = `https://${"long.".repeat(45)}example/callback`;
  await page.route("https://*.example/**", (route) => route.fulfill({ body: "back at the client" }));
  const client_id = await broker.registerClient({ client_name: nasty, redirect_uris: [redirect_uri] });
  const { url } = await broker.authorizeUrl({ client_id, redirect_uri });
  await signInAsAda();
  await page.goto(url);
  const width = () => page.evaluate("document.documentElement.scrollWidth");
  await page.getByRole("heading", { name: `Allow ${shown} to use Coda for you?` }).waitFor();
  expect(await page.title()).toBe(`Allow ${shown} to use Coda for you?`);
  expect(await width()).toBe(390);
  await page.getByRole("button", { name: "Allow" }).click();
  await page.getByText("back at the client").waitFor();
  for (const path of ["", "activity", "activity?everyone=1"]) {
    await page.goto(`${broker.issuer}/${path}`);
    await page.getByText(shown).first().waitFor();
    expect(await width(), path).toBe(390);
  }
});

describe("a person's page", () => {
  const WIDTHS = [390, 1280];

  async function openHome(on = page, provider = "GitHub"): Promise<void> {
    await on.goto(`${broker.issuer}/`);
    await on.getByRole("button", { name: `Continue with ${provider}` }).click();
    await on.getByRole("button", { name: "Continue as Ada Lovelace" }).click();
  }
  const newPage = async () => (await browser.newContext()).newPage();

  test("shows who has access; revoking by keyboard ends it", async () => {
    await signInAsAda();
    await page.getByRole("button", { name: "Allow" }).click();
    await page.getByText("back at the client").waitFor();
    const { token } = await broker.grant("ada", ["coda:read"], {
      client_id: await broker.registerClient({ client_name: "Cursor" }),
    });
    await page.goto(`${broker.issuer}/`);
    const revoke = page.getByRole("button", { name: "Revoke the access of Cursor to Coda" });
    await revoke.focus();
    await page.keyboard.press("Enter");
    await page.getByRole("status").getByText("The access has ended.").waitFor();
    expect(await revoke.count()).toBe(0);
    expect(await broker.authorize(token)).toBeNull();
    expect(await page.getByRole("heading", { name: "Inspector" }).count()).toBeGreaterThan(0);
  });

  test("shows where the person is signed in; a browser that is ended there asks for a sign-in", async () => {
    const other = await newPage();
    await openHome(other);
    await openHome();
    await page.getByRole("button", { name: "Sign out everywhere else" }).click();
    await page.getByRole("status").getByText("Every other browser is signed out.").waitFor();
    await other.reload();
    await other.getByRole("heading", { name: "Sign in" }).waitFor();
    expect(await page.getByText("Chrome on Linux").count()).toBe(1);
  });

  test("asks about a second account with the same address; linked after a sign-in with the first", async () => {
    await openHome(await newPage());
    await openHome(page, "Google");
    await page.getByRole("heading", { name: "Is that you?" }).waitFor();
    await page.getByRole("button", { name: "That is me: link with GitHub" }).click();
    await page.getByRole("button", { name: "Continue as Ada Lovelace" }).click();
    await page.getByText("(GitHub and Google, ada@example.com)").waitFor();
  });

  test("shows the activity that the filter asks for, and gives it as a file", async () => {
    const call = {
      kind: "call",
      decision: "allowed",
      user: "github-1815",
      service: "coda",
      tool: "list_rows",
    } as const;
    await record(await broker.database(), [
      { ...call, time: Date.now() },
      { ...call, time: Date.now(), decision: "failed", tool: "upsert_rows", reason: "Coda did not answer" },
    ]);
    await openHome();
    await page.getByRole("link", { name: "Activity" }).click();
    await page.getByRole("img", { name: "Calls per day and service" }).waitFor();
    await page.getByLabel("Result").selectOption("failed");
    await page.getByRole("button", { name: "Show" }).click();
    await page.getByText("Coda did not answer").waitFor();
    expect(await page.getByText("Coda: list_rows").count()).toBe(0);
    await page.getByText("The numbers as a table").click();
    expect(await page.getByRole("table").first().getByRole("cell").allTextContents()).toEqual(["1"]);
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("link", { name: "CSV" }).click(),
    ]);
    expect(download.suggestedFilename()).toBe("activity.csv");
  });

  test.each(WIDTHS)(
    "fits a screen of %i pixels, in light and dark, and the browser has nothing to complain about",
    async (width) => {
      const complaints: string[] = [];
      page.on("console", (message) => complaints.push(message.text()));
      await page.setViewportSize({ width, height: 800 });
      await openHome();
      for (const colorScheme of ["light", "dark"] as const) {
        await page.emulateMedia({ colorScheme });
        for (const path of ["", "activity", "activity?everyone=1", "policy"]) {
          await page.goto(`${broker.issuer}/${path}`);
          expect(await page.evaluate("document.documentElement.scrollWidth"), path).toBe(width);
          expect(await page.evaluate("document.compatMode"), path).toBe("CSS1Compat");
        }
      }
      expect(complaints.filter((text) => !text.includes("favicon"))).toEqual([]);
    },
  );
});
