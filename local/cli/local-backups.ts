import { randomBytes } from "node:crypto";
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { writePrivately } from "./stack.ts";

/** The user that backups are made as, and that n8n's files belong to. */
const BACKUP_USER = 1000;

/** The folder with all about a local stack's backups, whether it is there or not. */
export function localBackupsFolder(stackDir: string): string {
  return `${stackDir}-backups`;
}

/**
 * Where a local stack's backups are, beside the stack's directory, so that they outlive it: `down --purge` does not touch them.
 * Made if it is not there.
 *
 * @param stackDir the stack's directory
 * @returns the folder with the backups, and what they are encrypted with
 */
export function localBackups(stackDir: string): { repository: string; passphrase: string } {
  const dir = localBackupsFolder(stackDir);
  const repository = join(dir, "repository");
  const passphrase = join(dir, "passphrase");
  if (!existsSync(passphrase)) {
    mkdirSync(dir, { recursive: true });
    chmodSync(dir, 0o700);
    writePrivately(passphrase, randomBytes(32).toString("hex"));
  }
  if (!existsSync(repository)) {
    mkdirSync(repository, { mode: 0o700 });
    const uid = process.getuid?.();
    if (uid === 0) chownSync(repository, BACKUP_USER, BACKUP_USER);
    // Nobody else comes past the folder around it.
    else if (uid !== BACKUP_USER) chmodSync(repository, 0o777);
  }
  return { repository, passphrase: readFileSync(passphrase, "utf8") };
}
