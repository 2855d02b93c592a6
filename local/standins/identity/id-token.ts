import { createHash, createPrivateKey, createPublicKey, type JsonWebKey, sign } from "node:crypto";
import type { Person } from "./people.ts";

/** Of an ID token, in seconds. */
const LIFETIME_S = 3600;

export interface SigningKey {
  kid: string;
  /** RSA, private. */
  privateKey: JsonWebKey;
}

/** The public half, as a JWK set has it (RFC 7517). */
export function publicJwk({ kid, privateKey }: SigningKey): JsonWebKey & { kid: string; use: string; alg: string } {
  const { kty, n, e } = createPublicKey({ key: privateKey, format: "jwk" }).export({ format: "jwk" });
  return { kty, n, e, kid, use: "sig", alg: "RS256" };
}

/** What scopes give of a person: the claims of Google's ID token and of its userinfo endpoint. */
export function claimsOf(person: Person, scopes: readonly string[], origin: string): Record<string, unknown> {
  const { google } = person;
  if (!google) return {};
  const [givenName, ...rest] = person.name.split(" ");
  return {
    sub: google.sub,
    ...(google.hd && { hd: google.hd }),
    ...(scopes.includes("email") && { email: google.email, email_verified: google.emailVerified }),
    ...(scopes.includes("profile") && {
      name: person.name,
      given_name: givenName,
      ...(rest.length > 0 && { family_name: rest.join(" ") }),
      picture: `${origin}/picture/${google.sub}`,
    }),
  };
}

/**
 * An ID token (OpenID Connect Core 1.0, section 2), signed with RS256.
 * @param now milliseconds since 1970
 */
export function idToken(
  key: SigningKey,
  claims: { iss: string; aud: string; nonce?: string } & Record<string, unknown>,
  accessToken: string,
  now: number,
): string {
  const iat = Math.floor(now / 1000);
  // Section 3.1.3.6: the left half of the access token's hash.
  const atHash = createHash("sha256").update(accessToken).digest().subarray(0, 16).toString("base64url");
  const payload = { ...claims, azp: claims.aud, at_hash: atHash, iat, exp: iat + LIFETIME_S };
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString("base64url");
  const signed = `${encode({ alg: "RS256", kid: key.kid, typ: "JWT" })}.${encode(payload)}`;
  const privateKey = createPrivateKey({ key: key.privateKey, format: "jwk" });
  return `${signed}.${sign("RSA-SHA256", Buffer.from(signed), privateKey).toString("base64url")}`;
}
