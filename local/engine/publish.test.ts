import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { publish } from "./publish.ts";

let dir: string;
let target: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "publish-"));
  target = join(dir, "thing");
});

afterEach(() => rmSync(dir, { recursive: true, force: true }));

async function make(workDir: string, content = "complete"): Promise<string> {
  const made = join(workDir, "made");
  await mkdir(made);
  await writeFile(join(made, "file"), content);
  return made;
}

const content = () => readFileSync(join(target, "file"), "utf8");

test("a process that is killed while it makes the target leaves nothing that a later run takes, and its leavings go", async () => {
  const program = `import { publish } from ${JSON.stringify(new URL("./publish.ts", import.meta.url).href)};
    import fs from "node:fs";
    await publish(${JSON.stringify(target)}, async (workDir) => {
      fs.writeFileSync(workDir + "/file", "half");
      process.stdout.write("half done");
      return new Promise(() => setInterval(() => {}, 1e6));
    });`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  child.kill("SIGKILL");
  await once(child, "exit");
  expect(existsSync(target)).toBe(false);
  expect(readdirSync(dir).some((name) => name.startsWith("thing.making-"))).toBe(true);
  const removed: string[] = [];
  await publish(target, (workDir) => make(workDir), { beforeRemove: async (path) => void removed.push(path) });
  expect(content()).toBe("complete");
  expect(readdirSync(dir)).toEqual(["thing"]);
  expect(removed).toHaveLength(2);
});

test("of two at once, the second waits and takes what the first made", async () => {
  let made = 0;
  const slow = async (workDir: string) => {
    made++;
    await new Promise((resolve) => setTimeout(resolve, 20));
    return await make(workDir);
  };
  await Promise.all([publish(target, slow), publish(target, slow)]);
  expect(made).toBe(1);
  expect(content()).toBe("complete");
});

test("an attempt that fails leaves nothing", async () => {
  const failing = publish(target, async (workDir) => {
    await make(workDir);
    throw new Error("did not work");
  });
  await expect(failing).rejects.toThrow("did not work");
  expect(readdirSync(dir)).toEqual([]);
});

test("a target that is there and usable stays, one that is not usable is made anew", async () => {
  await publish(target, (workDir) => make(workDir, "first"));
  await publish(target, (workDir) => make(workDir, "second"));
  expect(content()).toBe("first");
  writeFileSync(join(target, "file"), "broken");
  await publish(target, (workDir) => make(workDir, "third"), { usable: async () => content() !== "broken" });
  expect(content()).toBe("third");
});
