import type Docker from "dockerode";
import { containerOf, execIn } from "./engine-client.ts";

/** Why a backup is made; the last two are kept for a week, whatever else is kept. */
export type BackupKind = "regular" | "before-upgrade" | "before-restore";

/** A backup that was made. */
export interface MadeBackup {
  /** Id of the snapshot. */
  snapshot: string;
  /** Size of what is in it, and how much of that was not stored already. */
  bytes: number;
  added: number;
  seconds: number;
}

/** What a snapshot is of. */
export interface Manifest {
  /** Its full id. */
  snapshot: string;
  /** ISO 8601, UTC. */
  madeAt: string;
  /** Name of the stack that it was made of. */
  stack: string;
  n8nVersion: string;
  postgresVersion: string;
}

/** A command of the backup container that ended with an error. Its message is what the command said. */
export class BackupError extends Error {
  /** The database is restored, the files are not. */
  readonly halfDone: boolean;

  constructor(message: string, halfDone: boolean) {
    super(message);
    this.halfDone = halfDone;
  }
}

/** In front of what droplet/backup/backup.sh says on its way. */
const PROGRESS = "… ";

export interface BackupOptions {
  /** Gets what the command says on its way, line by line. */
  onProgress?: (line: string) => void;
  /** The version of n8n that the data is of, where it is another than the stack is about to have. */
  n8nVersion?: string;
  /** What its credentials are encrypted with, where that is another than the stack has. */
  encryptionKey?: string;
}

export interface MakeOptions extends BackupOptions {
  /** Begin anew in a folder where this stack's backups were and are no more; without it that is an error. */
  newRepository?: boolean;
}

/**
 * Runs a command of droplet/backup/backup.sh in a stack's backup container.
 *
 * @param stack name of the stack (config key `hybrid-mcp:name`)
 * @returns what it printed
 * @throws {BackupError} with what it said, when it fails, or when the container does not run
 */
export async function inBackup(
  docker: Docker,
  stack: string,
  args: string[],
  { onProgress, n8nVersion, encryptionKey }: BackupOptions = {},
): Promise<string> {
  const container = await containerOf(docker, stack, "backup");
  if (!container || !(await container.inspect()).State.Running) {
    throw new BackupError(`The stack ${stack} has no backup container that runs.`, false);
  }
  let rest = "";
  const { exitCode, stdout, stderr } = await execIn(container, ["backup", ...args], {
    env: [
      ...(n8nVersion === undefined ? [] : [`N8N_VERSION=${n8nVersion}`]),
      ...(encryptionKey === undefined ? [] : [`N8N_ENCRYPTION_KEY=${encryptionKey}`]),
    ],
    onOutput: (text, stream) => {
      if (stream !== "stderr" || !onProgress) return;
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      // What has no mark is an error, which is thrown.
      for (const line of lines) if (line.startsWith(PROGRESS)) onProgress(line.slice(PROGRESS.length));
    },
  });
  if (exitCode !== 0) {
    const said = stderr.trim().split("\n").at(-1) || `it ended with exit code ${exitCode}`;
    throw new BackupError(said, exitCode === 3);
  }
  return stdout;
}

/** Makes a backup. @throws {BackupError} as `inBackup` */
export async function makeBackup(
  docker: Docker,
  stack: string,
  kind: BackupKind,
  { newRepository, ...options }: MakeOptions = {},
): Promise<MadeBackup> {
  const args = ["backup", "--tag", kind, ...(newRepository ? ["--new-repository"] : [])];
  const printed = await inBackup(docker, stack, args, options);
  return JSON.parse(printed.trim().split("\n").at(-1)!) as MadeBackup;
}
