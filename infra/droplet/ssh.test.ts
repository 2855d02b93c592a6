import { expect, test } from "vitest";
import type { Config } from "../config.ts";
import { overSsh, pinnedOptions, sshHostname, sshRule } from "./ssh.ts";

const config = (dockerHost?: string, subnet = "10.213.0.0/24") =>
  ({ domain: "example.com", droplet: { dockerHost, subnet } }) as Config;

test("a Docker host below the domain is reached through the tunnel, which leads to the droplet's SSH server", () => {
  expect(sshRule(config("ssh://root@droplet.example.com"))).toEqual({
    hostname: "droplet.example.com",
    service: "ssh://10.213.0.1:22",
  });
  expect(sshRule(config("ssh://root@droplet.example.com", "172.30.8.64/26"))?.service).toBe("ssh://172.30.8.65:22");
});

test.each([
  undefined,
  "unix:///var/run/docker.sock",
  "ssh://root@203.0.113.10",
  "ssh://root@example.com.evil.net",
  "tcp://docker.example.com:2376",
])("any other is not: %s", (dockerHost) => expect(sshHostname(config(dockerHost))).toBeUndefined());

test("the key is pinned by its type, and a proxy is named only for the tunnel", () => {
  const options = pinnedOptions("ssh-ed25519 AAAA", { throughTunnel: false });
  expect(options).toContain("KnownHostsCommand=/bin/echo %H ssh-ed25519 AAAA");
  expect(options).toContain("HostKeyAlgorithms=ssh-ed25519");
  expect(options.join(" ")).not.toContain("ProxyCommand");
  expect(pinnedOptions("ssh-rsa AAAA", { throughTunnel: true })).toEqual(
    expect.arrayContaining([
      "HostKeyAlgorithms=rsa-sha2-512,rsa-sha2-256",
      "ProxyCommand=cloudflared access ssh --hostname %h",
    ]),
  );
});

test("where no cloudflared is installed, ssh says so in words that the readiness check knows", async () => {
  const options = pinnedOptions("ssh-ed25519 AAAA", { throughTunnel: true });
  const run = overSsh({ host: "ssh://root@droplet.example.com", options });
  const { code, stderr } = await run("true", 20);
  expect([code, stderr]).toEqual([255, expect.stringMatching(/cloudflared.*not found/)]);
});
