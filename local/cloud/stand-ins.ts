import { join } from "node:path";
import { createCodaStandIn } from "../standins/coda/stand-in.ts";
import { createFirecrawlStandIn } from "../standins/firecrawl/stand-in.ts";
import { createGithubStandIn } from "../standins/github/stand-in.ts";
import { createIdentityStandIn } from "../standins/identity/stand-in.ts";
import { createN8nStandIn } from "../standins/n8n/stand-in.ts";
import { createOtlpStandIn } from "../standins/otlp/stand-in.ts";
import { type StandInServer, serveStandIns } from "../standins/serve.ts";

/** What is known at the stand-ins: accounts of the organisation, and the applications of the broker. */
export interface StandInAccounts {
  /** The broker's public origin, to which the identity providers send people back. */
  brokerUrl: string;
  /** Coda token and Firecrawl key of the organisation. */
  codaToken: string;
  firecrawlKey: string;
  clientSecrets: { github: string; google: string; githubConnection: string; googleConnection: string };
}

/** Ids of the broker's applications at the identity providers. */
const CLIENT_IDS = {
  github: "hybrid-mcp-sign-in",
  google: "hybrid-mcp-sign-in.apps.googleusercontent.com",
  githubConnection: "Iv23hybridmcpconnection",
  googleConnection: "hybrid-mcp-connection.apps.googleusercontent.com",
} as const;

/**
 * Tokens that anybody may paste on the broker's pages to connect an account of the stand-ins. They open nothing but
 * sample data on this machine, and are printed in the README.
 */
export const SAMPLE_TOKENS = {
  coda: "coda-sample-token-of-grace",
  firecrawl: "fc-sample-key-of-grace",
  n8n: "n8n-sample-token",
} as const;

/**
 * Where the stand-ins are, and as which applications the broker is known there.
 *
 * @param origin of their server, e.g. `http://127.0.0.1:8782`
 */
export function standInAddresses(origin: string) {
  const github = { siteUrl: `${origin}/identity/github` };
  const googleUrl = `${origin}/identity/google`;
  const google = { authorizeUrl: `${googleUrl}/o/oauth2/v2/auth`, tokenUrl: `${googleUrl}/token` };
  const upstreams = {
    coda: `${origin}/coda/apis/v1`,
    github: `${origin}/github/api`,
    firecrawl: `${origin}/firecrawl`,
    n8n: `${origin}/n8n`,
  };
  return {
    /** Base URLs of the APIs behind the services. */
    upstreams,
    /** Providers to sign in with. */
    providers: {
      github: { clientId: CLIENT_IDS.github, ...github, apiUrl: `${github.siteUrl}/api` },
      google: { clientId: CLIENT_IDS.google, issuer: googleUrl, ...google, jwksUrl: `${googleUrl}/oauth2/v3/certs` },
    },
    /** Upstreams to connect that need an application. */
    connections: {
      github: { clientId: CLIENT_IDS.githubConnection, ...github, apiUrl: upstreams.github },
      google: {
        clientId: CLIENT_IDS.googleConnection,
        ...google,
        userInfoUrl: `${googleUrl}/v1/userinfo`,
        revokeUrl: `${googleUrl}/revoke`,
      },
    },
  };
}

export interface ServeOptions {
  host: string;
  port: number;
  /** Directory of their state. */
  stateDir: string;
  accounts: StandInAccounts;
  log(line: string): void;
}

/** Serves every stand-in of an outside API: upstreams and identity providers. */
export function serveAllStandIns({ host, port, stateDir, accounts, log }: ServeOptions): Promise<StandInServer> {
  const name = "Hybrid MCP";
  const { clientSecrets, brokerUrl } = accounts;
  const identity = createIdentityStandIn({
    stateDir: join(stateDir, "identity"),
    publicUrl: `http://${host}:${port}/identity`,
    clients: [
      {
        kind: "github-oauth-app",
        clientId: CLIENT_IDS.github,
        clientSecret: clientSecrets.github,
        name,
        redirectUris: [`${brokerUrl}/callback/github`],
      },
      {
        kind: "github-app",
        clientId: CLIENT_IDS.githubConnection,
        clientSecret: clientSecrets.githubConnection,
        name: `${name} (connection)`,
        redirectUris: [`${brokerUrl}/callback/github`],
      },
      {
        kind: "google",
        clientId: CLIENT_IDS.google,
        clientSecret: clientSecrets.google,
        name,
        redirectUris: [`${brokerUrl}/callback/google`],
      },
      {
        kind: "google",
        clientId: CLIENT_IDS.googleConnection,
        clientSecret: clientSecrets.googleConnection,
        name: `${name} (connection)`,
        redirectUris: [`${brokerUrl}/callback/google`],
      },
    ],
    log,
  });
  const coda = createCodaStandIn({
    stateDir,
    tokens: [
      { token: accounts.codaToken, loginId: "ada@example.com", name: "Ada Lovelace" },
      { token: SAMPLE_TOKENS.coda, loginId: "grace@example.com", name: "Grace Hopper" },
    ],
    log,
  });
  const github = createGithubStandIn({
    stateDir: join(stateDir, "github"),
    tokens: [],
    tokenOwner: (token) => identity.holderOf("github", token)?.person.github?.login,
    log,
  });
  const firecrawl = createFirecrawlStandIn({
    keys: [{ key: accounts.firecrawlKey }, { key: SAMPLE_TOKENS.firecrawl }],
    allowedHosts: [`${host}:${port}`],
    log,
  });
  const n8n = createN8nStandIn({ tokens: [SAMPLE_TOKENS.n8n], log });
  return serveStandIns({
    host,
    port,
    standIns: {
      identity: identity.handler,
      coda: coda.handler,
      github: github.handler,
      firecrawl: firecrawl.handler,
      n8n: n8n.handler,
      otlp: createOtlpStandIn().handler,
    },
  });
}
