import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { isRefreshDue, refreshDone } from "./refresh-due.ts";
import type { Session } from "./session.ts";
import { LocalStack } from "./stack.ts";
import { update } from "./update.ts";

/** Which runs of the CLI an update is; a script stands for the CLI, and keeps how it was called. */

let dir: string;
let session: Session;
const calls = () => {
  const file = join(dir, "calls");
  return existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : [];
};
/** What the last update told, as its log has it. */
const told = (...messages: string[]) =>
  writeFileSync(
    session.stack.path("events.jsonl"),
    messages.map((message) => `${JSON.stringify({ diagnosticEvent: { severity: "error", message } })}\n`).join(""),
  );

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "update-"));
  const stack = new LocalStack(join(dir, "stack"));
  stack.create();
  stack.saveIdentity({ ...stack.identity, containers: "processes" });
  const command = join(dir, "pulumi");
  // What sets the program's secrets is no matter here.
  const script = `#!/bin/sh\ncase "$3" in config) cat > /dev/null; exit 0;; esac\nshift 2\necho "$@" >> ${dir}/calls\n[ ! -e ${dir}/ctrl-c ] || kill -INT $PPID\n[ ! -e ${dir}/fails-at-$1 ]\n`;
  writeFileSync(command, script);
  chmodSync(command, 0o700);
  session = { stack, engine: { command, binDirs: [] }, images: { base: "scratch" } } as unknown as Session;
  mkdirSync(stack.path("tmp"));
});
afterEach(() => rmSync(dir, { recursive: true }));

const looks =
  /^refresh --yes .*--target \*\*:WorkersRoute::\* .*--target \*\*:ZeroTrustTunnelCloudflaredConfig::\* --stack local$/;
const updates = /^up --yes .*--stack local /;

test("an update after one that went well is one run", async () => {
  told();
  expect(await update(session)).toBe(0);
  expect(calls()).toEqual([expect.stringMatching(updates)]);
});

test("an update after one that failed looks first at where clients are led, once", async () => {
  told("Cannot reach the Cloudflare API: Request was aborted.", "update failed");
  expect(await update(session)).toBe(0);
  expect(calls()).toEqual([expect.stringMatching(looks), expect.stringMatching(updates)]);
  expect(await update(session)).toBe(0);
  expect(calls()).toHaveLength(3);
});

test("where that cannot be told, nothing is updated, and the next one looks again", async () => {
  told("the API is down");
  writeFileSync(join(dir, "fails-at-refresh"), "");
  expect(await update(session)).toBe(1);
  rmSync(join(dir, "fails-at-refresh"));
  expect(await update(session)).toBe(0);
  expect(calls()).toEqual([expect.stringMatching(looks), expect.stringMatching(looks), expect.stringMatching(updates)]);
});

test("after one that a Ctrl-C has ended, all is to be refreshed; not after one that failed, or came to its end", async () => {
  writeFileSync(join(dir, "fails-at-up"), "");
  expect(await update(session)).toBe(1);
  expect(isRefreshDue(session.stack)).toBe(false);
  writeFileSync(join(dir, "ctrl-c"), "");
  expect(await update(session)).toBe(1);
  expect(isRefreshDue(session.stack)).toBe(true);
  refreshDone(session.stack);
  rmSync(join(dir, "fails-at-up"));
  expect(await update(session)).toBe(0);
  expect(isRefreshDue(session.stack)).toBe(false);
});
