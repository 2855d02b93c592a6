import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { setTimeout as wait } from "node:timers/promises";
import Docker from "dockerode";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { keepFigures } from "./faults/figures.ts";
import { CALLERS, type Caller, FAULTS, type Fault, type FaultId } from "./faults/table.ts";
import { eventually } from "./support/eventually.ts";
import { Ledger } from "./support/ledger.ts";
import { PrivateDocker } from "./support/private-docker.ts";
import { TestStack } from "./support/test-stack.ts";
import { toolCall, type Watched, type WatchedCall, watched } from "./support/watched-calls.ts";
import { workerdOf } from "./support/workerd-of.ts";

/**
 * The measured rows of docs/faults.md: each breaks one part of a stack with Coda on Workers and GitHub on the droplet, and looks at what
 * clients saw, how long until all was well, and whether everything that was stored is there.
 */

/** Of the file system that the stack's folder is on, in megabytes. */
const DISK_MB = 384;

let engine: PrivateDocker;
let disk: string;
let stack: TestStack;
let ledger: Ledger;
let callers: Record<Caller, WatchedCall>;

beforeAll(async () => {
  disk = mkdtempSync(join(tmpdir(), "hybrid-mcp-disk-"));
  shell(`mount -t tmpfs -o size=${DISK_MB}m,mode=711 hybrid-mcp-test ${disk}`);
  engine = new PrivateDocker();
  await engine.start({ liveRestore: false });
  const flags = {
    "services.firecrawl.enabled": false,
    "services.github.placement": "droplet",
    "gateway.callsPerMinute": 100_000,
    "cutover.drainSeconds": 5,
  };
  stack = await TestStack.create(flags, disk);
  stack.env = { DOCKER_HOST: `unix://${engine.socket}` };
  engine.allow(stack.stack.subnet.cidr);
  await stack.must("up");
  await stack.connectGitHub();

  const door = async (service: "coda" | "github") => ({
    origin: stack.stack.publicUrl(service),
    token: await stack.token(service),
  });
  const doors = { coda: await door("coda"), github: await door("github") };
  ledger = new Ledger(stack, doors);
  const gatewayToken = await stack.token("mcp-gateway");
  callers = {
    coda: toolCall(`${doors.coda.origin}/mcp`, doors.coda.token, "list_docs"),
    github: toolCall(`${doors.github.origin}/mcp`, doors.github.token, "get_me"),
    "coda through the gateway": toolCall(stack.gatewayUrl, gatewayToken, "coda_list_docs"),
    "github through the gateway": toolCall(stack.gatewayUrl, gatewayToken, "github_get_me"),
  };
});
afterAll(async () => {
  try {
    await stack?.destroy();
  } finally {
    if (disk) {
      // Whatever became of the stack: what it left there goes with the last one that has it open.
      shell(`umount -l ${disk}`);
      rmSync(disk, { recursive: true });
    }
    await engine?.remove();
  }
});

function shell(command: string): void {
  const { status, stderr } = spawnSync("sh", ["-c", command], { encoding: "utf8" });
  if (status !== 0) throw new Error(`${command}: ${stderr}`);
}

/**
 * Makes the fault of a row while everybody calls, and checks the row: nobody fails but who may, and in no other words; all are
 * well again; and all that was written before is there once. What was measured is kept when all of that holds.
 *
 * @param begin makes the fault; one that has a length in its row lasts for that, and begins when this has returned
 * @param end ends the fault: from here on it is counted how long until all is well; absent: the fault is over at once
 * @param fails whether calls have to fail: that the fault was there
 * @param check what else has to hold of it
 */
async function fault(id: FaultId, begin: () => Promise<unknown>, { end, fails = true, check }: Handling = {}) {
  const row: Fault = FAULTS.find((each) => each.id === id)!;
  // What the fault before has left is over.
  await eventually(() => ledger.read("github"), 60);
  await ledger.write();
  const seen = await watched(callers, async (over) => {
    await begin();
    if (!end) return;
    await wait((row.seconds ?? 0) * 1000);
    over();
    await end();
  });
  const all = Object.values(seen);
  const figures = {
    calls: all.reduce((sum, { calls }) => sum + calls, 0),
    failed: all.reduce((sum, { failed }) => sum + failed, 0),
    seconds: Math.max(...all.map(({ seconds }) => seconds)),
  };
  const told = [...new Set(all.flatMap((each) => each.told))];
  process.stdout.write(
    `${row.fault}: ${figures.failed} of ${figures.calls} calls failed, well again after ${figures.seconds.toFixed(1)} s; told: ${told.join(" | ")}\n`,
  );
  expect(
    told.filter((each) => !row.told?.some((text) => fits(each, text))),
    stack.cloudLog.slice(-5000),
  ).toEqual([]);
  const harmed = CALLERS.filter((caller) => seen[caller].failed > 0);
  expect(harmed.filter((caller) => !row.harmed?.includes(caller))).toEqual([]);
  if (fails) expect(figures.failed).toBeGreaterThan(0);
  await check?.(seen);
  await ledger.check();
  keepFigures(id, figures);
}

