import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import type { Clock } from "../infra/cutover/gate.ts";
import { systemClock } from "../infra/cutover/gate.ts";
import { cloudInit, DOCKER_VERSION } from "../infra/droplet/cloud-init.ts";
import { dataMount } from "../infra/droplet/data-volume.ts";
import { ed25519KeyPair } from "../infra/droplet/host-key.ts";
import { type ReadyOptions, ready } from "../infra/droplet/ready.ts";
import { overSsh, pinnedOptions } from "../infra/droplet/ssh.ts";
import { DropletMachine, throughSsh } from "./support/droplet-machine.ts";

// The user data of the program, on a machine that boots with it; the program's own readiness check, over real SSH.
const hostKey = ed25519KeyPair(Buffer.alloc(32, 7));
const mount = dataMount({ name: "hybrid-mcp" });
const userData = cloudInit({ hostKey, data: mount });

let machine: DropletMachine;
let told: string[];
let version: string;

/** Ten times as fast: what takes a minute of patience takes six seconds. */
const hurriedClock: Clock = {
  now: () => 10 * systemClock.now(),
  wait: (ms) => systemClock.wait(ms / 10),
};

const sshArguments = (key: string) => [
  ...pinnedOptions(key, { throughTunnel: false }),
  ...["-o", "IdentitiesOnly=yes", "-i", machine.keyFile],
];

async function check(options: Partial<ReadyOptions> = {}, key = hostKey.publicKey): Promise<string> {
  const host = `ssh://root@${await machine.address()}`;
  return ready({
    host,
    throughTunnel: false,
    cloudInit: true,
    data: { mount, folders: [{ name: "postgres", owner: "999:999" }] },
    run: overSsh({ host, options: sshArguments(key) }),
    clock: systemClock,
    tell: (message) => void told.push(message),
    deadlineSeconds: 300,
    ...options,
  });
}

beforeAll(async () => {
  told = [];
  machine = await DropletMachine.boot(userData);
  // As the program does: the volume is attached to a machine that is still being set up, and only then it is asked.
  await machine.attachVolume(mount.device, 64);
  version = await check();
});

afterAll(() => machine?.[Symbol.asyncDispose]());

test("the user data is as cloud-init's own schema has it", async () => {
  const valid = async (text: string) => {
    await machine.run(`cat > /tmp/user-data <<'END_OF_USER_DATA'\n${text}\nEND_OF_USER_DATA`);
    return (await machine.try("cloud-init schema --config-file /tmp/user-data")).code === 0;
  };
  expect(await valid(userData)).toBe(true);
  // It would be seen.
  expect(await valid(`#cloud-config\n${stringify({ ...parse(userData), packages: "docker.io" })}`)).toBe(false);
});

describe("the machine, when the readiness check has let us through", () => {
  test("was waited for while cloud-init was at work, and ended without an error", async () => {
    expect(told.join("\n")).toMatch(/waiting for|is being set up by cloud-init/);
    expect(await machine.run("cloud-init status")).toBe("status: done");
    expect(await machine.run("systemctl --failed --no-legend --no-pager")).toBe("");
  });

  test("has the pinned Docker Engine with its settings, and would get no other", async () => {
    expect(version).toMatch(new RegExp(`^${DOCKER_VERSION}\\b`));
    const info = JSON.parse(await machine.run("docker info --format '{{json .}}' 2>/dev/null"));
    expect(info).toMatchObject({ LiveRestoreEnabled: true, LoggingDriver: "json-file" });
    const bridge = JSON.parse(await machine.run("docker network inspect bridge --format '{{json .Options}}'"));
    expect(bridge).toMatchObject({
      "com.docker.network.bridge.enable_icc": "false",
      "com.docker.network.bridge.host_binding_ipv4": "127.0.0.1",
    });
    const policy = await machine.run("apt-cache policy docker.io");
    expect(policy).toMatch(/Installed: 20\.10\.24.*\n\s+Candidate: 20\.10\.24/);
    // A version that is not the pinned one has no way in.
    await machine.run("sed -i s/20.10.24/99.1/ /etc/apt/preferences.d/hybrid-mcp");
    expect(await machine.run("apt-cache policy docker.io")).toMatch(/20\.10\.24\S* -1\b/);
    await machine.run("sed -i s/99.1/20.10.24/ /etc/apt/preferences.d/hybrid-mcp");
  });

  test("upgrades itself, has swap, and bounds its logs", async () => {
    expect(await machine.run("apt-config dump Unattended-Upgrade::Automatic-Reboot-Time")).toContain('"04:30"');
    expect(await machine.run("apt-config dump APT::Periodic::Unattended-Upgrade")).toContain('"1"');
    expect(await machine.run("systemctl is-enabled unattended-upgrades apt-daily-upgrade.timer")).toBe(
      "enabled\nenabled",
    );
    expect(await machine.run("apt-config dump Unattended-Upgrade::Origins-Pattern")).toContain("Debian-Security");
    expect(await machine.run("stat -c '%s %a' /swapfile")).toBe(`${2 * 1024 ** 3} 600`);
    expect(await machine.run("grep -c '^/swapfile.*swap' /etc/fstab")).toBe("1");
    expect(await machine.run("systemd-analyze cat-config systemd/journald.conf")).toContain("\nSystemMaxUse=200M");
  });

  test("has our host key alone, and an SSH server without passwords", async () => {
    expect(await machine.run("ls /etc/ssh/ssh_host_*.pub")).toBe("/etc/ssh/ssh_host_ed25519_key.pub");
    expect(await machine.run("ssh-keygen -y -f /etc/ssh/ssh_host_ed25519_key")).toBe(hostKey.publicKey);
    const settings = await machine.run("sshd -T");
    for (const setting of [
      "passwordauthentication no",
      "kbdinteractiveauthentication no",
      "permitrootlogin without-password",
      "allowtcpforwarding no",
      "maxstartups 100:30:200",
    ]) {
      expect(settings.split("\n")).toContain(setting);
    }
  });

  test("keeps what is forwarded, as from containers, from the metadata service", async () => {
    // A second network stack, as a container has one; the metadata address and another one are this machine's own here.
    await machine.run(`set -e
      ip netns add other
      ip link add inside type veth peer name outside netns other
      ip addr add 10.99.0.1/24 dev inside && ip link set inside up
      ip -n other addr add 10.99.0.2/24 dev outside && ip -n other link set outside up
      ip -n other route add default via 10.99.0.1
      ip addr add 169.254.169.254/32 dev lo && ip addr add 198.18.0.1/32 dev lo
      systemd-run --quiet --collect --unit web python3 -m http.server 8000 --directory /srv --bind 0.0.0.0`);
    const ask = (address: string) =>
      machine.try(
        `for n in 1 2 3 4 5 6 7 8 9 10; do ip netns exec other python3 -c "import urllib.request as u; u.urlopen('http://${address}:8000/', timeout=2)" && exit 0; [ ${address} = 169.254.169.254 ] && exit 1; sleep 0.5; done; exit 1`,
      );
    expect((await ask("198.18.0.1")).code).toBe(0);
    const { code, output } = await ask("169.254.169.254");
    expect([code, output]).toEqual([1, expect.stringContaining("timed out")]);
    expect(await machine.run("systemctl show -p Requires docker.service")).toContain(
      "hybrid-mcp-metadata-guard.service",
    );
    await machine.run("systemctl stop web; ip netns del other; ip addr del 169.254.169.254/32 dev lo");
  });

  test("answers Docker's own clients over the pinned connection", async () => {
    const args = [...sshArguments(hostKey.publicKey), `ssh://root@${await machine.address()}`];
    const answer = await throughSsh([...args, "docker", "system", "dial-stdio"], "GET /_ping HTTP/1.0\r\n\r\n");
    expect(answer).toMatch(/^HTTP\/1\.[01] 200 OK/);
  });

  test("is refused at once when it has another key than the pinned one", async () => {
    const other = ed25519KeyPair(Buffer.alloc(32, 8)).publicKey;
    const start = performance.now();
    await expect(check({}, other)).rejects.toThrow("does not have the host key of this stack's droplet");
    expect(performance.now() - start).toBeLessThan(10_000);
  });
});

