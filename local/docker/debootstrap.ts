import { mkdir, readdir, readFile, realpath, rm } from "node:fs/promises";
import { join } from "node:path";
import { runTool, ToolError } from "../engine/run-tool.ts";
import { reportingProgress } from "./progress.ts";

const DEBOOTSTRAP_MS = 900_000;

/** What only a machine or a package manager needs: apt's caches, documentation, translations, this machine's names. */
const LEFT_OUT = [
  "etc/hostname",
  "etc/resolv.conf",
  "usr/share/info",
  "usr/share/locale",
  "usr/share/man",
  "var/cache/apt",
  "var/cache/debconf",
  "var/lib/apt/lists",
  "var/log",
  "tmp",
];

/** Directories that programs expect, empty. */
const EMPTY_DIRS = ["usr/share/man", "var/cache/apt/archives/partial", "var/lib/apt/lists/partial", "var/log"];

/**
 * Makes a minimal Debian 12 as a tar file, with debootstrap(8).
 * @param workDir an empty folder
 * @returns path of the tar file, inside `workDir`
 * @throws when debootstrap is missing, this process is not root, or the mirror is not reached
 */
export async function makeBaseTarball(workDir: string, log: (line: string) => void): Promise<string> {
  if (process.getuid?.() !== 0) throw new Error("only root can run debootstrap; run this as root.");
  const root = join(workDir, "root");
  try {
    log("docker: making the base image with debootstrap (about half a minute)");
    const mirror = await debianMirror();
    // Without the flag it goes on unverified where Debian's keys are not installed.
    const args = ["--variant=minbase", "--force-check-gpg", "bookworm", root, ...(mirror ? [mirror] : [])];
    await reportingProgress(log, "making the base image", () =>
      runTool("debootstrap", args, { timeoutMs: DEBOOTSTRAP_MS }),
    );
    for (const path of LEFT_OUT) await rm(join(root, path), { recursive: true, force: true });
    await removeDocumentation(join(root, "usr/share/doc"));
    for (const path of EMPTY_DIRS) await mkdir(join(root, path), { recursive: true });
    await mkdir(join(root, "tmp"), { recursive: true });
    await runTool("chmod", ["1777", join(root, "tmp")]);
    const tarball = join(workDir, "base.tar");
    const fromRoot = [
      "--one-file-system",
      "--numeric-owner",
      "--exclude=./dev/*",
      "--exclude=./proc/*",
      "--exclude=./sys/*",
    ];
    await runTool("tar", ["-C", root, ...fromRoot, "-cf", tarball, "."]);
    return tarball;
  } catch (error) {
    if (error instanceof ToolError && error.code === "ENOENT") {
      throw new Error("debootstrap is not installed; install it (apt-get install debootstrap) and run this again.");
    }
    throw error;
  }
}

/** Unmounts what debootstrap mounts below a folder (proc, sys) and leaves mounted when it is killed. */
export async function unmountBelow(dir: string): Promise<void> {
  const below = `${await realpath(dir)}/`;
  // Elsewhere than on Linux there is no such file, and no debootstrap.
  const mounts = (await readFile("/proc/self/mounts", "utf8").catch(() => ""))
    .split("\n")
    .map((line) => line.split(" ")[1] ?? "");
  for (const mount of mounts.filter((path) => path.startsWith(below)).reverse()) await runTool("umount", [mount]);
}

/** The mirror of Debian that this machine's apt uses; undefined if it uses none, then debootstrap takes its own. */
async function debianMirror(): Promise<string | undefined> {
  const format = "$(ORIGIN)|$(LABEL)|$(REPO_URI)";
  const targets = await runTool("apt-get", ["indextargets", "--format", format]).catch(() => "");
  for (const line of targets.split("\n")) {
    const [origin, label, uri] = line.split("|");
    if (origin === "Debian" && label === "Debian") return uri;
  }
  return undefined;
}

/** Everything but the licences, which must stay with the programs. */
async function removeDocumentation(dir: string): Promise<void> {
  for (const entry of await readdir(dir, { withFileTypes: true, recursive: true })) {
    if (entry.isFile() && entry.name !== "copyright") await rm(join(entry.parentPath, entry.name));
  }
}