interface Handling {
  end?: () => Promise<unknown>;
  fails?: boolean;
  check?: (seen: Record<Caller, Watched>) => unknown;
}

/** @param text in which … is what differs */
function fits(told: string, text: string): boolean {
  const [before, after] = text.split("…") as [string, string?];
  return after === undefined ? told === text : told.startsWith(before) && told.endsWith(after);
}

const signal = (name: string, what: NodeJS.Signals) => {
  for (const pid of workerdOf(stack, name)) process.kill(pid, what);
};

const noCodaFaults = () => stack.codaFaults({});
const noStorageFaults = () => stack.storageFaults({});

describe("on Workers", () => {
  test("the process that runs a Worker dies", () =>
    fault(
      "worker-killed",
      async () => {
        const [pid] = workerdOf(stack, "coda");
        signal("coda", "SIGKILL");
        await eventually(async () => expect(workerdOf(stack, "coda")).not.toContain(pid));
      },
      { fails: false },
    ));

  test("the broker's process dies", () =>
    fault(
      "broker-killed",
      async () => {
        const [pid] = workerdOf(stack, "oauth-broker");
        signal("oauth-broker", "SIGKILL");
        await eventually(async () => expect(workerdOf(stack, "oauth-broker")).not.toContain(pid));
      },
      { fails: false },
    ));

  test("the broker hangs", () =>
    fault("broker-hangs", async () => signal("oauth-broker", "SIGSTOP"), {
      end: async () => signal("oauth-broker", "SIGCONT"),
    }));

  test("D1 fails", () =>
    fault(
      "d1-fails",
      async () => {
        await stack.storageFaults({ d1: { fail: true } });
        // What is done meanwhile is looked for in the trail afterwards.
        await ledger.read("coda");
        await ledger.read("github");
        await expect(stack.trail("1 = 1")).rejects.toThrow("D1 refused");
      },
      { end: noStorageFaults, fails: false },
    ));

  test("KV is slow", () =>
    fault("kv-slow", () => stack.storageFaults({ kv: { latencyMs: 2_000 } }), {
      end: noStorageFaults,
      fails: false,
      check: ({ coda }) => expect(coda.slowest).toBeGreaterThan(2),
    }));

  test("KV fails", () =>
    fault("kv-fails", () => stack.storageFaults({ kv: { fail: true } }), { end: noStorageFaults }));
});

