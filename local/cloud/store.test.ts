import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Entity, Store, StoreError } from "./store.ts";

interface Thing extends Entity {
  value: number;
}

let dir: string;
let child: ChildProcess | undefined;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "cloud-store-"));
});
afterEach(async () => {
  child?.kill("SIGKILL");
  child = undefined;
  await rm(dir, { recursive: true, force: true });
});

/** Starts a process that opens the store and runs the statements, with `store` and `things` in scope. */
function start(statements: string): ChildProcess {
  const source = `
    import { Store } from ${JSON.stringify(join(import.meta.dirname, "store.ts"))};
    const store = await Store.open(${JSON.stringify(dir)});
    const things = store.collection("things");
    ${statements}`;
  child = spawn(process.execPath, ["--input-type=module", "--eval", source], { stdio: ["ignore", "pipe", "inherit"] });
  return child;
}

test("records come back in the order in which they were made, changed ones in their place", async () => {
  const store = await Store.open(dir);
  const things = store.collection<Thing>("things");
  for (const id of ["9", "10", "b", "a"]) things.put({ id, value: 1 });
  things.put({ id: "10", value: 2 });
  things.delete("b");
  await store.close();

  const again = await Store.open(dir);
  expect(again.collection<Thing>("things").list()).toEqual([
    { id: "9", value: 1 },
    { id: "10", value: 2 },
    { id: "a", value: 1 },
  ]);
  await again.close();
});

test("a kill at any time loses nothing of what was flushed, and the directory can be opened again at once", async () => {
  for (const linesBeforeKill of [1, 7, 20]) {
    const writer = start(`
      for (let n = things.list().length; ; n++) {
        things.put({ id: String(n), value: n, filler: "x".repeat(100_000) });
        await store.flush();
        process.stdout.write(n + "\\n");
      }`);
    let acknowledged = -1;
    let seen = 0;
    for await (const line of createInterface({ input: writer.stdout as NodeJS.ReadableStream })) {
      acknowledged = Number(line);
      seen += 1;
      if (seen === linesBeforeKill) writer.kill("SIGKILL");
    }
    if (writer.signalCode === null) await once(writer, "exit");
    const store = await Store.open(dir);
    const ids = store
      .collection<Thing>("things")
      .list()
      .map(({ id }) => Number(id));
    expect(ids.slice(0, acknowledged + 1)).toEqual(Array.from({ length: acknowledged + 1 }, (_, n) => n));
    expect((await readdir(dir)).filter((name) => name.endsWith(".tmp"))).toEqual([]);
    await store.close();
  }
});

test("a directory in use by another live process is refused with a sentence that names it", async () => {
  const holder = start(`process.stdout.write("open\\n"); setInterval(() => {}, 1000);`);
  await once(holder.stdout as NodeJS.ReadableStream, "data");
  const refused = Store.open(dir);
  await expect(refused).rejects.toThrow(StoreError);
  await expect(refused).rejects.toThrow(`${dir} is in use by process ${holder.pid}`);
});

test("one process cannot open a directory twice, and can once it has closed it", async () => {
  const store = await Store.open(dir);
  await expect(Store.open(dir)).rejects.toThrow(/is in use by process/);
  await store.close();
  await (await Store.open(dir)).close();
});

test("flushes that come together share a write, and each sees its own change on disk", async () => {
  const store = await Store.open(dir);
  const things = store.collection<Thing>("things");
  await Promise.all(
    Array.from({ length: 50 }, async (_, value) => {
      things.put({ id: String(value), value });
      await store.flush();
      expect(await readFile(join(dir, "state.json"), "utf8")).toContain(`{"id":"${value}","value":${value}}`);
    }),
  );
  await store.close();
});

test("what is on disk can be read by its owner alone", async () => {
  const store = await Store.open(dir);
  store.collection<Thing>("things").put({ id: "a", value: 1 });
  await store.flush();
  const hash = await store.putBlob(Buffer.from("secret"));
  const mode = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);
  expect(await mode(dir)).toBe("700");
  expect(await mode(join(dir, "state.json"))).toBe("600");
  expect(await mode(join(dir, "blobs", hash))).toBe("600");
  await store.close();
});

test("a blob that no record uses is collected, one of an upload under way is not", async () => {
  const store = await Store.open(dir);
  const used = await store.putBlob(Buffer.from("used"));
  const fresh = await store.putBlob(Buffer.from("fresh"));
  await store.collectBlobs([used]);
  expect(Buffer.from(await store.blob(used)).toString()).toBe("used");
  expect(Buffer.from(await store.blob(fresh)).toString()).toBe("fresh");
  await store.collectBlobs([used, fresh]);
  await store.collectBlobs([fresh]);
  await expect(store.blob(used)).rejects.toThrow(/missing or damaged/);
  await store.close();
});

test("a damaged blob is refused", async () => {
  const store = await Store.open(dir);
  const hash = await store.putBlob(Buffer.from("contents"));
  await writeFile(join(dir, "blobs", hash), "other");
  await expect(store.blob(hash)).rejects.toThrow(/missing or damaged/);
  await store.close();
});

test("a state file that is none is refused, and the lock is given back", async () => {
  await (await Store.open(dir)).close();
  await writeFile(join(dir, "state.json"), "{");
  await expect(Store.open(dir)).rejects.toThrow(/is not JSON.*delete it to start empty/);
  await writeFile(join(dir, "state.json"), '{"version":2}');
  await expect(Store.open(dir)).rejects.toThrow(/written by another version/);
  await rm(join(dir, "state.json"));
  await (await Store.open(dir)).close();
});
