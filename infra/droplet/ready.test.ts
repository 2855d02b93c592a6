import { expect, test } from "vitest";
import type { Clock } from "../cutover/gate.ts";
import { dataMount } from "./data-volume.ts";
import { NotReadyError, type ReadyOptions, ready } from "./ready.ts";
import type { SshAnswer } from "./ssh.ts";

const HOST = "ssh://root@203.0.113.10";
const fine = (stdout = ""): SshAnswer => ({ code: 0, stdout, stderr: "" });
const failed = (code: number, stderr: string, stdout = ""): SshAnswer => ({ code, stdout, stderr });
const refused = failed(255, "ssh: connect to host 203.0.113.10 port 22: Connection refused");
const data = { mount: dataMount({ name: "hybrid-mcp" }), folders: [{ name: "postgres", owner: "999:999" }] };

type Machine = Partial<Record<"connect" | "cloudInit" | "docker" | "data" | "log", (SshAnswer | undefined)[]>>;

/** A droplet whose answers to each kind of question are in a list; the last one is given for ever. */
function machine(answers: Machine, options: Partial<ReadyOptions> = {}) {
  let now = 0;
  const asked: string[] = [];
  const told: string[] = [];
  const left = structuredClone(answers);
  const clock: Clock = {
    now: () => now,
    wait: async (ms) => {
      now += ms;
    },
  };
  const kind = (command: string): keyof Machine =>
    command === "true"
      ? "connect"
      : command.includes("cloud-init status")
        ? "cloudInit"
        : command.startsWith("tail")
          ? "log"
          : command.startsWith("docker")
            ? "docker"
            : "data";
  const run = async (command: string) => {
    now += 100;
    const which = kind(command);
    asked.push(which);
    const rest = left[which] ?? [fine(which === "docker" ? "20.10.24\n" : "")];
    return (rest.length > 1 ? rest.shift() : rest[0])!;
  };
  const done = ready({
    host: HOST,
    throughTunnel: false,
    cloudInit: true,
    data,
    run,
    clock,
    tell: (message) => void told.push(message),
    deadlineSeconds: 600,
    ...options,
  });
  return { done, asked, told, seconds: () => now / 1000 };
}

/** What it says when it gives up. */
async function failure({ done }: { done: Promise<string> }): Promise<string> {
  const error = await done.catch((error: unknown) => error);
  expect(error).toBeInstanceOf(NotReadyError);
  return (error as Error).message;
}

test("a new droplet: refused, then set up, then Docker and the volume are there", async () => {
  const droplet = machine({
    connect: [refused, refused, fine()],
    cloudInit: [failed(124, "", "status: running\n"), fine()],
    docker: [failed(1, "Cannot connect to the Docker daemon"), fine("20.10.24+dfsg1\n")],
    data: [failed(3, "/dev/disk/by-id/scsi-0DO_Volume_hybrid-mcp-data is not there"), fine()],
  });
  expect(await droplet.done).toBe("20.10.24+dfsg1");
  expect(droplet.asked.join(" ")).toBe("connect connect connect cloudInit cloudInit docker docker data data");
  // Once for each thing that is new to see.
  expect(droplet.told).toEqual([
    expect.stringContaining("Connection refused"),
    `${HOST} is being set up by cloud-init (status: running)`,
    expect.stringContaining("Cannot connect to the Docker daemon"),
    expect.stringContaining("is not there"),
  ]);
});

test("a droplet that is ready is asked once", async () => {
  const droplet = machine({});
  await droplet.done;
  expect(droplet.asked).toEqual(["connect", "cloudInit", "docker", "data"]);
});

test("an adopted machine is not asked for cloud-init, one without state for no volume", async () => {
  const droplet = machine({}, { cloudInit: false, data: undefined });
  await droplet.done;
  expect(droplet.asked).toEqual(["connect", "docker"]);
});

test.each([
  "No ED25519 host key is known for 203.0.113.10 and you have requested strict checking.\nHost key verification failed.",
  "Unable to negotiate with 203.0.113.10 port 22: no matching host key type found. Their offer: ssh-rsa",
])("another host key ends it at once: %s", async (stderr) => {
  const droplet = machine({ connect: [failed(255, stderr)] });
  expect(await failure(droplet)).toContain("does not have the host key of this stack's droplet");
  expect(droplet.asked).toEqual(["connect"]);
});

test("a connection that is refused for ever is given up at the deadline, with what was seen last", async () => {
  const droplet = machine({ connect: [refused] });
  expect(await failure(droplet)).toBe(
    `${HOST} could not be reached over SSH within 600 s (ssh: connect to host 203.0.113.10 port 22: Connection refused). Is your address in droplet.sshAllow, and is the droplet on?`,
  );
  expect(droplet.seconds()).toBeGreaterThan(600);
  expect(droplet.seconds()).toBeLessThan(610);
});

test("through the tunnel it says what to do while no connector runs", async () => {
  const droplet = machine({ connect: [failed(255, "websocket: bad handshake")] }, { throughTunnel: true });
  expect(await failure(droplet)).toMatch(/put your address into droplet\.sshAllow for one update/);
});

test("without the cloudflared command it says so at once", async () => {
  const droplet = machine(
    { connect: [failed(255, "/bin/sh: 1: exec: cloudflared: not found")] },
    { throughTunnel: true },
  );
  expect(await failure(droplet)).toContain("needs the cloudflared command");
  expect(droplet.asked).toEqual(["connect"]);
});

test("a key that is not let in is tried for half a minute, not for the whole deadline", async () => {
  const droplet = machine({ connect: [failed(255, "root@203.0.113.10: Permission denied (publickey).")] });
  expect(await failure(droplet)).toContain("Load the private key of droplet.sshPublicKey");
  expect(droplet.seconds()).toBeLessThan(45);
});

test("a key that is let in a moment later is good", async () => {
  const denied = failed(255, "Permission denied (publickey).");
  await machine({ connect: [denied, denied, fine()] }).done;
});

test("cloud-init that failed is told with its last lines", async () => {
  const droplet = machine({
    cloudInit: [failed(1, "", "status: error\ndetail: Failed to install packages")],
    log: [fine("E: Unable to locate package docker.io")],
  });
  const message = await failure(droplet);
  expect(message).toContain("cloud-init failed on ssh://root@203.0.113.10. Its last lines:");
  expect(message).toContain("  E: Unable to locate package docker.io");
  expect(droplet.asked).toEqual(["connect", "cloudInit", "log"]);
});

test("cloud-init that got over something is done", async () => {
  await machine({ cloudInit: [failed(2, "")] }).done;
});

test("cloud-init that never ends is given up at the deadline", async () => {
  const droplet = machine({ cloudInit: [failed(124, "", "status: running")] });
  expect(await failure(droplet)).toContain("did not come to an end on ssh://root@203.0.113.10 within 600 s");
});

test("a volume that is not attached is given a minute, and then nothing is started", async () => {
  const gone = failed(3, "/dev/disk/by-id/scsi-0DO_Volume_hybrid-mcp-data is not there");
  const droplet = machine({ data: [gone] });
  expect(await failure(droplet)).toMatch(
    /^The data volume is not mounted at \/mnt\/hybrid-mcp-data .* is not there\)\. Nothing was started/,
  );
  expect(droplet.seconds()).toBeLessThan(90);
});

test("something else in the volume's place ends it at once", async () => {
  const droplet = machine({ data: [failed(4, "something else is mounted at /mnt/hybrid-mcp-data")] });
  expect(await failure(droplet)).toContain("something else is mounted");
  expect(droplet.asked.filter((each) => each === "data")).toHaveLength(1);
});
