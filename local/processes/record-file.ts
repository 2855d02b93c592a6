import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Records } from "./records.ts";

/** All that the engine knows, in memory and in one file that only its owner may read (environments hold secrets). */
export interface RecordFile {
  readonly records: Records;
  /** Writes the records; a crash leaves the old file or the new one. */
  save(): void;
}

/** @throws Error naming the file when it cannot be read */
export function openRecords(dir: string): RecordFile {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const file = join(dir, "state.json");
  const records = read(file);
  return { records, save: () => writeWhole(file, JSON.stringify(records)) };
}

/** Replaces a file in one step. */
export function writeWhole(file: string, text: string): void {
  const next = `${file}.${randomBytes(4).toString("hex")}`;
  writeFileSync(next, text, { mode: 0o600 });
  renameSync(next, file);
}

function read(file: string): Records {
  const network = (name: string) => ({
    id: randomBytes(32).toString("hex"),
    name,
    created: new Date().toISOString(),
    request: { Driver: name === "none" ? "null" : name },
  });
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Records;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") {
      return { images: [], containers: [], networks: ["bridge", "host", "none"].map(network), volumes: [] };
    }
    throw new Error(`Cannot read ${file}: ${(error as Error).message}. Remove it to start without containers.`);
  }
}
