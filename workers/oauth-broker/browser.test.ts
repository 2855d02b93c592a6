import { bundleWorker } from "@hybrid-mcp/service-kit/bundle";
import { Miniflare } from "miniflare";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { createIdentityStandIn } from "../../local/standins/identity/stand-in.ts";
import { type StandInServer, serveStandIns } from "../../local/standins/serve.ts";
import { type AuditDatabase, migrate } from "./audit/database.ts";

/** A real browser on the real pages: what a person sees and clicks. */

const CLIENT = "http://localhost:1/callback";

let broker: Miniflare;
let issuer: string;
let standIns: StandInServer;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  let identity: ReturnType<typeof createIdentityStandIn> | undefined;
  standIns = await serveStandIns({
    host: "127.0.0.1",
    port: 0,
    standIns: { identity: (request) => identity!.handler(request) },
  });
  const port = 20_000 + Math.floor(Math.random() * 20_000);
  issuer = `http://localhost:${port}`;
  identity = createIdentityStandIn({
    clients: [
      {
        kind: "github-oauth-app",
        clientId: "github-client",
        clientSecret: "github-secret",
        name: "Hybrid MCP",
        redirectUris: [`${issuer}/callback/github`],
      },
    ],
    log: () => {},
  });
  const site = `${standIns.origin}/identity/github`;
  const { contents } = await bundleWorker(import.meta.dirname);
  broker = new Miniflare({
    host: "127.0.0.1",
    port,
    modules: [{ type: "ESModule", path: "worker.js", contents }],
    compatibilityDate: "2026-07-01",
    kvNamespaces: ["OAUTH_KV"],
    d1Databases: ["AUDIT"],
    bindings: {
      BROKER_CONFIG: {
        issuer,
        resources: { coda: "https://coda-mcp.example.com/mcp" },
        providers: { github: { clientId: "github-client", siteUrl: site, apiUrl: `${site}/api` } },
        policy: [{ people: ["github:ada"], scopes: ["coda:write"] }],
      },
      GITHUB_CLIENT_SECRET: "github-secret",
      CONSENT_SECRET: "0123456789abcdef0123456789abcdef",
      SERVICE_SECRETS: "{}",
      SIGNING_KEYS: "[]",
    },
  });
  await broker.ready;
  await migrate((await broker.getD1Database("AUDIT")) as unknown as AuditDatabase);
  browser = await chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"],
  });
});
afterAll(async () => {
  await browser?.close();
  await broker?.dispose();
  await standIns?.close();
});
beforeEach(async () => {
  page = await (await browser.newContext({ viewport: { width: 390, height: 760 } })).newPage();
  // The client's own address: nobody listens there, and only the URL counts.
  await page.route(`${CLIENT}**`, (route) => route.fulfill({ body: "back at the client" }));
});

async function authorizeUrl(): Promise<string> {
  const response = await fetch(`${issuer}/oauth/register`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ client_name: "Inspector", redirect_uris: [CLIENT], token_endpoint_auth_method: "none" }),
  });
  const { client_id } = (await response.json()) as { client_id: string };
  const query = new URLSearchParams({
    response_type: "code",
    client_id,
    redirect_uri: CLIENT,
    state: "the-state",
    resource: "https://coda-mcp.example.com/mcp",
    code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    code_challenge_method: "S256",
  });
  return `${issuer}/authorize?${query}`;
}

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
  expect([back.searchParams.get("state"), back.searchParams.get("iss")]).toEqual(["the-state", issuer]);
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
