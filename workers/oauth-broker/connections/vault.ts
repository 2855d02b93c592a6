/** A key of the vault; the first one of a list seals, the others still open what they sealed. */
export interface VaultKey {
  /** Short name that goes with what was sealed, e.g. `2026-11`. */
  id: string;
  /** 32 random bytes, base64. */
  key: string;
}

/** What was sealed cannot be opened: its key is gone, it was changed, or it belongs to somebody else. */
export class VaultError extends Error {}

/** Bytes of the nonce: NIST SP 800-38D section 8.2.2, random. */
const NONCE_BYTES = 12;

/**
 * Keeps upstream credentials encrypted at rest (AES-256-GCM). What is sealed is bound to its place, so that a credential
 * that is copied to another person's record does not open there. Keys are rotated by putting a new one in front: old
 * records open as before, and `isStale` says which to seal again.
 */
export class Vault {
  readonly #keys: readonly VaultKey[];

  /**
   * @param keys at least one
   * @throws {VaultError} when there is none, two have the same id, or one is not 32 bytes long
   */
  constructor(keys: readonly VaultKey[]) {
    if (keys.length === 0) throw new VaultError("The vault has no key.");
    if (new Set(keys.map(({ id }) => id)).size < keys.length)
      throw new VaultError("Two keys of the vault have the same id.");
    for (const { id, key } of keys) {
      if (!/^[\w-]+$/.test(id) || bytes(key)?.length !== 32) {
        throw new VaultError(`The key "${id}" of the vault is not 32 bytes in base64.`);
      }
    }
    this.#keys = keys;
  }

  /**
   * @param place where the record is kept, e.g. `connection:github-1:coda`
   * @returns text: key id, nonce and ciphertext
   */
  async seal(plaintext: string, place: string): Promise<string> {
    const { id, key } = this.#keys[0]!;
    const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
    const sealed = await crypto.subtle.encrypt(
      algorithm(nonce, place),
      await imported(key),
      new TextEncoder().encode(plaintext),
    );
    return [id, base64(nonce), base64(new Uint8Array(sealed))].join(".");
  }

  /** @throws {VaultError} without any part of what was sealed in its message */
  async open(sealed: string, place: string): Promise<string> {
    const [id, nonce, ciphertext] = sealed.split(".");
    const key = this.#keys.find((each) => each.id === id);
    if (!key) throw new VaultError(`The key "${id}" of the vault is gone; what it sealed has to be connected again.`);
    const [nonceBytes, ciphertextBytes] = [bytes(nonce ?? ""), bytes(ciphertext ?? "")];
    if (!nonceBytes || !ciphertextBytes) throw new VaultError(`What is kept at ${place} is damaged.`);
    try {
      const opened = await crypto.subtle.decrypt(
        algorithm(nonceBytes, place),
        await imported(key.key),
        ciphertextBytes,
      );
      return new TextDecoder().decode(opened);
    } catch {
      throw new VaultError(`What is kept at ${place} was changed, or belongs somewhere else.`);
    }
  }

  /** Whether this was sealed with a key that is no longer the first. */
  isStale(sealed: string): boolean {
    return sealed.split(".")[0] !== this.#keys[0]!.id;
  }
}

let vaults: { keys: string; vault: Vault } | undefined;

/**
 * The vault of this deployment.
 *
 * @param keys JSON, `VaultKey[]`; undefined or empty: none
 * @throws {VaultError} when there is no key, or one that is no good
 */
export function vaultOf(keys: string | undefined): Vault {
  const text = keys || "[]";
  if (vaults?.keys !== text) vaults = { keys: text, vault: new Vault(JSON.parse(text) as VaultKey[]) };
  return vaults.vault;
}

function algorithm(nonce: Uint8Array<ArrayBuffer>, place: string) {
  return { name: "AES-GCM", iv: nonce, additionalData: new TextEncoder().encode(place) };
}

function imported(key: string) {
  return crypto.subtle.importKey("raw", bytes(key)!, "AES-GCM", false, ["encrypt", "decrypt"]);
}

function base64(data: Uint8Array): string {
  return btoa(String.fromCharCode(...data));
}

function bytes(text: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  } catch {
    return undefined;
  }
}