describe("on the droplet", () => {
  test("the process in a container dies", () =>
    fault("container-killed", async () => {
      const { State } = await (await stack.container("github")).inspect();
      process.kill(State.Pid, "SIGKILL");
    }));

  test("a container runs out of memory", async () => {
    const container = await stack.container("github");
    const { State, RestartCount } = await container.inspect();
    await fault(
      "container-oom",
      async () => {
        // The kernel kills who has the highest score: the service, not who eats its memory.
        writeFileSync(`/proc/${State.Pid}/oom_score_adj`, "1000");
        const eater = await container.exec({ Cmd: ["tail", "/dev/zero"] });
        await eater.start({});
        await eventually(async () => expect(existsSync(`/proc/${State.Pid}`)).toBe(false));
      },
      {
        end: () =>
          eventually(async () => expect((await container.inspect()).RestartCount).toBeGreaterThan(RestartCount)),
      },
    );
  });

  test("the connector dies", () =>
    fault("connector-killed", async () => {
      const { State } = await (await stack.container("cloudflared")).inspect();
      process.kill(State.Pid, "SIGKILL");
    }));

  test("the connector hangs", async () => {
    const connector = await stack.container("cloudflared");
    await fault("connector-paused", () => connector.pause(), {
      end: () => connector.unpause(),
      check: ({ github }) => expect(github.slowest).toBeGreaterThan(4),
    });
  });

  test("Docker Engine stops with all its containers, and starts", () =>
    fault("docker-restarted", () => engine.stop(), { end: () => engine.start({ liveRestore: false }) }));

  test("Docker Engine stops and starts, with live-restore", async () => {
    await engine.stop();
    await engine.start({ liveRestore: true });
    await fault("docker-stopped", () => engine.stop(), {
      end: () => engine.start({ liveRestore: true }),
      fails: false,
    });
  });

  test("the droplet's clock is ahead", () => wrongClock("clock-ahead", 26));

  test("the droplet's clock is behind", () => wrongClock("clock-behind", -26));

  async function wrongClock(id: FaultId, hours: number): Promise<void> {
    const right = await stack.container("github");
    const wrong = await withClock(right, hours);
    /** It is really wrong: its events tell. */
    const check = async () => {
      const [event] = await stack.trail("service = 'github' AND tool = 'get_me'");
      const ahead = (Number(event!.time) - Date.now()) / 1000;
      if (hours < 0) expect(ahead).toBeLessThan((hours + 1) * 3600);
      else expect(ahead).toBeGreaterThan(30);
    };
    try {
      await fault(id, () => ledger.read("github"), { fails: false, check });
    } finally {
      await wrong.remove({ force: true });
      await right.start();
    }
  }
});

describe("an API has had enough, fails, hangs or answers with garbage", () => {
  test.each([
    ["upstream-busy", { failNext: { status: 429, times: 1_000_000, retryAfterSeconds: 30 } }],
    ["upstream-fails", { failNext: { status: 503, times: 1_000_000 } }],
    ["upstream-garbage", { garbage: true }],
  ] as const)("%s", (id, faults) => fault(id, () => stack.codaFaults(faults), { end: noCodaFaults }));

  test("upstream-hangs", () =>
    fault("upstream-hangs", () => stack.codaFaults({ hang: true }), {
      end: noCodaFaults,
      check: ({ coda }) => {
        expect(coda.failed).toBeGreaterThan(0);
        expect(coda.slowest).toBeGreaterThan(49);
      },
    }));
});

describe("on this machine", () => {
  test("the disk of the local stack is full", () =>
    fault(
      "disk-full",
      async () => {
        spawnSync("sh", ["-c", `cat /dev/zero > ${join(disk, "filler")}`]);
        await ledger.read("coda");
        await ledger.read("github");
        const { code, output } = await stack.run("flip", "coda", "droplet");
        expect([code, output]).toEqual([1, expect.stringContaining("no space left on device")]);
      },
      { end: async () => rmSync(join(disk, "filler")), fails: false },
    ));

  test("the local cloud dies", () =>
    fault(
      "cloud-killed",
      async () => {
        process.kill(stack.cloudPid!, "SIGKILL");
        await eventually(async () => expect(stack.cloudPid).toBeUndefined());
      },
      { end: () => stack.must("up") },
    ));
});

/** Starts a container in the place of another one, which is stopped: the same, but for the time that its service sees. */
async function withClock(container: Docker.Container, hours: number): Promise<Docker.Container> {
  const { Config, HostConfig, NetworkSettings } = await container.inspect();
  const [network, { Aliases }] = Object.entries(NetworkSettings.Networks)[0] as [string, { Aliases: string[] }];
  const archive = await buffer(await container.getArchive({ path: "/service/worker.js" }));
  const { stdout: worker } = spawnSync("tar", ["-xO"], { input: archive, maxBuffer: 100_000_000 });
  const file = join(disk, "worker.js");
  const wrong = `globalThis.Date = class extends Date {
    constructor(...given) { given.length > 0 ? super(...given) : super(Date.now()); }
    static now() { return super.now() + ${hours * 3_600_000}; }
  };\n`;
  writeFileSync(file, Buffer.concat([Buffer.from(wrong), worker]));
  await container.stop();
  const created = await new Docker({ socketPath: engine.socket }).createContainer({
    Image: Config.Image,
    Env: Config.Env,
    HostConfig: { ...HostConfig, Binds: [`${file}:/service/worker.js:ro`] },
    NetworkingConfig: { EndpointsConfig: { [network]: { Aliases } } },
  });
  await created.start();
  return created;
}
