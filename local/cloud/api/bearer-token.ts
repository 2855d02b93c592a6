import { createHash, timingSafeEqual } from "node:crypto";

/**
 * Compares the request's bearer token (RFC 6750, section 2.1) with the expected one in constant time.
 * @returns `missing` without an Authorization header, `malformed` if it is no bearer token
 */
export function checkBearerToken(request: Request, expected: string): "valid" | "invalid" | "malformed" | "missing" {
  const header = request.headers.get("authorization");
  if (!header) return "missing";
  const token = /^Bearer +([^\s]+) *$/i.exec(header)?.[1];
  if (token === undefined) return "malformed";
  // Hashes have one length, so that the comparison does not tell how long the expected token is.
  return timingSafeEqual(digest(token), digest(expected)) ? "valid" : "invalid";
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
