import { createReadStream, createWriteStream } from "node:fs";
import { chmod, copyFile, mkdir, readdir, rm, statfs, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import type Docker from "dockerode";
import { N8N_IMAGE, N8N_VERSION, POSTGRES_IMAGE, RESTIC_IMAGE } from "../../infra/droplet/images.ts";
import { cacheDir } from "../engine/cache-dir.ts";
import { publish } from "../engine/publish.ts";
import { runTool, ToolError } from "../engine/run-tool.ts";
import { followed, hasImage, LOCAL_BASE, mustHave, pull } from "./base-image.ts";
import { reportingProgress } from "./progress.ts";

/** Made here where the public ones cannot be pulled. The last number is raised when they are made in another way. */
export const LOCAL_POSTGRES = "hybrid-mcp/postgres:17-1";
export const LOCAL_RESTIC = "hybrid-mcp/restic:0.14.0-1";
export const localN8n = (version: string) => `hybrid-mcp/n8n:${version}-1`;

const STALL_MS = 20_000;
const NPM_MS = 1_800_000;
/** n8n's packages as npm unpacks them, and the part that is kept, twice. */
const N8N_NEEDS_BYTES = 6e9;

/** What n8n's packages hold that it never reads when it runs here: source maps, type declarations, other platforms' programs. */
const LEFT_OUT = [
  "*.map",
  "*.d.ts",
  "*.d.mts",
  "*.d.cts",
  "*.tsbuildinfo",
  "*.tgz",
  "*.exe",
  "agent-browser/bin/agent-browser-*",
  "prebuilds/darwin-*",
  "prebuilds/linux-arm*",
  "prebuilds/win32-*",
  "*-darwin-*.node",
  "*-win32-*.node",
  "*musl*.node",
];

interface StandIn {
  /** The image that it stands in for, if there is one with a known digest. */
  public?: string;
  /** Its own name. */
  name: string;
  /** In `images/`. */
  dockerfile: string;
  /** Puts into an empty folder what the Dockerfile copies. */
  fill?(context: string): Promise<void>;
}

/** The images of the services that keep data, as the config `droplet.images` takes them. */
export interface ServiceImages {
  n8n?: string;
  postgres?: string;
  restic?: string;
}

/**
 * Makes sure that the engine has the images of n8n, its database and its backups.
 * @param base what `ensureBaseImage` returned
 * @returns none of them where n8n does not run
 */
export async function ensureServiceImages(
  docker: Docker,
  base: string,
  log: (line: string) => void,
  services: { n8n: boolean },
): Promise<ServiceImages> {
  if (!services.n8n) return {};
  return {
    postgres: await ensurePostgresImage(docker, base, log),
    restic: await ensureResticImage(docker, base, log),
    n8n: await ensureN8nImage(docker, base, log),
  };
}

/**
 * Makes sure that the engine has an image of n8n: the public one, else one that is made here of its npm package and kept in the
 * cache, which takes some minutes.
 * @param version another than the pinned one is always made here: its digest is not known
 * @returns the reference to run
 * @throws when none can be pulled or made; says why
 */
export function ensureN8nImage(
  docker: Docker,
  base: string,
  log: (line: string) => void,
  version: string = N8N_VERSION,
): Promise<string> {
  return ensureImage(docker, base, log, {
    public: version === N8N_VERSION ? N8N_IMAGE : undefined,
    name: localN8n(version),
    dockerfile: "n8n.Dockerfile",
    fill: (context) => installN8n(context, version, log),
  });
}

/** The same for PostgreSQL; what is made here is Debian's. */
export function ensurePostgresImage(docker: Docker, base: string, log: (line: string) => void): Promise<string> {
  return ensureImage(docker, base, log, {
    public: POSTGRES_IMAGE,
    name: LOCAL_POSTGRES,
    dockerfile: "postgres.Dockerfile",
  });
}

/** The same for restic; what is made here is Debian's, older and linked with Debian's C library. */
export function ensureResticImage(docker: Docker, base: string, log: (line: string) => void): Promise<string> {
  return ensureImage(docker, base, log, {
    public: RESTIC_IMAGE,
    name: LOCAL_RESTIC,
    dockerfile: "restic.Dockerfile",
  });
}

async function ensureImage(docker: Docker, base: string, log: (line: string) => void, image: StandIn): Promise<string> {
  for (const name of [image.public, image.name]) {
    if (name !== undefined && (await hasImage(docker, name))) return name;
  }
  let notPulled = "";
  if (image.public !== undefined) {
    try {
      // Where the base had to be made, no registry is reached: asking again takes its time.
      if (base === LOCAL_BASE) throw new Error("no image registry is reached");
      log(`docker: pulling ${image.public}`);
      await pull(docker, image.public, STALL_MS);
      await mustHave(docker, image.public);
      return image.public;
    } catch (error) {
      const reason = (error as Error).message.trim();
      notPulled = `The image ${image.public} cannot be pulled (${reason}), and `;
      log(`docker: ${image.public} cannot be pulled (${reason}), ${image.name} is made here`);
    }
  }
  const tarball = join(cacheDir(), "images", `${image.name.replaceAll(/[/:]/g, "-")}.tar`);
  try {
    await publish(tarball, (workDir) => makeImage(docker, base, workDir, log, image), {
      onWait: (pid) => log(`docker: process ${pid} is making ${image.name} already, waiting`),
    });
    if (!(await hasImage(docker, image.name))) {
      log(`docker: loading ${image.name} from the cache`);
      await followed(docker, await docker.loadImage(createReadStream(tarball)));
      await mustHave(docker, image.name);
    }
  } catch (error) {
    throw new Error(`${notPulled}${image.name} cannot be made here: ${(error as Error).message.trim()}`);
  }
  log(`docker: ${image.name} is ready`);
  return image.name;
}

/** @returns path of the image as a tar file, inside `workDir`, as `docker save` writes it */
async function makeImage(
  docker: Docker,
  base: string,
  workDir: string,
  log: (line: string) => void,
  image: StandIn,
): Promise<string> {
  const context = join(workDir, "context");
  await mkdir(context);
  await image.fill?.(context);
  await copyFile(join(import.meta.dirname, "images", image.dockerfile), join(context, "Dockerfile"));
  return reportingProgress(log, `building ${image.name}`, async () => {
    // dockerode would compress it, which takes longer than the rest.
    const packed = join(workDir, "context.tar");
    await runTool("tar", ["-C", context, "--remove-files", "-cf", packed, ...(await readdir(context))]);
    const options = { t: image.name, buildargs: { BASE: base }, rm: true, forcerm: true };
    await followed(docker, await docker.buildImage(createReadStream(packed), options));
    await mustHave(docker, image.name);
    await rm(packed);
    const saved = join(workDir, "image.tar");
    await pipeline(await docker.getImage(image.name).get(), createWriteStream(saved));
    return saved;
  });
}

/** Puts n8n's packages, as one tar file, and Node into a folder. */
async function installN8n(context: string, version: string, log: (line: string) => void): Promise<void> {
  const { bavail, bsize } = await statfs(context);
  if (bavail * bsize < N8N_NEEDS_BYTES) {
    const free = (bavail * bsize) / 1e9;
    throw new Error(`it needs ${N8N_NEEDS_BYTES / 1e9} GB in ${cacheDir()}, where ${free.toFixed(1)} GB are free.`);
  }
  const project = join(context, "n8n");
  await mkdir(project);
  const manifest = {
    private: true,
    dependencies: { n8n: version },
    // A newer one depends on a package that not every mirror of the npm registry has.
    overrides: { linkedom: "0.18.12" },
  };
  await writeFile(join(project, "package.json"), JSON.stringify(manifest));
  log(`docker: installing n8n ${version} from npm (about four minutes)`);
  await reportingProgress(log, `installing n8n ${version}`, async () => {
    await npmInstall(project);
    const as = ["--owner=0", "--group=0", "--numeric-owner", "--mode=a+rX"];
    const without = LEFT_OUT.map((path) => `--exclude=${path}`);
    await runTool("tar", ["-C", project, ...as, ...without, "-cf", join(context, "n8n.tar"), "node_modules"]);
    await rm(project, { recursive: true });
  });
  const node = join(dirname(createRequire(import.meta.url).resolve("node/package.json")), "bin/node");
  await copyFile(node, join(context, "node"));
  await chmod(join(context, "node"), 0o755);
}

/** Installs what a folder's package.json asks for. It ends with this process, however that ends. */
async function npmInstall(project: string): Promise<void> {
  // Without scripts: one of a dependency downloads a program from elsewhere, and n8n runs without what they make.
  const npm = ["npm", "install", "--omit=dev", "--ignore-scripts", "--no-package-lock", "--loglevel=error"];
  try {
    await runTool("setpriv", ["--pdeathsig", "KILL", ...npm], {
      name: "npm install",
      cwd: project,
      timeoutMs: NPM_MS,
    });
  } catch (error) {
    if (error instanceof ToolError && error.code === 127) throw new Error("npm is not installed.");
    throw error;
  }
}
