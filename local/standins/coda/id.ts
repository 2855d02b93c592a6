import { randomInt } from "node:crypto";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";

/**
 * A new id in the form of Coda's, e.g. `i-3fQx9_ZkT1`.
 * @param prefix `i-` for rows, `canvas-` for pages, `perm-` for permissions, empty for docs and exports
 */
export function newId(prefix: "i-" | "canvas-" | "perm-" | ""): string {
  return prefix + Array.from({ length: 10 }, () => ALPHABET[randomInt(ALPHABET.length)]).join("");
}
