import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { TestStack } from "./support/test-stack.ts";

/** Commands that are cut off, that meet each other, or that find their port taken. */

let stack: TestStack;
beforeAll(async () => {
  stack = await TestStack.create();
});
afterAll(() => stack?.destroy());

const healthy = async () => (await fetch(`${stack.codaUrl}/health`)).ok;

test("a port that is taken is named, with the way out, and nothing is left running", async () => {
  const other = createServer().listen(Number(new URL(stack.codaUrl).port), "127.0.0.1");
  await once(other, "listening");
  const { code, output } = await stack.run("up");
  other.close();
  expect(code).toBe(1);
  expect(output).toContain(`Port ${new URL(stack.codaUrl).port} of this machine is in use by another program`);
  expect(output).toContain("npm run up -- --port-offset");
  expect(output).not.toMatch(/^\s+at /m);
  expect(stack.cloudPid).toBeUndefined();
});

test("a folder that holds something else is not taken for a stack", async () => {
  const dir = mkdtempSync(join(tmpdir(), "hybrid-mcp-mine-"));
  writeFileSync(join(dir, "thesis.txt"), "precious");
  const { code, output } = await stack.runIn(dir, "up");
  expect(code).toBe(1);
  expect(output).toContain("is not empty and holds no local stack");
  rmSync(dir, { recursive: true });
});

test("a stack that is up moves to other ports", async () => {
  const other = await TestStack.create();
  await other.must("up");
  const offset = other.portOffset + 7;
  await other.must("up", "--port-offset", String(offset));
  expect((await fetch(`http://localhost:${8085 + offset}/health`)).ok).toBe(true);
  // Signing in works at the new addresses, too: the broker and the identity providers know them.
  expect(await other.token()).toBeTruthy();
  await other.destroy();
});

describe("an up that is killed", () => {
  test.each([
    ["while the local cloud starts", /^/],
    ["while the tunnel is being made", /ZeroTrustTunnelCloudflared tunnel creating/],
    ["while the broker is uploaded", /WorkersScript oauth-broker-script creating/],
    ["while the Worker is uploaded", /WorkersScript coda-script creating/],
    ["while the route waits for its gate", /asking the new side/],
  ])("%s is taken up again by the next one", async (_, moment) => {
    await stack.killWhen(moment, "up");
    const { output } = await stack.must("up");
    if (moment.source !== "^") expect(output).toContain("The last update was cut off");
    expect(await healthy()).toBe(true);
    const { output: again } = await stack.must("up");
    expect(again).not.toMatch(/\d+ (created|updated|replaced|deleted)/);
    await stack.must("down", "--purge");
    stack = await TestStack.create();
  });
});

describe("a flip that is killed", () => {
  test.each([
    ["while the network is being made", /docker:index:Network network creating/],
    ["while the container starts", /docker:index:Container coda creating/],
  ])("%s: the next command goes on, and calls are answered all the time", async (_, moment) => {
    await stack.must("up");
    await stack.killWhen(moment, "flip", "coda", "droplet");
    expect(await healthy()).toBe(true);
    await stack.must("flip", "coda", "droplet");
    expect((await fetch(`${stack.codaUrl}/health`)).headers.get("x-served-by")).toBe("droplet");
    await stack.must("flip", "coda", "workers");
  });
});

test("two commands at once: the second waits for the first and then does its own", async () => {
  await stack.must("up");
  const first = await stack.runUntil(/Updating/, "flip", "coda", "droplet");
  const [one, two] = await Promise.all([first.finished, stack.run("flip", "coda", "workers")]);
  expect([one.code, two.code]).toEqual([0, 0]);
  expect(two.output).toMatch(/Another command \(pid \d+\) is working on this stack; waiting for it\./);
  expect((await fetch(`${stack.codaUrl}/health`)).headers.get("x-served-by")).toBe("workers");
});
