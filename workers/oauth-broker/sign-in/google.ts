import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from "jose";
import { authorizeUrl } from "../authorize-url.ts";
import type { GoogleProvider } from "../config.ts";
import { providerJson, SignInError, type SignInProvider } from "./provider.ts";

const TITLE = "Google";

interface Claims {
  sub: string;
  name?: string;
  email?: string;
  email_verified?: boolean;
  nonce?: string;
}

/** https://developers.google.com/identity/openid-connect/openid-connect */
export function google(config: GoogleProvider, clientSecret: string): SignInProvider {
  return {
    title: TITLE,
    authorizeUrl({ nonce, ...begun }) {
      const own = { response_type: "code", client_id: config.clientId, scope: "openid email profile", nonce };
      return authorizeUrl(config.authorizeUrl, own, begun);
    },
    async person({ code, redirectUri, codeVerifier, nonce }) {
      const { id_token } = await providerJson<{ id_token?: string }>(TITLE, config.tokenUrl, {
        method: "POST",
        body: new URLSearchParams({
          grant_type: "authorization_code",
          client_id: config.clientId,
          client_secret: clientSecret,
          code,
          redirect_uri: redirectUri,
          code_verifier: codeVerifier,
        }),
      });
      const claims = await verified(config, id_token ?? "");
      if (claims.nonce !== nonce) throw new SignInError("Google vouched for another sign-in. Start again.");
      return {
        id: `google-${claims.sub}`,
        accounts: [`google-${claims.sub}`],
        name: claims.name ?? claims.email ?? claims.sub,
        emails: claims.email && claims.email_verified === true ? [claims.email.toLowerCase()] : [],
        organizations: [],
        teams: [],
      };
    },
  };
}

/** OpenID Connect Core section 3.1.3.7. */
async function verified(config: GoogleProvider, idToken: string): Promise<Claims> {
  const keys = createLocalJWKSet(await providerJson<JSONWebKeySet>(TITLE, config.jwksUrl));
  try {
    const { payload } = await jwtVerify<Claims>(idToken, keys, {
      issuer: config.issuer,
      audience: config.clientId,
      algorithms: ["RS256"],
    });
    return payload;
  } catch {
    throw new SignInError("Google's answer could not be verified. Start again.");
  }
}
