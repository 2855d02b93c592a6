import { execFileSync, spawnSync } from "node:child_process";
import { appendFileSync, chmodSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { CLOUDFLARED_IMAGE } from "../infra/droplet/images.ts";
import { runCommand, say, UserError } from "../local/cli/user-error.ts";

/**
 * `npm run ci:droplet-access`: gives the steps that follow the way to the droplet. The private key in `DROPLET_DEPLOY_KEY` goes into
 * an SSH agent, and, where SSH goes through the tunnel (`TUNNEL_SERVICE_TOKEN_ID`), cloudflared comes onto the path, out of
 * the pinned image. Without either it does nothing.
 */
await runCommand(async () => {
  const { DROPLET_DEPLOY_KEY: key, TUNNEL_SERVICE_TOKEN_ID: token } = process.env;
  if (key) startAgent(key);
  if (token) getCloudflared();
  if (!key && !token) say("Nothing is set for the way to a droplet (DROPLET_DEPLOY_KEY, TUNNEL_SERVICE_TOKEN_ID).");
});

function startAgent(key: string): void {
  const told = execFileSync("ssh-agent", ["-s"], { encoding: "utf8" });
  const variables = Object.fromEntries(
    [...told.matchAll(/^(SSH_\w+)=([^;]+);/gm)].map(([, name, value]) => [name!, value!]),
  );
  const add = spawnSync("ssh-add", ["-q", "-"], {
    // Keys end in a line end; a secret that was pasted may have lost it.
    input: `${key.trim()}\n`,
    encoding: "utf8",
    env: { ...process.env, ...variables },
  });
  if (add.status !== 0) {
    execFileSync("ssh-agent", ["-k"], { env: { ...process.env, ...variables } });
    throw new UserError(`DROPLET_DEPLOY_KEY is no private SSH key without a passphrase: ${add.stderr.trim()}`);
  }
  for (const [name, value] of Object.entries(variables)) keep("GITHUB_ENV", `${name}=${value}`);
  say("The deploy key is in an SSH agent.");
}

function getCloudflared(): void {
  const folder = join(process.env.RUNNER_TEMP ?? "/tmp", "cloudflared");
  mkdirSync(folder, { recursive: true });
  const docker = (...args: string[]) => execFileSync("docker", args, { encoding: "utf8" }).trim();
  const container = docker("create", CLOUDFLARED_IMAGE);
  try {
    docker("cp", `${container}:/usr/local/bin/cloudflared`, folder);
  } finally {
    docker("rm", container);
  }
  chmodSync(join(folder, "cloudflared"), 0o755);
  keep("GITHUB_PATH", folder);
  say("cloudflared is on the path.");
}

/** Tells the steps that follow. */
function keep(file: "GITHUB_ENV" | "GITHUB_PATH", line: string): void {
  const path = process.env[file];
  if (!path) throw new UserError(`${file} is not set: this runs as a step of a GitHub workflow.`);
  appendFileSync(path, `${line}\n`);
}
