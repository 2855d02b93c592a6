import { expect, test } from "vitest";
import { parse } from "yaml";
import { cloudInit, DOCKER_VERSION } from "./cloud-init.ts";
import { dataMount } from "./data-volume.ts";
import { ed25519KeyPair } from "./host-key.ts";

const hostKey = ed25519KeyPair(Buffer.alloc(32, 7));
const data = dataMount({ name: "hybrid-mcp" });
const text = cloudInit({ hostKey, data });
const config = parse(text);
const file = (path: string): string =>
  config.write_files.find((each: { path: string }) => each.path === path)?.content ?? "";

test("is a cloud-config, the same at every run, and small enough for DigitalOcean (64 KiB)", () => {
  expect(text).toMatch(/^#cloud-config\n/);
  expect(cloudInit({ hostKey, data })).toBe(text);
  expect(Buffer.byteLength(text)).toBeLessThan(64 * 1024);
});

test("one version of Docker Engine is installed, with its security fixes, and no other", () => {
  const stanzas = file("/etc/apt/preferences.d/hybrid-mcp").split("\n\n");
  expect(stanzas[0]).toContain(`Package: docker.io\nPin: version ${DOCKER_VERSION}*\nPin-Priority: 1001`);
  expect(stanzas[1]).toContain("Package: docker.io\nPin: release *\nPin-Priority: -1");
});

test("nobody signs in with a password", () => {
  expect(config).toMatchObject({ ssh_pwauth: false, ssh_deletekeys: true });
  expect(file("/etc/ssh/sshd_config.d/00-hybrid-mcp.conf")).toMatch(
    /^PasswordAuthentication no\n(?:.*\n)*PermitRootLogin prohibit-password\n/,
  );
});

test("the volume is mounted by its id; a droplet without state mounts nothing", () => {
  expect(data).toEqual({
    device: "/dev/disk/by-id/scsi-0DO_Volume_hybrid-mcp-data",
    path: "/mnt/hybrid-mcp-data",
    mountUnit: "mnt-hybrid\\x2dmcp\\x2ddata.mount",
    automountUnit: "mnt-hybrid\\x2dmcp\\x2ddata.automount",
  });
  expect(file(`/etc/systemd/system/${data.mountUnit}`)).toContain(`What=${data.device}\nWhere=${data.path}\nType=ext4`);
  expect(cloudInit({ hostKey })).not.toMatch(/automount|DO_Volume/);
});
