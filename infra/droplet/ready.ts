import type { Clock } from "../cutover/gate.ts";
import type { DataFolder, DataMount } from "./data-volume.ts";
import type { RunOverSsh, SshAnswer } from "./ssh.ts";

export interface ReadyOptions {
  /** For messages, e.g. `ssh://root@203.0.113.10`. */
  host: string;
  /** Reached through the tunnel, which needs a connector that runs there. */
  throughTunnel: boolean;
  /** The machine was made with our cloud-init; another one is only asked for Docker. */
  cloudInit: boolean;
  /** Where the data volume has to be, and what has to be on it. */
  data?: { mount: DataMount; folders: DataFolder[] } | undefined;
  run: RunOverSsh;
  clock: Clock;
  /** Progress, for people. */
  tell: (message: string) => void;
  /** How long all of it may take, in seconds. */
  deadlineSeconds: number;
}

/** The droplet did not become what it has to be. The message says what was seen last, and what to do. */
export class NotReadyError extends Error {}

/** Pause between two attempts, in milliseconds. */
const PAUSE_MS = 3000;
/** How long one question may take, in seconds. */
const ANSWER_SECONDS = 30;
/** How long the deploy key may be refused by a machine that shows the right host key, in seconds: cloud-init writes both. */
const KEY_SECONDS = 30;
/** How long an attached volume may take to be seen, in seconds. */
const DEVICE_SECONDS = 60;

/**
 * Waits until a droplet can run containers: it answers over SSH with the right host key, cloud-init has done its work, Docker
 * answers, and the data volume is mounted.
 *
 * @returns the version of its Docker Engine
 * @throws {NotReadyError} at once for what waiting does not change, else at the deadline
 */
export async function ready(options: ReadyOptions): Promise<string> {
  const { clock, deadlineSeconds, cloudInit, data } = options;
  const until = clock.now() + deadlineSeconds * 1000;
  await connected(options, until);
  if (cloudInit) await installed(options, until);
  const version = await dockerAnswers(options, until);
  if (data) await dataMounted(options, data);
  return version;
}

/** Whoever needs another try answers undefined, after having said what it saw. */
async function eventually<T>(
  { clock }: Pick<ReadyOptions, "clock">,
  until: number,
  attempt: () => Promise<T | undefined>,
  tooLate: () => NotReadyError,
): Promise<T> {
  for (;;) {
    const result = await attempt();
    if (result !== undefined) return result;
    if (clock.now() >= until) throw tooLate();
    await clock.wait(PAUSE_MS);
  }
}

async function connected(options: ReadyOptions, until: number): Promise<void> {
  const { host, run, clock, tell } = options;
  let last = "";
  let refusedSince: number | undefined;
  const attempt = async () => {
    const answer = await run("true", ANSWER_SECONDS);
    if (answer.code === 0) return true;
    const seen = lastLine(answer);
    if (/host key|REMOTE HOST IDENTIFICATION/i.test(answer.stderr)) throw wrongHostKey(host, seen);
    if (/cloudflared.*not found|not found.*cloudflared/.test(answer.stderr)) {
      throw new NotReadyError(
        `${host} is reached through the tunnel, for which this machine needs the cloudflared command: https://developers.cloudflare.com/cloudflare-one/networks/connectors/cloudflare-tunnel/downloads/`,
      );
    }
    if (/Permission denied/.test(answer.stderr)) {
      refusedSince ??= clock.now();
      if (clock.now() - refusedSince >= KEY_SECONDS * 1000) {
        throw new NotReadyError(
          `${host} lets nobody in with the keys of this machine (${seen}). Load the private key of droplet.sshPublicKey: ssh-add ~/.ssh/<key>`,
        );
      }
    }
    if (seen !== last) tell(`waiting for ${host}: ${seen}`);
    last = seen;
    return undefined;
  };
  await eventually(options, until, attempt, () => unreachable(options, last));
}

function wrongHostKey(host: string, seen: string): NotReadyError {
  return new NotReadyError(
    `${host} does not have the host key of this stack's droplet (${seen}). Another machine answers there, or the key was changed on it by hand. Nothing was sent to it; find out which machine it is before you go on.`,
  );
}

function unreachable({ host, throughTunnel, deadlineSeconds }: ReadyOptions, last: string): NotReadyError {
  const advice = throughTunnel
    ? "It is reached through the tunnel: is a connector running there, and are TUNNEL_SERVICE_TOKEN_ID and TUNNEL_SERVICE_TOKEN_SECRET set? Without a connector, as on a droplet that was just made, put your address into droplet.sshAllow for one update: it is reached directly then"
    : "Is your address in droplet.sshAllow, and is the droplet on?";
  return new NotReadyError(`${host} could not be reached over SSH within ${deadlineSeconds} s (${last}). ${advice}`);
}

