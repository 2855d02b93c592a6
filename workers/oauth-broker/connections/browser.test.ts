import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startConnections, TOKENS } from "./test-connections.ts";

/** A real browser on the pages with which a person connects. */

let world: Awaited<ReturnType<typeof startConnections>>;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  world = await startConnections();
  browser = await chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"],
  });
  page = await (await browser.newContext({ viewport: { width: 390, height: 760 } })).newPage();
  await page.goto(`${world.broker.issuer}/auth/github`);
  await page.getByRole("button", { name: "Continue with GitHub" }).click();
  await page.getByRole("button", { name: "Continue as Ada Lovelace" }).click();
});
afterAll(async () => {
  await browser?.close();
  await world?.broker.close();
});

test("a person connects at the upstream, comes back, and disconnects", async () => {
  await page.getByRole("button", { name: "Connect GitHub" }).click();
  await page.getByRole("button", { name: "Continue as Ada Lovelace" }).click();
  await page.getByText("You are connected as ada since").waitFor();
  await page.getByRole("button", { name: "Disconnect" }).click();
  await page.getByText("Your GitHub account is not connected.").waitFor();
});

test("a person pastes a token, is told that it is no good, and pastes the right one", async () => {
  await page.goto(`${world.broker.issuer}/auth/coda`);
  await page.getByLabel("Token").fill("another-token");
  await page.keyboard.press("Enter");
  await page.getByRole("alert").getByText("Coda did not take it. Nothing was changed.").waitFor();
  await page.getByLabel("Token").fill(TOKENS.coda);
  await page.getByRole("button", { name: "Connect Coda" }).click();
  await page.getByText("You are connected as ada@example.com since").waitFor();
  expect(await page.getByLabel("Token").inputValue()).toBe("");
  expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(390);
});
