import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Docker from "dockerode";
import { ensureBaseImage } from "../../local/docker/base-image.ts";
import { tarArchive } from "../../local/providers/docker/tar-archive.ts";

const IMAGE = "hybrid-mcp-test/droplet:1";

/** What is on DigitalOcean's Debian image before user data is looked at, of what matters here. */
const dockerfile = `ARG BASE
FROM $BASE
RUN apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \\
  systemd systemd-sysv dbus cloud-init openssh-server iproute2 e2fsprogs nftables procps python3 && apt-get clean
COPY boot.sh /boot.sh
`;

/** A container's world is made fit for systemd, for autofs and loop devices, and for the network settings of a Docker Engine. */
const bootScript = `#!/bin/sh
set -e
umount -R /sys/fs/cgroup 2>/dev/null || true
mount -t cgroup2 cgroup /sys/fs/cgroup
mkdir -p /run/proc
mount -t proc proc /run/proc
mount --bind /run/proc/sys/net /proc/sys/net
mknod /dev/autofs c 10 235 2>/dev/null || true
mknod /dev/loop-control c 10 237 2>/dev/null || true
for n in $(seq 0 31); do mknod /dev/loop$n b 7 $n 2>/dev/null || true; done
exec /sbin/init
`;

/**
 * A machine that boots Debian with systemd and cloud-init as a droplet does, in a container: user data and the deploy key come
 * from cloud-init's NoCloud data source, a volume is a file behind a loop device.
 */
export class DropletMachine implements AsyncDisposable {
  /** Private key that it lets in as root. */
  readonly keyFile: string;
  private readonly container: Docker.Container;
  private readonly folder: string;

  private constructor(container: Docker.Container, folder: string) {
    this.container = container;
    this.folder = folder;
    this.keyFile = join(folder, "key");
  }

  static async boot(userData: string): Promise<DropletMachine> {
    const docker = new Docker();
    const base = await ensureBaseImage(docker, () => {});
    const file = (path: string, content: string, mode = 0o644) => ({ path, content: Buffer.from(content), mode });
    const context = tarArchive([file("Dockerfile", dockerfile), file("boot.sh", bootScript, 0o755)]);
    const built = await docker.buildImage(context as unknown as NodeJS.ReadableStream, {
      t: IMAGE,
      buildargs: { BASE: base },
    });
    await new Promise((resolve, reject) => {
      docker.modem.followProgress(built, (error, events: { error?: string }[]) => {
        const failure = error?.message ?? events.find((event) => event.error)?.error;
        if (failure) reject(new Error(failure));
        else resolve(undefined);
      });
    });

    const folder = mkdtempSync(join(tmpdir(), "droplet-machine-"));
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(folder, "key")]);
    const publicKey = readFileSync(join(folder, "key.pub"), "utf8").trim();
    const metaData = `instance-id: i-1\nlocal-hostname: droplet\npublic-keys:\n  - ${publicKey}\n`;
    const hostConfig = {
      // Whoever starts a machine of its own needs what a machine has; one of it a container on a container lacks.
      CapAdd: ["ALL"],
      CapDrop: ["SYS_RESOURCE"],
      SecurityOpt: ["seccomp=unconfined", "apparmor=unconfined"],
      CgroupnsMode: "private",
      DeviceCgroupRules: ["b 7:* rwm", "c 10:* rwm"],
      Tmpfs: { "/run": "", "/tmp": "exec", "/mnt": "" },
    };
    const container = await docker.createContainer({
      Image: IMAGE,
      Cmd: ["/boot.sh"],
      Env: ["container=docker"],
      Labels: { "hybrid-mcp-test": "droplet-machine" },
      HostConfig: hostConfig,
      Volumes: { "/var/lib/docker": {} },
    });
    const machine = new DropletMachine(container, folder);
    const seed = tarArchive([
      file("var/lib/cloud/seed/nocloud/user-data", userData, 0o600),
      file("var/lib/cloud/seed/nocloud/meta-data", metaData),
    ]);
    await container.putArchive(seed, { path: "/" });
    await container.start();
    return machine;
  }

  /** Its address in Docker's default network. */
  async address(): Promise<string> {
    const { NetworkSettings } = await this.container.inspect();
    return NetworkSettings.Networks.bridge!.IPAddress;
  }

  /** Runs a script there, past SSH. @returns what it printed; fails with it if it fails */
  async run(script: string): Promise<string> {
    const { code, output } = await this.try(script);
    if (code !== 0) throw new Error(`exit code ${code}: ${script}\n${output}`);
    return output.trim();
  }

  async try(script: string): Promise<{ code: number | null; output: string }> {
    const exec = await this.container.exec({
      Cmd: ["sh", "-c", script],
      Env: ["SYSTEMD_PAGER=cat"],
      Tty: true,
      AttachStdout: true,
      AttachStderr: true,
    });
    const stream = await exec.start({ Tty: true });
    let output = "";
    for await (const chunk of stream) output += String(chunk);
    return { code: (await exec.inspect()).ExitCode, output: output.replaceAll("\r\n", "\n") };
  }

  /** Attaches a volume of this size, formatted when it is attached for the first time. */
  async attachVolume(device: string, megabytes: number): Promise<void> {
    await this.run(`set -e
      until [ -b /dev/loop31 ]; do sleep 0.1; done
      [ -e /volume.img ] || { truncate -s ${megabytes}M /volume.img; mkfs.ext4 -q /volume.img; }
      loop=$(losetup -f --show /volume.img)
      mkdir -p /dev/disk/by-id
      ln -s $loop ${device}`);
  }

  async detachVolume(device: string): Promise<void> {
    await this.run(`loop=$(readlink -f ${device}); umount $loop; losetup -d $loop; rm ${device}`);
  }

  async reboot(): Promise<void> {
    await this.container.restart({ t: 20 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Loop devices are the whole machine's.
    await this.try("for loop in $(losetup -n -O NAME -j /volume.img); do umount $loop; losetup -d $loop; done").catch(
      () => {},
    );
    await this.container.remove({ force: true, v: true });
    rmSync(this.folder, { recursive: true });
  }
}

/** Sends `input` to a command over SSH and answers what comes back, as Docker's own clients do. */
export function throughSsh(args: string[], input: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const client = spawn("ssh", args, { stdio: ["pipe", "pipe", "inherit"] });
    let output = "";
    client.stdout.on("data", (chunk) => {
      output += String(chunk);
    });
    client.once("error", reject);
    client.once("close", () => resolve(output));
    client.stdin.end(input);
  });
}
