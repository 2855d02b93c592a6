import { createHash, timingSafeEqual } from "node:crypto";
import type { Provider } from "./people.ts";

interface Registration {
  clientId: string;
  clientSecret: string;
  /** What people see on the sign-in page. */
  name: string;
  /** Exact URLs; the first is the default where a request may leave it out (GitHub). */
  redirectUris: [string, ...string[]];
}

/** An application that is registered at one of the providers. */
export type IdentityClient =
  /** A GitHub OAuth app: tokens have scopes and do not expire. */
  | (Registration & { kind: "github-oauth-app" })
  /** A GitHub App: user tokens have the app's permissions, expire after 8 h and are refreshed with a single-use token. */
  | (Registration & {
      kind: "github-app";
      /** Which read permissions it has: to `/user/emails`, and to teams and memberships; default both. */
      permissions?: readonly ("email_addresses" | "members")[];
    })
  /** An OAuth client of a Google project, of the type "web application". */
  | (Registration & { kind: "google" });

export type GitHubClient = Exclude<IdentityClient, { kind: "google" }>;
export type GoogleClient = Extract<IdentityClient, { kind: "google" }>;

/** The provider at which a client is registered. */
export function providerOf(client: IdentityClient): Provider {
  return client.kind === "google" ? "google" : "github";
}

/** Compares in a time that tells nothing about the secret. */
export function hasSecret(client: IdentityClient, secret: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(client.clientSecret), digest(secret));
}

/**
 * @returns user and password of an `Authorization: Basic` header (RFC 7617), undefined without one
 */
export function basicCredentials(header: string | undefined): { clientId: string; secret: string } | undefined {
  const encoded = /^Basic +(\S+) *$/i.exec(header ?? "")?.[1];
  if (encoded === undefined) return undefined;
  const [clientId = "", ...rest] = Buffer.from(encoded, "base64").toString().split(":");
  return { clientId, secret: rest.join(":") };
}

const LOOPBACK_HOSTS = ["127.0.0.1", "[::1]", "localhost"];

/**
 * Whether GitHub sends people to this URL: it is a registered one, or differs from a registered loopback URL only in
 * the port (https://docs.github.com/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps#loopback-redirect-urls).
 * Subdirectories, which GitHub allows OAuth apps and not GitHub Apps, are refused to both.
 */
export function mayRedirectFromGitHub(client: GitHubClient, redirectUri: string): boolean {
  if (client.redirectUris.includes(redirectUri)) return true;
  if (!URL.canParse(redirectUri)) return false;
  const wanted = new URL(redirectUri);
  if (wanted.protocol !== "http:" || !LOOPBACK_HOSTS.includes(wanted.hostname)) return false;
  return client.redirectUris.some((registered) => {
    const url = new URL(registered);
    url.port = wanted.port;
    return url.href === wanted.href;
  });
}
