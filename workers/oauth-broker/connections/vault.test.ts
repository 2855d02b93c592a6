import { describe, expect, test } from "vitest";
import { Vault, VaultError, type VaultKey } from "./vault.ts";

const key = (id: string, byte: number): VaultKey => ({ id, key: Buffer.alloc(32, byte).toString("base64") });
const PLACE = "connection:github-1:coda";
const SECRET = "coda-token-ü";

describe("the vault", () => {
  test("opens what it sealed, and shows nothing of it", async () => {
    const vault = new Vault([key("a", 1)]);
    const sealed = await vault.seal(SECRET, PLACE);
    expect(await vault.open(sealed, PLACE)).toBe(SECRET);
    expect(sealed).not.toContain(SECRET);
    expect(Buffer.from(sealed.split(".")[2]!, "base64").includes(Buffer.from(SECRET))).toBe(false);
  });

  test("never seals twice in the same way", async () => {
    const vault = new Vault([key("a", 1)]);
    expect(await vault.seal(SECRET, PLACE)).not.toBe(await vault.seal(SECRET, PLACE));
  });

  test("does not open a record that was copied to another person", async () => {
    const vault = new Vault([key("a", 1)]);
    const sealed = await vault.seal(SECRET, PLACE);
    await expect(vault.open(sealed, "connection:github-2:coda")).rejects.toThrow("belongs somewhere else");
  });

  test("does not open a record that was changed", async () => {
    const vault = new Vault([key("a", 1)]);
    const [id, nonce, text] = (await vault.seal(SECRET, PLACE)).split(".");
    const changed = Buffer.from(text!, "base64");
    changed[0]! ^= 1;
    await expect(vault.open([id, nonce, changed.toString("base64")].join("."), PLACE)).rejects.toThrow(VaultError);
  });

  test.each(["", "a", "a.b", "a.!.!", "a.AAAA."])("says that %j is damaged or changed", async (sealed) => {
    await expect(new Vault([key("a", 1)]).open(sealed, PLACE)).rejects.toThrow(VaultError);
  });
});

describe("a rotation of keys", () => {
  const old = new Vault([key("2026-10", 1)]);
  const rotated = new Vault([key("2026-11", 2), key("2026-10", 1)]);

  test("opens old records as before, and says that they are to be sealed again", async () => {
    const sealed = await old.seal(SECRET, PLACE);
    expect(await rotated.open(sealed, PLACE)).toBe(SECRET);
    expect(rotated.isStale(sealed)).toBe(true);
    const again = await rotated.seal(SECRET, PLACE);
    expect(rotated.isStale(again)).toBe(false);
  });

  test("that has dropped a key names it, for what it sealed", async () => {
    const sealed = await old.seal(SECRET, PLACE);
    await expect(new Vault([key("2026-11", 2)]).open(sealed, PLACE)).rejects.toThrow(
      'The key "2026-10" of the vault is gone; what it sealed has to be connected again.',
    );
  });

  test("to another key of the same name does not open the old one's records", async () => {
    const sealed = await old.seal(SECRET, PLACE);
    await expect(new Vault([key("2026-10", 9)]).open(sealed, PLACE)).rejects.toThrow(VaultError);
  });
});

test.each<[string, VaultKey[]]>([
  ["no key", []],
  ["two keys of one id", [key("a", 1), key("a", 2)]],
  ["a key that is too short", [{ id: "a", key: "c2hvcnQ=" }]],
  ["a key that is no base64", [{ id: "a", key: "!" }]],
  ["an id with a dot", [key("a.b", 1)]],
])("a vault with %s is refused", (_, keys) => {
  expect(() => new Vault(keys)).toThrow(VaultError);
});
