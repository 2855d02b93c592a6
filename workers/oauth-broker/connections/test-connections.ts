import { createCodaStandIn } from "../../../local/standins/coda/stand-in.ts";
import { createFirecrawlStandIn } from "../../../local/standins/firecrawl/stand-in.ts";
import { createN8nStandIn } from "../../../local/standins/n8n/stand-in.ts";
import { TestBroker, type TestBrokerOptions } from "../testing/test-broker.ts";
import { TestBrowser } from "../testing/test-browser.ts";
import type { ConnectionRecord } from "./record.ts";

/** What people paste. */
export const TOKENS = { coda: "coda-token-of-ada", firecrawl: "fc-token-of-ada", n8n: "n8n-token-of-ada" };
/** The organisation's own token of Coda; the stand-in knows it as somebody else's. */
export const SHARED_CODA = "coda-token-of-the-organisation";

/** The token endpoint of GitHub in the identity stand-in. */
export const GITHUB_TOKEN_PATH = "/login/oauth/access_token";

/** A broker to which every upstream is connected, and people: Ada may use all of them, Grace Coda and GitHub. */
export async function startConnections(over: Partial<TestBrokerOptions> = {}) {
  const log = () => {};
  const coda = createCodaStandIn({
    tokens: [
      { token: TOKENS.coda, loginId: "ada@example.com", name: "Ada Lovelace" },
      { token: SHARED_CODA, loginId: "robot@example.com", name: "Robot" },
    ],
    log,
  });
  const firecrawl = createFirecrawlStandIn({ keys: [{ key: TOKENS.firecrawl }], allowedHosts: [], log });
  const n8n = createN8nStandIn({ tokens: [TOKENS.n8n], log });
  const broker = await TestBroker.start({
    policy: [
      { people: ["github:ada"], scopes: ["coda:*", "github:*", "firecrawl:*", "n8n:read", "google:connect"] },
      { people: ["github:ada"], scopes: ["coda:connect", "github:connect"] },
      { people: ["github:grace"], scopes: ["coda:*", "github:*"] },
    ],
    standIns: { coda: coda.handler, firecrawl: firecrawl.handler, n8n: n8n.handler },
    config: (standIns) => {
      const github = `${standIns}/identity/github`;
      const google = `${standIns}/identity/google`;
      return {
        connections: {
          coda: { apiUrl: `${standIns}/coda/apis/v1` },
          github: { clientId: "github-connection", siteUrl: github, apiUrl: `${github}/api` },
          google: {
            clientId: "google-connection",
            authorizeUrl: `${google}/o/oauth2/v2/auth`,
            tokenUrl: `${google}/token`,
            userInfoUrl: `${google}/v1/userinfo`,
            revokeUrl: `${google}/revoke`,
          },
          firecrawl: { apiUrl: `${standIns}/firecrawl` },
          n8n: { mcpUrl: `${standIns}/n8n/mcp-server/http` },
        },
      };
    },
    ...over,
  });
  return { broker, coda, firecrawl, n8n };
}

/** A browser in which somebody is signed in. */
export async function signedIn(broker: TestBroker, person: string): Promise<TestBrowser> {
  const browser = new TestBrowser();
  await browser.signIn(`${broker.issuer}/auth/coda`, person);
  return browser;
}

/** Goes to an upstream with OAuth and allows it; answers with the URL of the way back, which is not opened yet. */
export async function allowAtUpstream(
  broker: TestBroker,
  browser: TestBrowser,
  service: "github" | "google",
  { person = "ada", ...form }: { person?: string; return?: string } = {},
): Promise<string> {
  const begun = await browser.submit(`${broker.issuer}/auth/${service}`, form);
  return (await browser.submit(begun.location, { person })).location;
}

/** Connects an upstream with OAuth; answers with what the browser sees at the end. */
export async function connectByOAuth(broker: TestBroker, browser: TestBrowser, service: "github" | "google") {
  return browser.open(await allowAtUpstream(broker, browser, service));
}

/** Pastes a token. */
export function paste(broker: TestBroker, browser: TestBrowser, service: keyof typeof TOKENS, token = TOKENS[service]) {
  return browser.submit(`${broker.issuer}/auth/${service}`, { token });
}

/** What KV has of a person's connection. */
export async function copyInKv(broker: TestBroker, service: string, user = "github-1815") {
  const kv = await broker.kv();
  return (await kv.get(`connection:${user}:${service}`, "json")) as ConnectionRecord | null;
}

/** How often tokens of the connection's GitHub App were renewed, all people together. */
export function refreshes(broker: TestBroker) {
  const ours = broker.identity.stats().filter(({ clientId }) => clientId === "github-connection");
  return {
    done: ours.reduce((sum, each) => sum + each.refreshes, 0),
    refused: ours.reduce((sum, each) => sum + each.refusedRefreshes, 0),
  };
}
