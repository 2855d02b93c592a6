import { createHash } from "node:crypto";

/** RFC 7636, section 4.2: a challenge of the method S256 is the base64url form of a SHA-256. */
export const S256_CHALLENGE = /^[A-Za-z0-9_-]{43}$/;

/** Whether this is the verifier of an S256 challenge (RFC 7636, section 4.6). */
export function isVerifierOf(challenge: string, verifier: string): boolean {
  return createHash("sha256").update(verifier).digest("base64url") === challenge;
}