async function installed(options: ReadyOptions, until: number): Promise<void> {
  const { host, run, clock, tell } = options;
  let last = "nothing yet";
  const attempt = async () => {
    const seconds = Math.max(1, Math.min(ANSWER_SECONDS, Math.round((until - clock.now()) / 1000)));
    // 124 is `timeout`'s own code. https://cloudinit.readthedocs.io/en/latest/explanation/return_codes.html
    const answer = await run(
      `timeout ${seconds} cloud-init status --wait >/dev/null 2>&1; code=$?; cloud-init status --long; exit $code`,
      2 * ANSWER_SECONDS,
    );
    // 2: done, with something that could be got over.
    if (answer.code === 0 || answer.code === 2) return true;
    if (answer.code === 1) {
      const log = await run("tail -n 12 /var/log/cloud-init-output.log", ANSWER_SECONDS);
      throw new NotReadyError(
        `cloud-init failed on ${host}. Its last lines:\n${indented(`${answer.stdout}\n${log.stdout}`)}\nPut right what is there, and replace the droplet: pulumi up --replace <its URN>; what is on the data volume stays.`,
      );
    }
    last = answer.code === 124 ? firstLine(answer.stdout) : lastLine(answer);
    tell(`${host} is being set up by cloud-init (${last})`);
    return undefined;
  };
  await eventually(options, until, attempt, () => {
    return new NotReadyError(
      `cloud-init did not come to an end on ${host} within ${options.deadlineSeconds} s (${last}). Run the update again, or look there: /var/log/cloud-init-output.log`,
    );
  });
}

async function dockerAnswers(options: ReadyOptions, until: number): Promise<string> {
  const { host, run, tell } = options;
  let last = "";
  const attempt = async () => {
    const answer = await run("docker version --format '{{.Server.Version}}'", ANSWER_SECONDS);
    if (answer.code === 0) return answer.stdout.trim();
    last = lastLine(answer);
    if (answer.code === 127)
      throw new NotReadyError(`There is no Docker Engine on ${host} (${last}). Install it there.`);
    tell(`waiting for Docker Engine on ${host}: ${last}`);
    return undefined;
  };
  return eventually(options, until, attempt, () => {
    return new NotReadyError(
      `Docker Engine did not answer on ${host} within ${options.deadlineSeconds} s (${last}). Look there: journalctl -u docker`,
    );
  });
}

async function dataMounted(
  options: ReadyOptions,
  { mount: { device, path, mountUnit }, folders }: NonNullable<ReadyOptions["data"]>,
): Promise<void> {
  const { host, run, clock, tell } = options;
  const make = folders.map(({ name, owner }) => {
    const [user, group] = owner.split(":");
    return `[ -d ${path}/${name} ] || install -d -m 0700 -o ${user} -g ${group} ${path}/${name} || exit 5`;
  });
  const script = [
    `[ -e ${device} ] || { echo "${device} is not there" >&2; exit 3; }`,
    // Whoever reaches for the folder has the volume mounted.
    `timeout 90 ls ${path} >/dev/null || { systemctl status --no-pager --lines 3 '${mountUnit}' | tail -n 3 >&2; exit 4; }`,
    `[ "$(findmnt -n -o SOURCE -t ext4 --mountpoint ${path})" = "$(readlink -f ${device})" ] || { echo "something else is mounted at ${path}" >&2; exit 4; }`,
    // The volume may have been made larger.
    `grown=$(resize2fs ${device} 2>&1) || echo "its filesystem could not be made as large as the volume: $grown"`,
    ...make,
  ].join("\n");
  let last = "";
  const attempt = async () => {
    const answer = await run(script, 4 * ANSWER_SECONDS);
    if (answer.code === 0) {
      if (answer.stdout) tell(`the data volume on ${host}: ${lastLine(answer)}`);
      return true;
    }
    last = lastLine(answer);
    tell(`waiting for the data volume on ${host}: ${last}`);
    // Only a device that is not seen yet comes by itself, and a connection that broke.
    if (answer.code === 3 || answer.code === 255) return undefined;
    throw notMounted();
  };
  const notMounted = () =>
    new NotReadyError(
      `The data volume is not mounted at ${path} on ${host} (${last}). Nothing was started, and nothing was written in its place. Is the volume attached to the droplet? See it with: pulumi refresh`,
    );
  await eventually(options, clock.now() + DEVICE_SECONDS * 1000, attempt, notMounted);
}

function lastLine({ stdout, stderr, code }: SshAnswer): string {
  const lines = `${stdout}\n${stderr}`.split("\n").filter((line) => line.trim() !== "");
  return lines.at(-1)?.trim() ?? (code === null ? "no answer in time" : `exit code ${code}`);
}

function firstLine(text: string): string {
  return text.trim().split("\n")[0] ?? "";
}

function indented(text: string): string {
  return text
    .trim()
    .split("\n")
    .map((line) => `  ${line}`)
    .join("\n");
}
