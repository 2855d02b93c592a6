import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { ed25519KeyPair } from "./host-key.ts";

const folder = mkdtempSync(join(tmpdir(), "host-key-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("OpenSSH reads the private key and gets the same public key out of it", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (seed) => {
      const { privateKey, publicKey } = ed25519KeyPair(Buffer.from(seed));
      const file = join(folder, "key");
      writeFileSync(file, privateKey, { mode: 0o600 });
      expect(execFileSync("ssh-keygen", ["-y", "-f", file], { encoding: "utf8" }).trim()).toBe(publicKey);
    }),
    { numRuns: 20 },
  );
});

test("the same seed gives the same text: the droplet's user data does not change", () => {
  const seed = Buffer.alloc(32, 7);
  expect(ed25519KeyPair(seed)).toEqual(ed25519KeyPair(Buffer.from(seed)));
  // RFC 8032 section 7.1, test 1.
  const known = ed25519KeyPair(Buffer.from("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", "hex"));
  const point = Buffer.from(known.publicKey.split(" ")[1]!, "base64").subarray(-32);
  expect(point.toString("hex")).toBe("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
});
