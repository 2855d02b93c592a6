import { createHash, randomBytes } from "node:crypto";
import { chmod, type FileHandle, mkdir, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { withPidLock } from "../engine/pid-lock.mjs";

/** What a collection holds: a JSON object with an id that is unique in it. */
export interface Entity {
  readonly id: string;
}

/** A state directory that cannot be used; the message says why and what to do. */
export class StoreError extends Error {}

interface StateFile {
  version: 1;
  collections: Record<string, Entity[]>;
}

/**
 * Records of one kind by id, in the order in which they were made. All of it is in memory: reads are synchronous, and a write
 * is seen by the next read at once. It is on disk when {@link Store.flush} has resolved.
 */
export class Collection<T extends Entity> {
  readonly #records = new Map<string, T>();
  readonly #changed: () => void;

  constructor(records: T[], changed: () => void) {
    for (const record of records) this.#records.set(record.id, Object.freeze(record));
    this.#changed = changed;
  }

  get(id: string): T | undefined {
    return this.#records.get(id);
  }

  /** @param where keeps the records for which it answers true; all without it */
  list(where: (record: T) => boolean = () => true): T[] {
    return [...this.#records.values()].filter(where);
  }

  /** The first record for which `where` answers true. */
  find(where: (record: T) => boolean): T | undefined {
    return this.list(where)[0];
  }

  /** Makes the record or replaces the one with its id; change a record by putting a changed copy. */
  put(record: T): T {
    this.#records.set(record.id, Object.freeze(record));
    this.#changed();
    return record;
  }

  /** @returns false if there was no such record */
  delete(id: string): boolean {
    const existed = this.#records.delete(id);
    if (existed) this.#changed();
    return existed;
  }
}

/**
 * The state of the local cloud's APIs: one JSON document, replaced as a whole (temporary file, fsync, rename), so that a kill at
 * any time leaves the state before or after a flush and nothing between; and binary blobs in files named by their SHA-256.
 * The directory holds secrets: it is made with mode 0700, its files with 0600.
 */
export class Store {
  readonly dir: string;
  readonly #collections = new Map<string, Collection<Entity>>();
  readonly #loaded: Record<string, Entity[]>;
  readonly #unlock: () => Promise<void>;
  #generation = 0;
  #durable = 0;
  #writing: Promise<void> | undefined;
  /** Blobs that no record names yet because their upload is still under way: not to be collected. */
  readonly #fresh = new Set<string>();

  private constructor(dir: string, loaded: Record<string, Entity[]>, unlock: () => Promise<void>) {
    this.dir = dir;
    this.#loaded = loaded;
    this.#unlock = unlock;
    for (const name of Object.keys(loaded)) this.collection(name);
  }

  /**
   * Opens the state in `dir`, which is made if it does not exist.
   * @throws {StoreError} if another live process uses the directory, or its state cannot be read
   */
  static async open(dir: string): Promise<Store> {
    await mkdir(join(dir, "blobs"), { recursive: true, mode: 0o700 });
    await chmod(dir, 0o700);
    const unlock = await lock(dir);
    try {
      const collections = await load(join(dir, "state.json"));
      await removeLeftovers(dir);
      return new Store(dir, collections, unlock);
    } catch (error) {
      await unlock();
      throw error;
    }
  }

  /** The collection of that name; the caller knows what is in it. */
  collection<T extends Entity>(name: string): Collection<T> {
    let collection = this.#collections.get(name);
    if (!collection) {
      collection = new Collection<Entity>(this.#loaded[name] ?? [], () => {
        this.#generation += 1;
      });
      this.#collections.set(name, collection);
    }
    return collection as unknown as Collection<T>;
  }

  /** Resolves when every write made before the call is on disk. Calls that come together share one write. */
  async flush(): Promise<void> {
    const wanted = this.#generation;
    while (this.#durable < wanted) {
      this.#writing ??= this.#write().finally(() => {
        this.#writing = undefined;
      });
      await this.#writing;
    }
  }

  /** Keeps the bytes on disk. @returns their SHA-256 in hexadecimal, by which {@link blob} reads them */
  async putBlob(contents: Uint8Array): Promise<string> {
    const hash = sha256(contents);
    this.#fresh.add(hash);
    const path = this.#blobPath(hash);
    if (!(await exists(path))) await replaceFile(path, contents);
    return hash;
  }

  /** @throws {StoreError} if the blob is missing or damaged */
  async blob(hash: string): Promise<Uint8Array> {
    const path = this.#blobPath(hash);
    const contents = await readFile(path).catch(() => undefined);
    if (contents === undefined || sha256(contents) !== hash) {
      throw new StoreError(`${path} is missing or damaged: upload the script again, or restore the state directory`);
    }
    return contents;
  }

  /** Removes the blobs that are not in `used`, except those whose upload has not put its record yet. */
  async collectBlobs(used: Iterable<string>): Promise<void> {
    const keep = new Set(used);
    for (const hash of keep) this.#fresh.delete(hash);
    for (const name of await readdir(join(this.dir, "blobs"))) {
      // What is being written at the moment is not yet a blob.
      if (name.endsWith(".tmp")) continue;
      if (!keep.has(name) && !this.#fresh.has(name)) await rm(this.#blobPath(name), { force: true });
    }
  }

  /** Writes what is not yet written and lets another process open the directory. */
  async close(): Promise<void> {
    try {
      await this.flush();
    } finally {
      await this.#unlock();
    }
  }

  async #write(): Promise<void> {
    const generation = this.#generation;
    const collections = Object.fromEntries([...this.#collections].map(([name, records]) => [name, records.list()]));
    const state: StateFile = { version: 1, collections };
    await replaceFile(join(this.dir, "state.json"), Buffer.from(JSON.stringify(state)));
    this.#durable = generation;
  }

  #blobPath(hash: string): string {
    return join(this.dir, "blobs", hash);
  }
}

