import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { repositoryRoot } from "../local/cli/stack.ts";
import { copyCheckout } from "./support/checkout-copy.ts";
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
    ["job", "while the local cloud starts", /^/],
    ["job", "while the tunnel is being made", /ZeroTrustTunnelCloudflared tunnel creating/],
    ["command", "while the broker is uploaded", /WorkersScript oauth-broker-script creating/],
    ["job", "while the Worker is uploaded", /WorkersScript coda-script creating/],
    ["job", "while the route waits for its gate", /asking the new side/],
  ] as const)("(the %s) %s is taken up again by the next one", async (what, _, moment) => {
    await stack.killWhen(what, moment, "up");
    const { output } = await stack.must("up");
    if (moment.source !== "^") expect(output).toMatch(/The last (update was cut off|command was killed)/);
    expect(await healthy()).toBe(true);
    const { output: again } = await stack.must("up");
    expect(again).not.toMatch(/\d+ (created|updated|replaced|deleted)/);
    await stack.must("down", "--purge");
    expect(stack.processes()).toEqual([]);
    stack = await TestStack.create();
  });
});

/** Further steps of one: `killed-flip.test.ts`. */
describe("a flip that is killed", () => {
  /** What every run of the engine makes for its program, and a killed one leaves. */
  const temporary = () => {
    const { tmpDir } = stack.stack;
    return existsSync(tmpDir) && readdirSync(tmpDir).some((name) => name.startsWith("pulumi-node-pipes"));
  };

  test.each([
    ["job", "while the network is being made", /docker:index:Network network creating/],
    ["command", "while the container starts", /docker:index:Container coda creating/],
  ] as const)("(the %s) %s: the next command goes on, and calls are answered all the time", async (what, _, moment) => {
    await stack.must("up");
    await stack.killWhen(what, moment, "flip", "coda", "droplet");
    // The engine's own files are below the stack's directory, not the machine's.
    expect(temporary()).toBe(true);
    expect(await healthy()).toBe(true);
    const { output } = await stack.must("flip", "coda", "droplet");
    expect(output).toContain("The last command was killed; ending what it left running.");
    expect(temporary()).toBe(false);
    expect((await fetch(`${stack.codaUrl}/health`)).headers.get("x-served-by")).toBe("droplet");
    await stack.must("flip", "coda", "workers");
  });

  test("leaves no process after the next down", async () => {
    await stack.must("up");
    await stack.killWhen("job", /docker:index:Container coda creating/, "flip", "coda", "droplet");
    await stack.must("down");
    expect(stack.processes()).toEqual([]);
    await stack.must("up");
    await stack.must("flip", "coda", "workers");
  });
});

test("a flip is cancelled while the route's change is made and not answered: it is taken back from where clients are led", async () => {
  await stack.must("up");
  const { child, finished } = stack.startJob("flip", "coda", "droplet");
  // At once: the API has the request by then, and is slow to say so.
  await new Promise<void>((resolve) => {
    const stopCloud = (text: string) => {
      if (!text.includes("droplet is healthy")) return;
      process.kill(stack.cloudPid!, "SIGSTOP");
      child.stdout!.off("data", stopCloud);
      resolve();
    };
    child.stdout!.on("data", stopCloud);
  });
  await delay(500);
  process.kill(-child.pid!, "SIGINT");
  await delay(1_000);
  process.kill(stack.cloudPid!, "SIGCONT");
  const { code, output: told } = await finished;
  expect(code, told).toBe(1);
  expect(told).toContain("The flip of Coda was cancelled: the flag is as it was.");
  expect(told).toContain("\nCoda was not moved to droplet: it was cancelled. It is placed on workers, as before.\n");
  expect((await fetch(`${stack.codaUrl}/health`)).headers.get("x-served-by")).toBe("workers");
  expect((await stack.must("status")).output).toMatch(/\nAll is as wanted\.\n$/);
});

