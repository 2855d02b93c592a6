import { stringify } from "yaml";
import type { DataMount } from "./data-volume.ts";
import type { HostKeyPair } from "./host-key.ts";

/**
 * Docker Engine on the droplet: Debian's own package, which stays in the archive and gets security fixes for as long as
 * Debian 12 does (Docker's own packages of a version do not), and is the version that the tests run against. No other is
 * ever installed.
 */
export const DOCKER_VERSION = "20.10.24";

export interface CloudInitArgs {
  hostKey: HostKeyPair;
  /** Where the data volume is; undefined: the droplet has none. */
  data?: DataMount | undefined;
}

/**
 * User data that makes a fresh Debian 12 droplet a Docker host. A change of it replaces the droplet: nothing volatile belongs
 * in it. https://cloudinit.readthedocs.io/en/latest/reference/modules.html
 */
export function cloudInit({ hostKey, data }: CloudInitArgs): string {
  const config = {
    // A fresh image may have no other.
    locale: "C.UTF-8",
    ssh_deletekeys: true,
    ssh_genkeytypes: ["ed25519"],
    ssh_keys: { ed25519_private: hostKey.privateKey, ed25519_public: `${hostKey.publicKey}\n` },
    ssh_pwauth: false,
    // root signs in with the deploy key only (sshd below).
    disable_root: false,
    swap: { filename: "/swapfile", size: 2 * 1024 ** 3 },
    write_files: [
      ...Object.entries({ ...host, ...(data && dataUnits(data)) }).map(([path, content]) => ({
        path,
        content,
        permissions: "0644",
      })),
    ],
    package_update: true,
    packages: ["ca-certificates", "nftables", "docker.io", "unattended-upgrades"],
    runcmd: [
      "set -e",
      ["systemctl", "daemon-reload"],
      ["systemctl", "restart", "systemd-journald", "systemd-sysctl"],
      ...(data
        ? [
            ["install", "-d", "-m", "0700", data.path],
            // Nothing is written below the mount, should somebody stop its units.
            `chattr +i ${data.path} || true`,
            ["systemctl", "enable", "--now", data.automountUnit],
          ]
        : []),
      ["systemctl", "enable", "--now", "hybrid-mcp-metadata-guard.service", "docker.service"],
    ],
  };
  return `#cloud-config\n${stringify(config, { lineWidth: 0 })}`;
}

/** Files of every droplet, by path. */
const host: Record<string, string> = {
  "/etc/apt/preferences.d/hybrid-mcp": `# Security fixes of this version come in; another version never does.
Package: docker.io
Pin: version ${DOCKER_VERSION}*
Pin-Priority: 1001

Package: docker.io
Pin: release *
Pin-Priority: -1
`,
  "/etc/apt/apt.conf.d/52hybrid-mcp": `APT::Periodic::Update-Package-Lists "1";
APT::Periodic::Unattended-Upgrade "1";
APT::Periodic::AutocleanInterval "7";
Unattended-Upgrade::Remove-Unused-Dependencies "true";
Unattended-Upgrade::Automatic-Reboot "true";
Unattended-Upgrade::Automatic-Reboot-Time "04:30";
`,
  "/etc/docker/daemon.json": `${JSON.stringify(
    {
      // Containers go on while the engine is upgraded or restarted.
      "live-restore": true,
      "log-driver": "json-file",
      "log-opts": { "max-size": "10m", "max-file": "3" },
      "no-new-privileges": true,
      "userland-proxy": false,
      // Should a container ever publish a port, then not to the internet.
      ip: "127.0.0.1",
      // Containers that were started by hand don't reach each other.
      icc: false,
      "default-ulimits": { nofile: { Name: "nofile", Soft: 65_536, Hard: 65_536 } },
    },
    undefined,
    2,
  )}\n`,
  // User data, with the host key in it, can be read at the metadata address by whoever reaches it: the host itself only.
  "/etc/hybrid-mcp/metadata-guard.nft": `table ip hybrid_mcp
delete table ip hybrid_mcp
table ip hybrid_mcp {
  chain forwarded {
    type filter hook prerouting priority raw; policy accept;
    ip daddr 169.254.0.0/16 drop
  }
}
`,
  "/etc/systemd/system/hybrid-mcp-metadata-guard.service": `[Unit]
Description=Keeps containers from the metadata service
DefaultDependencies=no
After=local-fs.target
Before=network-pre.target docker.service
Wants=network-pre.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/sbin/nft -f /etc/hybrid-mcp/metadata-guard.nft

[Install]
WantedBy=multi-user.target
`,
  "/etc/systemd/system/docker.service.d/hybrid-mcp.conf": `[Unit]
Requires=hybrid-mcp-metadata-guard.service
After=hybrid-mcp-metadata-guard.service
`,
  // The first file that says something counts. Docker's client opens a connection for every request.
  "/etc/ssh/sshd_config.d/00-hybrid-mcp.conf": `PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
AllowAgentForwarding no
AllowTcpForwarding no
X11Forwarding no
HostKey /etc/ssh/ssh_host_ed25519_key
MaxStartups 100:30:200
MaxSessions 100
LoginGraceTime 30
ClientAliveInterval 30
`,
  "/etc/sysctl.d/60-hybrid-mcp.conf": `# What QUIC, over which the connector speaks, asks for.
net.core.rmem_max = 7500000
net.core.wmem_max = 7500000
vm.swappiness = 10
kernel.panic = 10
kernel.dmesg_restrict = 1
`,
  "/etc/systemd/journald.conf.d/hybrid-mcp.conf": `[Journal]
SystemMaxUse=200M
MaxRetentionSec=1month
`,
};

/**
 * Mounts the volume when something reaches for it. While it is not attached, whoever does gets an error: what belongs on the
 * volume is never written to the root disk, and the droplet boots all the same.
 */
function dataUnits({ device, path, mountUnit, automountUnit }: DataMount): Record<string, string> {
  return {
    [`/etc/systemd/system/${mountUnit}`]: `[Unit]
Description=Data volume

[Mount]
What=${device}
Where=${path}
Type=ext4
Options=noatime,nodev,nosuid
TimeoutSec=60
`,
    [`/etc/systemd/system/${automountUnit}`]: `[Unit]
Description=Data volume, when it is reached for
Before=docker.service

[Automount]
Where=${path}

[Install]
WantedBy=multi-user.target
`,
  };
}
