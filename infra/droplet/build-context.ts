import { createHash } from "node:crypto";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { rootCertificates } from "node:tls";
import { type Bundle, buildCache, repositoryRoot, statePath } from "../bundle.ts";
import { workerdConfig } from "./workerd-config.ts";

/** A folder that `docker build` gets, named by its content. */
export interface BuildContext {
  /** As the state keeps it: relative to the program's folder. */
  path: string;
  /** Short hash over the names and contents of its files. */
  hash: string;
}

/** workerd, the certificates it trusts and the health check: all that services share. */
export function runtimeContext(): BuildContext {
  return buildContext("workerd", {
    Dockerfile: { from: join(repositoryRoot, "droplet/workerd/Dockerfile") },
    "health.sh": { from: join(repositoryRoot, "droplet/workerd/health.sh") },
    workerd: linuxWorkerd(),
    "ca.pem": { text: `${rootCertificates.join("\n")}\n` },
  });
}

/** One service on top of the runtime: the very bundle that is uploaded to Cloudflare, and workerd's config for it. */
export function serviceContext(bundle: Bundle, port: number, bindings: string[]): BuildContext {
  return buildContext(bundle.name, {
    Dockerfile: { from: join(repositoryRoot, "droplet/workerd/service.Dockerfile") },
    "worker.js": { from: bundle.path },
    "config.capnp": { text: workerdConfig(port, bindings) },
  });
}

/** The image that makes backups of n8n. */
export function backupContext(): BuildContext {
  const file = (name: string) => ({ from: join(repositoryRoot, "droplet/backup", name) });
  return buildContext("backup", { Dockerfile: file("Dockerfile"), "backup.sh": file("backup.sh") });
}

/** What a file is copied from or has in it; `release` stands for its content where that is large, and is quicker to tell. */
type Source = { from: string; release?: string } | { text: string };

function buildContext(name: string, files: Record<string, Source>): BuildContext {
  const digest = createHash("sha256");
  // Readable for the container's user whatever this machine's umask is.
  const mode = (file: string) => (file === "workerd" ? 0o755 : 0o644);
  for (const [file, source] of Object.entries(files)) {
    const content = "text" in source ? source.text : (source.release ?? readFileSync(source.from));
    digest.update(`${file}\0`).update(content).update("\0");
  }
  const hash = digest.digest("hex").slice(0, 12);
  const parent = join(buildCache, "droplet");
  const path = join(parent, `${name}-${hash}`);
  if (!existsSync(path)) {
    const temporary = `${path}.${process.pid}`;
    rmSync(temporary, { recursive: true, force: true });
    mkdirSync(temporary, { recursive: true });
    for (const [file, source] of Object.entries(files)) {
      const target = join(temporary, file);
      if ("text" in source) writeFileSync(target, source.text);
      else copyFileSync(source.from, target);
      chmodSync(target, mode(file));
    }
    try {
      renameSync(temporary, path);
    } catch (error) {
      // Another run was first; its folder has the same content.
      if (!existsSync(path)) throw error;
      rmSync(temporary, { recursive: true, force: true });
    }
    removeOld(parent);
  }
  const now = new Date();
  utimesSync(path, now, now);
  return { path: statePath(path), hash };
}

/** Removes what no run of today made: another run may be using a folder that is younger. */
function removeOld(parent: string): void {
  const yesterday = Date.now() - 24 * 60 * 60 * 1000;
  for (const name of readdirSync(parent)) {
    const folder = join(parent, name);
    if (statSync(folder).mtimeMs < yesterday) rmSync(folder, { recursive: true, force: true });
  }
}

/** The workerd binary for the droplet (Linux, x64), from the npm package that this machine runs too. */
function linuxWorkerd(): Source {
  const require = createRequire(import.meta.url);
  try {
    const from = require.resolve("@cloudflare/workerd-linux-64/bin/workerd");
    const { version } = require("@cloudflare/workerd-linux-64/package.json");
    // npm has checked its bytes (package-lock.json); the size tells one that was not written to its end.
    return { from, release: `${version} ${statSync(from).size}` };
  } catch {
    throw new Error(
      "The droplet's image needs workerd for Linux x64, which npm did not install on this machine. Install it with: " +
        `npm install --no-save --force @cloudflare/workerd-linux-64@${require("workerd/package.json").version}`,
    );
  }
}
