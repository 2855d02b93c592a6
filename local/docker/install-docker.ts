import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { runTool } from "../engine/run-tool.ts";
import { type DockerEngine, findDocker } from "./docker-engine.ts";
import { startDocker } from "./lifetime.ts";

const APT_MS = 900_000;

/** Debian's packages, and the file or program that shows that one is there already. */
const PACKAGES = [
  { name: "docker.io", present: () => onPath("dockerd") },
  { name: "debootstrap", present: () => onPath("debootstrap") },
  {
    name: "debian-archive-keyring",
    present: () => existsSync("/usr/share/keyrings/debian-archive-keyring.gpg"),
  },
];

/**
 * Installs what is missing of Docker Engine and of what a base image is made with, starts the engine if none answers, and
 * registers the stack as its user.
 * @param stackDir see `startDocker`
 * @throws on other systems than Debian and Ubuntu, and when not root: what to install
 */
export async function installDocker(stackDir: string, log: (line: string) => void): Promise<DockerEngine> {
  const answers = (await findDocker()) !== undefined;
  // An engine that answers may come from another package, or run elsewhere: it stays.
  const missing = PACKAGES.filter(({ name, present }) => !present() && !(answers && name === "docker.io"));
  await installPackages(
    missing.map(({ name }) => name),
    log,
  );
  return await startDocker(stackDir, log);
}

/**
 * Installs Debian packages with apt-get; none is no error.
 * @throws on other systems than Debian and Ubuntu, and when not root: what to install
 */
export async function installPackages(names: string[], log: (line: string) => void): Promise<void> {
  if (names.length === 0) return;
  const release = await readFile("/etc/os-release", "utf8").catch(() => "");
  const reason = whyNotInstall(release, process.getuid?.());
  if (reason) throw new Error(`${names.join(", ")} cannot be installed: ${reason}.`);
  log(`installing ${names.join(", ")} with apt-get`);
  // A service is not to be started by apt: the one who starts the engine must know that it did.
  const env = { DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" };
  const apt = (args: string[]) =>
    runTool("apt-get", ["-o", "DPkg::Lock::Timeout=300", ...args], { env, timeoutMs: APT_MS });
  await apt(["update"]);
  await apt(["install", "-y", "--no-install-recommends", ...names]);
}

/**
 * @param osRelease text of /etc/os-release (os-release(5))
 * @param uid of this process
 * @returns why packages cannot be installed on this machine and what to do; undefined if they can
 */
export function whyNotInstall(osRelease: string, uid: number | undefined): string | undefined {
  const value = (key: string) => new RegExp(`^${key}="?([^"\n]*)"?$`, "m").exec(osRelease)?.[1] ?? "";
  const systems = [value("ID"), ...value("ID_LIKE").split(" ")];
  if (!systems.includes("debian") && !systems.includes("ubuntu")) {
    return "that is done on Debian and Ubuntu only; install Docker Engine yourself, start it, and run this again";
  }
  if (uid !== 0) return "only root can; run this as root, or install them with apt-get";
  return undefined;
}

/** Whether a program is installed. */
export function onPath(program: string): boolean {
  // Users other than root do not have the folders of system programs on their path.
  const dirs = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/sbin"];
  return dirs.some((dir) => dir !== "" && existsSync(join(dir, program)));
}
