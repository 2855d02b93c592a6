import { posix } from "node:path";
import { fields, type Inspected, list, types, UNKNOWN } from "./resource.ts";

/** What entry points need that begin as root, take a volume into possession and go on as somebody else. */
const ADDED = ["CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"];

/** Images that write beside their volumes, where it is not the image's to say as whom (infra/droplet/firecrawl-engine.ts). */
const WRITABLE = ["firecrawl-playwright", "firecrawl-api"];

/** Folders of the system, and those with everybody's: with one of them, a container is the machine. */
const SYSTEM =
  /^\/($|(bin|boot|dev|etc|lib\w*|proc|root|run|sbin|sys|usr)($|\/)|(home|mnt|var|var\/lib)$|var\/(run|lib\/docker)($|\/))/;
/** A folder that somebody has made there, as for `hybrid-mcp:backup.repository`. */
const isOwnFolder = (path: string) => path.startsWith("/") && !SYSTEM.test(path);

/** What of the machine is mounted into a container, by its name. */
const MOUNTED: Readonly<Record<string, (path: string) => boolean>> = {
  "n8n-prepare": isOwnFolder,
  backup: isOwnFolder,
  // In the place of a log.
  "firecrawl-api": (path) => path === "/dev/null",
};

/** What a container may do more than the platform promises. */
export function privilegeProblems(resource: Inspected): string[] {
  switch (resource.type) {
    case types.container:
      return containerProblems(resource);
    case types.dockerVolume:
      return deviceProblems(fields(resource.props.driverOpts).device);
    case types.swarmService:
      return ["It is a service of Docker Swarm, which no rule looks into. Make it a Container (infra/droplet/)."];
    default:
      return [];
  }
}

function containerProblems({ name, props }: Inspected): string[] {
  const found: string[] = [];
  const defaults = "spread containerDefaults (infra/droplet/containers.ts) into its arguments";
  const { drops, adds } = fields(props.capabilities);
  const short = (capability: unknown) => String(capability).replace(/^CAP_/, "");
  if (!list(drops).map(short).includes("ALL")) {
    found.push(`It keeps Docker's default capabilities. Drop them: ${defaults}.`);
  }
  const added = list(adds)
    .map(short)
    .filter((capability) => !ADDED.includes(capability));
  if (added.length > 0) {
    found.push(`It gets the capabilities ${added.join(", ")}. Allowed are at most: ${ADDED.join(", ")}.`);
  }
  if (!list(props.securityOpts).some((option) => /^no-new-privileges([:=]true)?$/.test(String(option)))) {
    found.push(`Its programs can get more rights than they start with. Forbid it: ${defaults}.`);
  }
  const other = list(props.securityOpts).find((option) => /[:=]unconfined$/.test(String(option)));
  if (other) found.push(`It runs with ${other}. Take it away.`);
  if (props.readOnly !== true && !WRITABLE.includes(name)) {
    found.push(
      `It can write to its own programs. Make its root read-only, with tmpfs where it has to write: ${defaults}.`,
    );
  }
  if (props.memory !== UNKNOWN && !(Number(props.memory) > 0)) {
    found.push(
      "It has no limit of memory, so it could take that of all others. Set `memory` (infra/droplet/memory.ts).",
    );
  }
  if (props.privileged === true) found.push("It is privileged: it has the whole machine. Take `privileged` away.");
  for (const mode of ["pidMode", "ipcMode", "usernsMode"]) {
    if (props[mode] === "host") found.push(`It shares the machine's own (${mode}: host). Take \`${mode}\` away.`);
  }
  if (list(props.devices).length > 0) found.push("It gets devices of the machine. Take `devices` away.");
  if (props.gpus) found.push("It gets GPUs of the machine. Take `gpus` away.");
  for (const other of list(props.volumes).map((volume) => fields(volume).fromContainer)) {
    if (other) found.push(`It gets all volumes of ${String(other)}. Name those that it needs.`);
  }
  const allowed = MOUNTED[name] ?? (() => false);
  for (const path of boundPaths(props)) {
    if (allowed(normalized(path))) continue;
    found.push(`It gets ${path} of the machine. Give it a volume with nothing but what it needs.`);
  }
  const devices = list(props.mounts).map((mount) => fields(fields(fields(mount).volumeOptions).driverOptions).device);
  return [...found, ...devices.flatMap(deviceProblems)];
}

/** Paths of the machine that a container has. A volume whose name is a path is one for Docker. */
function boundPaths({ volumes, mounts }: Record<string, unknown>): string[] {
  const named = list(volumes).flatMap((volume) => [fields(volume).hostPath, fields(volume).volumeName]);
  const bound = list(mounts)
    .map(fields)
    .filter(({ type }) => type === "bind")
    .map(({ source }) => source);
  return [...named, ...bound].filter((path) => typeof path === "string").filter((path) => path.includes("/"));
}

/** Of a Docker volume that stands for a folder: of the data volume, or where what was adopted has its data. */
function deviceProblems(device: unknown): string[] {
  if (typeof device !== "string" || !device.startsWith("/") || isOwnFolder(normalized(device))) return [];
  return [
    `It stands for ${device} of the machine. Let it be a folder of the data volume (/mnt/<name>-data/<folder>), or a volume without a device.`,
  ];
}

/** Without what leads back or nowhere: `//etc`, `/mnt/../etc/.`. */
const normalized = (path: string) => posix.normalize(path).replace(/(?<=.)\/$/, "");
