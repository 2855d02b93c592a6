import { fields, type Inspected, list, UNKNOWN } from "./resource.ts";

/** What entry points need that begin as root, take a volume into possession and go on as somebody else. */
const ADDED = ["CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"];

/** Images that write beside their volumes, where it is not the image's to say as whom (infra/droplet/firecrawl-engine.ts). */
const WRITABLE = ["firecrawl-playwright", "firecrawl-api"];

/** What of the machine a container must not have: with it, it is the machine. */
const FORBIDDEN_PATHS =
  /^\/($|proc($|\/)|sys($|\/)|etc($|\/)|root($|\/)|boot($|\/)|(var\/)?run($|\/)|var\/lib\/docker($|\/))/;

/** What a container may do more than the platform promises. */
export function privilegeProblems({ name, props }: Inspected): string[] {
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
  const sources = [
    ...list(props.volumes).map((volume) => fields(volume).hostPath),
    ...list(props.mounts).map((mount) => (fields(mount).type === "bind" ? fields(mount).source : undefined)),
  ];
  for (const path of sources) {
    if (typeof path !== "string" || !FORBIDDEN_PATHS.test(path)) continue;
    found.push(`It gets ${path} of the machine. Give it a volume with nothing but what it needs.`);
  }
  return found;
}
