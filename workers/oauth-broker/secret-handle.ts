/** A new secret that a browser or a URL carries: 256 random bits, base64url. */
export function newHandle(): string {
  return base64url(crypto.getRandomValues(new Uint8Array(32)));
}

/** The key under which something is stored for a handle: its SHA-256, so that reading the store reveals no handle. */
export async function storageKey(kind: string, handle: string): Promise<string> {
  return `${kind}:${await sha256(handle)}`;
}

/** Base64url of the SHA-256 of a text; also the S256 code challenge of RFC 7636 section 4.2. */
export async function sha256(text: string): Promise<string> {
  return base64url(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text))));
}

function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replace(/=+$/, "");
}