/** Takes the directory's lock or refuses at once. @returns what gives the lock back */
async function lock(dir: string): Promise<() => Promise<void>> {
  const busy = new AbortController();
  const released = Promise.withResolvers<void>();
  const acquired = Promise.withResolvers<void>();
  let owner: number | undefined;
  const held = withPidLock(
    join(dir, "lock"),
    () => {
      acquired.resolve();
      return released.promise;
    },
    {
      signal: busy.signal,
      onWait: (pid) => {
        owner = pid;
        busy.abort();
      },
    },
  );
  try {
    await Promise.race([acquired.promise, held]);
  } catch (error) {
    if (owner === undefined) throw error;
    throw new StoreError(
      `${dir} is in use by process ${owner}: a local cloud already runs on it; stop that one, or choose another directory`,
    );
  }
  return async () => {
    released.resolve();
    await held;
  };
}

async function load(path: string): Promise<Record<string, Entity[]>> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return {};
    throw new StoreError(`${path} cannot be read: ${(error as Error).message}`);
  }
  let state: Partial<StateFile>;
  try {
    state = JSON.parse(text) as Partial<StateFile>;
  } catch {
    throw new StoreError(
      `${path} is not JSON: it was changed by hand or damaged; restore it, or delete it to start empty`,
    );
  }
  if (state.version !== 1 || !state.collections) {
    throw new StoreError(
      `${path} was written by another version of the local cloud; use that version, or delete the file`,
    );
  }
  return state.collections;
}

/** A kill between writing a temporary file and its rename leaves the file behind. */
async function removeLeftovers(dir: string): Promise<void> {
  for (const folder of [dir, join(dir, "blobs")]) {
    for (const name of await readdir(folder)) {
      if (name.endsWith(".tmp")) await rm(join(folder, name), { force: true });
    }
  }
}

/** Puts a file in place so that a crash leaves the old contents or the new ones, never a part. */
async function replaceFile(path: string, contents: Uint8Array): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString("hex")}.tmp`;
  try {
    await withFile(await open(temporary, "wx", 0o600), async (file) => {
      await file.writeFile(contents);
      await file.sync();
    });
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  // The rename itself is durable only when its directory is.
  await withFile(await open(join(path, ".."), "r"), (directory) => directory.sync());
}

async function withFile(file: FileHandle, work: (file: FileHandle) => Promise<void>): Promise<void> {
  try {
    await work(file);
  } finally {
    await file.close();
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

function sha256(contents: Uint8Array): string {
  return createHash("sha256").update(contents).digest("hex");
}
