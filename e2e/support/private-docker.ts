import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import Docker from "dockerode";
import { unmountBelow } from "../../local/docker/debootstrap.ts";

/** How long dockerd may take to answer, or to end, in milliseconds. */
const DEADLINE_MS = 60_000;

/**
 * A Docker Engine of a test's own, which it may stop: nothing else of this machine runs on it, and of the machine's network it
 * changes nothing but what `allow` says.
 */
export class PrivateDocker {
  readonly #dir = mkdtempSync(join(tmpdir(), "hybrid-mcp-dockerd-"));
  /** Its default network: an engine that has none takes away the one of the machine's own engine. */
  readonly #bridge = `hmt${randomBytes(3).toString("hex")}`;
  /** Of the networks whose containers may reach each other: another engine's rules would keep them apart. */
  readonly #allowed: string[] = [];
  #dockerd: ChildProcess | undefined;

  get socket(): string {
    return join(this.#dir, "docker.sock");
  }

  /** @param liveRestore whether containers go on without their engine, as on the droplet */
  async start({ liveRestore }: { liveRestore: boolean }): Promise<void> {
    if (!networkInterfaces()[this.#bridge]) {
      run("ip", ["link", "add", this.#bridge, "type", "bridge"]);
      // For tests of networks (RFC 2544): nothing else has it.
      run("ip", ["address", "add", `198.18.${randomBytes(1)[0]}.1/24`, "dev", this.#bridge]);
      run("ip", ["link", "set", this.#bridge, "up"]);
    }
    const path = (name: string) => join(this.#dir, name);
    const log = openSync(path("log"), "a");
    this.#dockerd = spawn(
      "dockerd",
      [
        ...["--host", `unix://${this.socket}`, "--pidfile", path("pid")],
        ...["--data-root", path("data"), "--exec-root", path("exec")],
        // Where the machine has a containerd, it is shared.
        ...["--containerd-namespace", "hybrid-mcp-test", "--containerd-plugins-namespace", "hybrid-mcp-test-plugins"],
        ...["--bridge", this.#bridge, "--iptables=false"],
        ...(liveRestore ? ["--live-restore"] : []),
      ],
      { stdio: ["ignore", log, log] },
    );
    closeSync(log);
    const docker = new Docker({ socketPath: this.socket });
    for (const end = performance.now() + DEADLINE_MS; ; ) {
      if ((await docker.ping().catch(() => undefined)) !== undefined) return;
      if (performance.now() > end || this.#dockerd.exitCode !== null) {
        throw new Error(`dockerd did not start:\n${readFileSync(path("log"), "utf8")}`);
      }
      await wait(100);
    }
  }

  /** Lets the containers of a network, e.g. `10.213.7.0/24`, reach each other. */
  allow(subnet: string): void {
    iptables("-I", subnet);
    this.#allowed.push(subnet);
  }

  /** Ends dockerd as an operator does. */
  async stop(): Promise<void> {
    const dockerd = this.#dockerd;
    this.#dockerd = undefined;
    if (!dockerd || dockerd.exitCode !== null) return;
    const gone = once(dockerd, "exit");
    dockerd.kill("SIGTERM");
    await gone;
  }

  /** Ends it, with all that is left on it. */
  async remove(): Promise<void> {
    if (this.#dockerd?.exitCode === null) {
      const docker = new Docker({ socketPath: this.socket });
      for (const { Id } of await docker.listContainers({ all: true })) {
        await docker.getContainer(Id).remove({ force: true });
      }
      // Their bridges would stay without it.
      await docker.pruneNetworks();
    }
    await this.stop();
    for (const subnet of this.#allowed) iptables("-D", subnet);
    if (networkInterfaces()[this.#bridge]) run("ip", ["link", "delete", this.#bridge]);
    // dockerd leaves its data's folder mounted on itself.
    await unmountBelow(this.#dir);
    rmSync(this.#dir, { recursive: true, force: true });
  }
}

function iptables(what: "-I" | "-D", subnet: string): void {
  run("iptables", ["-w", what, "FORWARD", "-s", subnet, "-d", subnet, "-j", "ACCEPT"]);
}

function run(command: string, args: string[]): void {
  const { status, stderr } = spawnSync(command, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")}: ${stderr}`);
}
