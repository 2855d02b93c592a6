import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { hostNames } from "@hybrid-mcp/catalogue";
import { parse, stringify } from "yaml";
import { CLIENT_IDS } from "../cloud/stand-ins.ts";
import { type LocalStack, merge, repositoryRoot, type Values, writePrivately } from "./stack.ts";

/** Images that the local stack uses instead of the public ones. */
export interface LocalImages {
  base: string;
  cloudflared: string;
}

/**
 * Writes the stack's Pulumi project: the checkout's own `Pulumi.yaml` and program, and a stack config made of the local
 * cloud's addresses, under what the tracked file and the flags say.
 */
export function writeProject(stack: LocalStack, images: LocalImages): void {
  const project = stack.path("project");
  mkdirSync(project, { recursive: true });
  writePrivately(join(project, "Pulumi.yaml"), readFileSync(join(repositoryRoot, "Pulumi.yaml"), "utf8"));
  // The program of this checkout, wherever the stack's directory came from.
  const link = join(project, "infra");
  rmSync(link, { force: true });
  symlinkSync(join(repositoryRoot, "infra"), link);

  const file = join(project, "Pulumi.local.yaml");
  const before = existsSync(file) ? (parse(readFileSync(file, "utf8")) as { config?: Values } & Values) : {};
  // The stack's salt and its encrypted values stay as the CLI wrote them.
  const secrets = Object.entries(before.config ?? {}).filter(([, value]) => isSecret(value));
  const values = merge(localValues(stack, images), stack.settings);
  const config = {
    ...Object.fromEntries(Object.entries(values).map(([key, value]) => [`hybrid-mcp:${key}`, value])),
    ...Object.fromEntries(secrets),
  };
  writePrivately(file, stringify({ ...before, config }));
}

function isSecret(value: unknown): boolean {
  return typeof value === "object" && value !== null && "secure" in value;
}

/** What differs from a real account: endpoints, ids, images and names; nothing else. */
function localValues(stack: LocalStack, images: LocalImages): Values {
  const { identity, ports, subnet, tls } = stack;
  const inContainer = identity.containers === "docker" ? subnet.gateway : "127.0.0.1";
  const standIns = `http://127.0.0.1:${ports.standIns}`;
  const upstream = (path: string) => ({
    upstreamUrl: standIns + path,
    dropletUpstreamUrl: `http://${inContainer}:${ports.standIns}${path}`,
  });
  const google = `${standIns}/identity/google`;
  return {
    name: stack.name,
    cloudflare: { accountId: identity.accountId, zoneId: identity.zoneId, workersSubdomain: "local" },
    services: {
      coda: upstream("/coda/apis/v1"),
      github: upstream("/github/api"),
      firecrawl: { ...upstream("/firecrawl"), allowedHosts: [`127.0.0.1:${ports.standIns}`] },
    },
    auth: {
      github: {
        clientId: CLIENT_IDS.github,
        siteUrl: `${standIns}/identity/github`,
        apiUrl: `${standIns}/identity/github/api`,
      },
      google: {
        clientId: CLIENT_IDS.google,
        issuer: google,
        authorizeUrl: `${google}/o/oauth2/v2/auth`,
        tokenUrl: `${google}/token`,
        jwksUrl: `${google}/oauth2/v3/certs`,
      },
      connections: {
        github: {
          clientId: CLIENT_IDS.githubConnection,
          siteUrl: `${standIns}/identity/github`,
          apiUrl: `${standIns}/github/api`,
        },
        google: {
          clientId: CLIENT_IDS.googleConnection,
          authorizeUrl: `${google}/o/oauth2/v2/auth`,
          tokenUrl: `${google}/token`,
          userInfoUrl: `${google}/v1/userinfo`,
          revokeUrl: `${google}/revoke`,
        },
        n8n: { apiUrl: `${standIns}/n8n` },
      },
      dropletUrl: `http://${inContainer}:${stack.portOf("oauth-broker")}`,
    },
    droplet: { dockerHost: `unix://${stack.engineSocket}`, subnet: subnet.cidr, images },
    tunnel: { edge: `${inContainer}:${ports.edge}` },
    cutover: { dial: tls ? `https://127.0.0.1:${tls.port}` : `http://127.0.0.1:${ports.edge}` },
    ...(!tls && { publicUrls: Object.fromEntries(hostNames.map((name) => [name, stack.publicUrl(name)])) }),
  };
}

/** What the program is told as secrets, by key: the stack keeps them encrypted, as on a real account. */
export function secretValues({ identity }: LocalStack): Values {
  return {
    clientSecrets: identity.clientSecrets,
    sharedConnections: { coda: identity.codaToken, firecrawl: identity.firecrawlKey },
  };
}
