import { spawn } from "node:child_process";
import { type Config, containerGateway } from "../config.ts";

/** What the SSH client is run with, so that it can't be led to another machine and never asks a question. */
export interface SshTarget {
  /** `ssh://<user>@<host>`, as Docker's clients write it. */
  host: string;
  /** Arguments for the `ssh` command. */
  options: string[];
}

/**
 * The hostname below the stack's domain at which `droplet.dockerHost` has the tunnel lead to the droplet's SSH server, so that
 * no port of the droplet has to be open.
 */
export function sshHostname({ domain, droplet }: Config): string | undefined {
  if (!droplet.dockerHost?.startsWith("ssh://")) return undefined;
  const { hostname } = new URL(droplet.dockerHost);
  return hostname.endsWith(`.${domain}`) ? hostname : undefined;
}

/**
 * Whether the droplet is reached that way. While `sshAllow` lets somebody in it is reached directly: the update that makes the
 * way through the tunnel cannot need it, nor can one that makes a droplet, on which no connector runs yet.
 */
export function throughTunnel(config: Config): boolean {
  return sshHostname(config) !== undefined && config.droplet.sshAllow.length === 0;
}

/** What the tunnel has to lead to for it: the droplet's SSH server, as the connector's container reaches it. */
export function sshRule(config: Config): { hostname: string; service: string } | undefined {
  const hostname = sshHostname(config);
  return hostname === undefined ? undefined : { hostname, service: sshService(config) };
}

/** The droplet's SSH server as containers reach it. */
export function sshService(config: Config): string {
  return `ssh://${containerGateway(config)}:22`;
}

/**
 * Arguments with which `ssh` believes this host key and no other, whatever is in anybody's known_hosts (ssh_config(5); OpenSSH
 * 8.5 or later). Nothing of this machine is in them: they stay good in the state.
 *
 * @param hostKey `<type> <base64>`
 * @param throughTunnel connects by way of Cloudflare Access; the service token, if one is needed, is in cloudflared's own
 *   environment variables
 */
export function pinnedOptions(hostKey: string, { throughTunnel }: { throughTunnel: boolean }): string[] {
  const [type = ""] = hostKey.split(" ");
  const options = [
    "BatchMode=yes",
    "StrictHostKeyChecking=yes",
    "UserKnownHostsFile=/dev/null",
    "GlobalKnownHostsFile=/dev/null",
    `KnownHostsCommand=/bin/echo %H ${hostKey}`,
    `HostKeyAlgorithms=${type === "ssh-rsa" ? "rsa-sha2-512,rsa-sha2-256" : type}`,
    "UpdateHostKeys=no",
    "ConnectTimeout=10",
    "ServerAliveInterval=15",
    ...(throughTunnel ? ["ProxyCommand=cloudflared access ssh --hostname %h"] : []),
  ];
  return options.flatMap((option) => ["-o", option]);
}

export interface SshAnswer {
  /** The remote command's exit code, 255 for a connection that failed, null for one that took too long. */
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs a command on the droplet. @param seconds after which it is given up */
export type RunOverSsh = (command: string, seconds: number) => Promise<SshAnswer>;

/** @throws {Error} when there is no `ssh` command on this machine */
export function overSsh({ host, options }: SshTarget): RunOverSsh {
  return (command, seconds) =>
    new Promise((resolve, reject) => {
      const client = spawn("ssh", [...options, host, command], {
        stdio: ["ignore", "pipe", "pipe"],
        timeout: seconds * 1000,
        killSignal: "SIGKILL",
      });
      const answer: SshAnswer = { code: null, stdout: "", stderr: "" };
      client.stdout.setEncoding("utf8").on("data", (text: string) => {
        answer.stdout += text;
      });
      client.stderr.setEncoding("utf8").on("data", (text: string) => {
        answer.stderr += text;
      });
      client.once("error", (error) => reject(new Error(`The ssh command cannot be run: ${error.message}`)));
      client.once("close", (code) => resolve({ ...answer, code }));
    });
}