describe("the data volume", () => {
  test("is mounted, with a folder for each container that only its user reads", async () => {
    expect(await machine.run(`findmnt -n -o FSTYPE,SOURCE -t ext4 ${mount.path}`)).toMatch(/^ext4\s+\/dev\/loop\d+$/);
    expect(await machine.run(`stat -c '%u:%g %a' ${mount.path}/postgres`)).toBe("999:999 700");
    await machine.run(`echo kept > ${mount.path}/postgres/row && chmod 750 ${mount.path}/postgres`);
  });

  test("that was made larger: its filesystem is grown at the next update, and what is on it stays as it is", async () => {
    // Growing one that is mounted needs a capability that the tests' machine does not have: who is asked is a stand-in.
    await machine.run(
      `printf '#!/bin/sh\necho "$@" > /run/grown\n' > /usr/local/sbin/resize2fs; chmod +x /usr/local/sbin/resize2fs`,
    );
    await check();
    expect(await machine.run("cat /run/grown; rm /usr/local/sbin/resize2fs")).toBe(mount.device);
    expect(await machine.run(`cat ${mount.path}/postgres/row; stat -c %a ${mount.path}/postgres`)).toBe("kept\n750");
  });

  test("that is gone: nothing can be written in its place, and the check says so", async () => {
    await machine.detachVolume(mount.device);
    const { code, output } = await machine.try(`echo lost > ${mount.path}/row`);
    expect([code, output]).toEqual([expect.not.stringMatching(/^0$/), expect.stringContaining("No such device")]);
    await expect(check({ clock: hurriedClock })).rejects.toThrow(
      /^The data volume is not mounted at \/mnt\/hybrid-mcp-data .*Nothing was started/,
    );
    // Nor with the units stopped.
    await machine.run(`systemctl stop '${mount.automountUnit}'`);
    expect((await machine.try(`echo lost > ${mount.path}/row`)).output).toContain("Operation not permitted");
    await machine.run(`systemctl start '${mount.automountUnit}'`);
  });

  test("comes back by itself with what was on it, after a restart of the machine too", async () => {
    await machine.reboot();
    await machine.attachVolume(mount.device, 256);
    expect(await check()).toBe(version);
    expect(await machine.run(`cat ${mount.path}/postgres/row`)).toBe("kept");
  });
});

test("a machine whose cloud-init failed is told with its last lines", async () => {
  await using broken = await DropletMachine.boot(userData.replace("- docker.io", "- no-such-package"));
  const host = `ssh://root@${await broken.address()}`;
  const options = [...pinnedOptions(hostKey.publicKey, { throughTunnel: false }), "-i", broken.keyFile];
  const failed = ready({
    host,
    throughTunnel: false,
    cloudInit: true,
    run: overSsh({ host, options }),
    clock: systemClock,
    tell: () => {},
    deadlineSeconds: 300,
  });
  await expect(failed).rejects.toThrow(/^cloud-init failed on ssh:.*no-such-package/s);
});
