import { authorizeUrl } from "../authorize-url.ts";
import type { GitHubProvider } from "../config.ts";
import { providerJson, SignInError, type SignInProvider } from "./provider.ts";

const TITLE = "GitHub";
/** Who somebody is, the verified addresses, and the organisations and teams that a policy may name. */
const SCOPES = "read:user user:email read:org";
/** As many organisations, teams and addresses as one page gives. */
const PER_PAGE = "100";

interface User {
  id: number;
  login: string;
  name: string | null;
}

/** https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps#web-application-flow */
export function github(config: GitHubProvider, clientSecret: string): SignInProvider {
  return {
    title: TITLE,
    authorizeUrl: (begun) =>
      authorizeUrl(`${config.siteUrl}/login/oauth/authorize`, { client_id: config.clientId, scope: SCOPES }, begun),
    async person({ code, redirectUri, codeVerifier }) {
      // GitHub answers errors with 200.
      const token = await providerJson<{ access_token?: string; error?: string }>(
        TITLE,
        `${config.siteUrl}/login/oauth/access_token`,
        {
          method: "POST",
          headers: { accept: "application/json" },
          body: new URLSearchParams({
            client_id: config.clientId,
            client_secret: clientSecret,
            code,
            redirect_uri: redirectUri,
            code_verifier: codeVerifier,
          }),
        },
      );
      if (!token.access_token) throw new SignInError(`GitHub refused the sign-in (${token.error ?? "no token"}).`);
      const get = <Body>(path: string) => {
        const url = new URL(config.apiUrl + path);
        url.searchParams.set("per_page", PER_PAGE);
        return providerJson<Body>(TITLE, url, {
          headers: {
            authorization: `Bearer ${token.access_token}`,
            accept: "application/vnd.github+json",
            "user-agent": "hybrid-mcp",
          },
        });
      };
      const [user, emails, organizations, teams] = await Promise.all([
        get<User>("/user"),
        get<{ email: string; verified: boolean }[]>("/user/emails"),
        get<{ login: string }[]>("/user/orgs"),
        get<{ slug: string; organization: { login: string } }[]>("/user/teams"),
      ]);
      return {
        id: `github-${user.id}`,
        accounts: [`github-${user.id}`],
        name: user.name ?? user.login,
        login: user.login,
        emails: emails.filter(({ verified }) => verified).map(({ email }) => email.toLowerCase()),
        organizations: organizations.map(({ login }) => login.toLowerCase()),
        teams: teams.map(({ slug, organization }) => `${organization.login}/${slug}`.toLowerCase()),
      };
    },
  };
}