describe("a stack config that is not right", () => {
  test("is told by its key before anything is changed, and the stack goes on as it was", async () => {
    await stack.must("up");
    const pid = stack.cloudPid;
    stack.stack.setFlag(["domain"], "not a domain");
    for (const [command, ...args] of [["up"], ["flip", "coda", "droplet"]]) {
      const { code, output } = await stack.run(command!, ...args);
      expect(code).toBe(1);
      expect(output).toBe(
        "The stack config has errors; nothing was changed.\n" +
          '  hybrid-mcp:domain: "not a domain" must be a hostname such as example.com\n',
      );
      expect(await healthy()).toBe(true);
    }
    stack.stack.setFlag(["domain"], undefined);
    expect(stack.cloudPid).toBe(pid);
  });

  test("that is no YAML is told by file and line; status and down do without it", async () => {
    await stack.must("up");
    const copy = copyCheckout();
    copy.edit("Pulumi.local.yaml", "config:\n", "config:\n  services: [\n");
    stack.checkout = copy.path;
    const { code, output } = await stack.run("up");
    expect(code).toBe(1);
    expect(output).toMatch(/^Pulumi\.local\.yaml is not valid YAML at line \d+, column \d+: .+\n$/);
    const looked = await stack.run("status");
    expect(looked.output).toMatch(/coda +workers +workers +ok/);
    expect([looked.code, looked.output]).toEqual([1, expect.stringContaining("not known: config.")]);
    await stack.must("down");
    expect(stack.processes()).toEqual([]);
    stack.checkout = repositoryRoot;
    copy.remove();
  });
});

test("status ends with 1 when nothing runs, and tells the same as JSON", async () => {
  await stack.must("down");
  const { code, output } = await stack.run("status");
  expect([code, output]).toEqual([1, "The local cloud does not run: npm run up\n"]);
  expect(JSON.parse((await stack.must("status", "--json")).output)).toMatchObject({ running: false });
});

test("up tells where a flip stands against what Pulumi.local.yaml says", async () => {
  await stack.must("up");
  await stack.must("flip", "coda", "droplet");
  const told = "services.coda.placement is droplet by your flip; Pulumi.local.yaml says workers.";
  expect((await stack.must("up")).output).toContain(told);
  await stack.must("flip", "coda", "workers");
  expect((await stack.must("up")).output).not.toContain("by your flip");
});

test("a flip of a stack that cannot be reached says so in one sentence", async () => {
  const home = process.env.PULUMI_HOME;
  // Where nobody has signed in.
  process.env.PULUMI_HOME = mkdtempSync(join(tmpdir(), "hybrid-mcp-home-"));
  try {
    expect((await stack.run("flip", "coda", "droplet", "--stack", "nosuch")).output).toBe(
      'There is no stack "nosuch": its config, Pulumi.nosuch.yaml, is not here.\n',
    );
    expect((await stack.run("flip", "coda", "droplet", "--stack", "dev")).output).toBe(
      'The stack "dev" cannot be reached: Pulumi is not signed in to where its state is kept. ' +
        "Sign in first: npm run pulumi -- login\n",
    );
  } finally {
    rmSync(process.env.PULUMI_HOME, { recursive: true });
    if (home === undefined) delete process.env.PULUMI_HOME;
    else process.env.PULUMI_HOME = home;
  }
});

test("two commands at once: the second waits for the first and then does its own", async () => {
  await stack.must("up");
  const first = await stack.runUntil(/Updating/, "flip", "coda", "droplet");
  const [one, two] = await Promise.all([first.finished, stack.run("flip", "coda", "workers")]);
  expect([one.code, two.code]).toEqual([0, 0]);
  expect(two.output).toMatch(/Another command \(pid \d+\) is working on this stack; waiting for it\./);
  expect((await fetch(`${stack.codaUrl}/health`)).headers.get("x-served-by")).toBe("workers");
});
