/** https://developers.cloudflare.com/workers/runtime-apis/web-crypto/#timingsafeequal */
type TimingSafeSubtleCrypto = typeof crypto.subtle & {
  timingSafeEqual(left: ArrayBuffer, right: ArrayBuffer): boolean;
};

/**
 * Whether an `Authorization` header carries this bearer token (RFC 6750 section 2.1). Both sides are hashed first, so
 * that the comparison takes the same time whatever was sent, its length included.
 *
 * @param header the header's value, undefined when it is missing
 * @param expected the secret; an empty or unset one matches nothing
 */
export async function bearerMatches(header: string | undefined, expected: string | undefined): Promise<boolean> {
  const presented = /^Bearer +([\w.~+/-]+=*)$/i.exec(header ?? "")?.[1];
  if (!presented || !expected) return false;
  const [left, right] = await Promise.all([sha256(presented), sha256(expected)]);
  return (crypto.subtle as TimingSafeSubtleCrypto).timingSafeEqual(left, right);
}

function sha256(text: string): Promise<ArrayBuffer> {
  return crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
}
