import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { localBackups } from "./local-backups.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "local-backups-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

const mode = (...path: string[]) => statSync(join(dir, ...path)).mode & 0o777;

test("backups are beside the stack, with a passphrase that nobody else can read, and stay as they are", () => {
  const made = localBackups(join(dir, "stack"));
  expect(made).toEqual({
    repository: join(dir, "stack-backups", "repository"),
    passphrase: expect.stringMatching(/^[0-9a-f]{64}$/),
  });
  expect(mode("stack-backups")).toBe(0o700);
  expect(mode("stack-backups", "passphrase")).toBe(0o600);
  writeFileSync(join(made.repository, "config"), "of restic");
  expect(localBackups(join(dir, "stack"))).toEqual(made);
});

test("the user of the backups can write there, whoever made the folder", () => {
  const { uid, mode: permissions } = statSync(localBackups(join(dir, "stack")).repository);
  expect(uid === 1000 || (permissions & 0o007) === 0o007).toBe(true);
});
