import { expect } from "vitest";
import type { IdentityClient } from "./client.ts";
import { createIdentityStandIn, type IdentityStandInOptions } from "./stand-in.ts";

export const BASE = "http://127.0.0.1:8782/identity";
export const CALLBACK = "http://localhost:8789/callback/github";

const registration = (clientId: string) => ({
  clientId,
  clientSecret: `${clientId}-secret`,
  name: "The <broker> & co",
  redirectUris: [CALLBACK, "https://auth.example.com/callback/github?from=x"] as [string, ...string[]],
});

export const OAUTH_APP: IdentityClient = { kind: "github-oauth-app", ...registration("oauth-app") };
export const GITHUB_APP: IdentityClient = { kind: "github-app", ...registration("github-app") };
export const GOOGLE: IdentityClient = { kind: "google", ...registration("google-client") };

// biome-ignore lint/suspicious/noExplicitAny: bodies are judged by what tests expect of them
export type Body = any;

/** A stand-in with a clock of its own and a browser's and a client's way of using it. */
export function testIdentity(options: Partial<IdentityStandInOptions> = {}) {
  const clock = { now: Date.UTC(2026, 0, 1) };
  const logged: string[] = [];
  const standIn = createIdentityStandIn({
    clients: [OAUTH_APP, GITHUB_APP, GOOGLE],
    log: (line) => logged.push(line),
    now: () => clock.now,
    ...options,
  });

  const send = (path: string, init: RequestInit = {}) =>
    standIn.handler(
      new Request(path.startsWith("http") ? path : BASE + path, {
        ...init,
        headers: { "user-agent": "test", ...init.headers },
      }),
    );

  /** Sends the form of the sign-in page; returns where the browser is sent. */
  const choose = async (url: string, form: Record<string, string>) => {
    const response = await send(url, { method: "POST", body: new URLSearchParams(form) });
    expect(response.status, await response.clone().text()).toBe(302);
    return new URL(response.headers.get("location")!);
  };

  const authorizeUrl = (provider: "github" | "google", parameters: Record<string, string>) => {
    const path = provider === "github" ? "/github/login/oauth/authorize" : "/google/o/oauth2/v2/auth";
    return `${BASE}${path}?${new URLSearchParams({ redirect_uri: CALLBACK, state: "s/1 2", ...parameters })}`;
  };

  const token = async (provider: "github" | "google", parameters: Record<string, string>) => {
    const path = provider === "github" ? "/github/login/oauth/access_token" : "/google/token";
    const response = await send(path, {
      method: "POST",
      headers: { accept: "application/json" },
      body: new URLSearchParams(parameters),
    });
    return { status: response.status, body: (await response.json()) as Body };
  };

  const credentials = (client: IdentityClient) => ({ client_id: client.clientId, client_secret: client.clientSecret });

  return {
    ...{ standIn, clock, logged, send, choose, authorizeUrl, token, credentials },
    async code(client: IdentityClient, person: string, parameters: Record<string, string> = {}) {
      const provider = client.kind === "google" ? "google" : "github";
      const google: Record<string, string> = provider === "google" ? { response_type: "code" } : {};
      const url = authorizeUrl(provider, { client_id: client.clientId, ...google, ...parameters });
      return (await choose(url, { person })).searchParams.get("code")!;
    },
    /** The whole way to tokens. */
    async tokens(client: IdentityClient, person: string, parameters: Record<string, string> = {}): Promise<Body> {
      const provider = client.kind === "google" ? "google" : "github";
      const { status, body } = await token(provider, {
        ...credentials(client),
        code: await this.code(client, person, parameters),
        redirect_uri: CALLBACK,
        grant_type: "authorization_code",
      });
      expect(status).toBe(200);
      expect(body, JSON.stringify(body)).toHaveProperty("access_token");
      return body;
    },
    refresh: (client: IdentityClient, refreshToken: string) =>
      token(client.kind === "google" ? "google" : "github", {
        ...credentials(client),
        grant_type: "refresh_token",
        refresh_token: refreshToken,
      }),
    async api(path: string, accessToken: string, init: RequestInit = {}) {
      const response = await send(path.startsWith("http") ? path : `/github/api${path}`, {
        ...init,
        headers: { authorization: `Bearer ${accessToken}` },
      });
      const text = await response.text();
      return {
        status: response.status,
        headers: response.headers,
        body: (text ? JSON.parse(text) : undefined) as Body,
      };
    },
    async userinfo(accessToken: string) {
      const response = await send("/google/v1/userinfo", { headers: { authorization: `Bearer ${accessToken}` } });
      return { status: response.status, headers: response.headers, body: (await response.json()) as Body };
    },
  };
}
