import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import { lastWords } from "../../../infra/droplet/container-state.ts";
import {
  InitFailure,
  type InputRule,
  type OperationContext,
  type Properties,
  type ResourceType,
} from "../core/resource-type.ts";
import { changeableSettings, creationOptions, endpoint, type NetworkInput, uploadedFiles } from "./container-config.ts";
import { asked, DockerError, dockerEngine, orGone } from "./engine.ts";
import { tarArchive } from "./tar-archive.ts";

/** A container's configuration is fixed at its creation: it is kept from the state, and a change replaces. */
const fixed: InputRule = { replaces: true, unread: true };
const fixedSet: InputRule = { replaces: true, unread: true, set: true };
const fixedFlag: InputRule = { replaces: true, unread: true, default: false };
/** The engine's `update` call changes it, or only this provider uses it. */
const changeable: InputRule = { unread: true };

const inputs: Record<string, InputRule> = {
  name: { replaces: true },
  image: { required: true, replaces: true },
  command: fixed,
  entrypoints: fixed,
  envs: fixedSet,
  hostname: fixed,
  domainname: fixed,
  user: fixed,
  workingDir: fixed,
  labels: fixedSet,
  networkMode: { ...fixed, default: "bridge" },
  networksAdvanced: fixed,
  mounts: fixedSet,
  volumes: fixedSet,
  uploads: fixedSet,
  tmpfs: fixed,
  ports: fixed,
  publishAllPorts: fixedFlag,
  healthcheck: fixed,
  readOnly: fixedFlag,
  privileged: fixedFlag,
  capabilities: fixed,
  securityOpts: fixedSet,
  init: fixed,
  dns: fixed,
  dnsOpts: fixed,
  dnsSearches: fixed,
  hosts: fixedSet,
  groupAdds: fixedSet,
  ipcMode: fixed,
  pidMode: fixed,
  usernsMode: fixed,
  cgroupParent: fixed,
  platform: fixed,
  runtime: fixed,
  shmSize: fixed,
  stopSignal: fixed,
  stopTimeout: fixed,
  storageOpts: fixed,
  sysctls: fixed,
  ulimits: fixedSet,
  tty: fixedFlag,
  stdinOpen: fixedFlag,
  logDriver: fixed,
  logOpts: fixed,
  rm: { ...changeable, default: false },
  restart: { default: "no" },
  maxRetryCount: changeable,
  memory: changeable,
  memoryReservation: changeable,
  memorySwap: changeable,
  cpuShares: changeable,
  cpuSet: changeable,
  cpuPeriod: changeable,
  cpuQuota: changeable,
  cpus: changeable,
  start: { ...changeable, default: true },
  attach: { ...changeable, default: false },
  mustRun: { default: true },
  wait: { ...changeable, default: false },
  waitTimeout: { ...changeable, default: 60 },
  destroyGraceSeconds: changeable,
  removeVolumes: { ...changeable, default: true },
};

/** How often a container is looked at while it starts, in milliseconds. */
const pollMs = 150;
/** How long `mustRun` watches a container that has no healthcheck to wait for, in milliseconds. */
const settleMs = 500;

/**
 * https://docs.docker.com/reference/api/engine/version/v1.41/#tag/Container A container that does not start, or with
 * `wait` does not get healthy, fails the update and is kept partly made, as the official provider does
 * (terraform-provider-docker sets the id first, and its bridge answers `ErrorResourceInitFailed`). One that runs once and
 * fails is removed.
 */
export const container: ResourceType = {
  autoName: true,
  deleteBeforeReplace: true,
  inputs,
  outputs: ["bridge", "exitCode", "networkDatas"],
  volatile: ["exitCode", "networkDatas"],
  check: (given) => {
    const restart = given.restart;
    const allowed = ["no", "on-failure", "always", "unless-stopped"];
    if (typeof restart !== "string" || allowed.includes(restart) || /^[0-9a-f-]{36}$/.test(restart)) return [];
    return [{ property: "restart", reason: `"${restart}" is not one of ${allowed.join(", ")}.` }];
  },
  async create(given, context) {
    const engine = await dockerEngine(context);
    if (!(await orGone(engine.getImage(String(given.image)).inspect()))) {
      throw new DockerError(`There is no image ${given.image} on this Docker Engine; use RemoteImage.imageId.`, 404);
    }
    const uploads = await uploadedFiles(given);
    const made = await asked(engine.createContainer(creationOptions(given)));
    try {
      const [, ...more] = (given.networksAdvanced ?? []) as NetworkInput[];
      for (const network of more) {
        const join = { Container: made.id, EndpointConfig: endpoint(network) };
        await asked(engine.getNetwork(network.name).connect(join));
      }
      if (uploads.length > 0) await asked(made.putArchive(tarArchive(uploads), { path: "/" }));
      if (given.start !== false) await startAndWatch(made, given, context);
      if (given.attach === true) await untilEnded(made, given);
      return { id: made.id, outputs: outputsOf(await asked(made.inspect()), given) };
    } catch (error) {
      const found = given.attach === true ? undefined : await orGone(made.inspect());
      if (found) throw new InitFailure((error as Error).message, made.id, outputsOf(found, given));
      await orGone(made.remove({ force: true, v: true }));
      throw error;
    }
  },
  async read(id, state, context) {
    const engine = await dockerEngine(context);
    const found = await orGone(engine.getContainer(id).inspect());
    return found && { id: found.Id, outputs: outputsOf(found, state) };
  },
  async update(id, given, state, context) {
    const engine = await dockerEngine(context);
    const found = engine.getContainer(id);
    await asked(found.update(changeableSettings(given)));
    const mustStart = given.mustRun !== false && given.start !== false && state.mustRun === false;
    if (mustStart) await startAndWatch(found, given, context);
    return outputsOf(await asked(found.inspect()), given);
  },
  async delete(id, { destroyGraceSeconds, removeVolumes }, context) {
    const engine = await dockerEngine(context);
    const found = engine.getContainer(id);
    try {
      // 304: it does not run. The engine takes the container's own stop timeout where none is given.
      await orGone(found.stop(destroyGraceSeconds === undefined ? {} : { t: Number(destroyGraceSeconds) }));
    } catch (error) {
      if (!(error instanceof DockerError && error.status === 304)) throw error;
    }
    await orGone(found.remove({ force: true, v: removeVolumes !== false }));
  },
  async lookup({ name }, context) {
    const engine = await dockerEngine(context);
    return (await orGone(engine.getContainer(String(name)).inspect()))?.Id;
  },
  async discardUnfinished(id, { wait }, context) {
    const found = (await dockerEngine(context)).getContainer(id);
    if (wait !== true || (await orGone(found.inspect()))?.State.Health?.Status === "healthy") return false;
    await orGone(found.remove({ force: true, v: true }));
    return true;
  },
};

async function startAndWatch(made: Docker.Container, given: Properties, context: OperationContext): Promise<void> {
  await asked(made.start());
  if (given.wait === true) return untilHealthy(made, given, context);
  if (given.mustRun === false) return;
  const deadline = Date.now() + settleMs;
  do {
    const { State: state } = await asked(made.inspect());
    if (!state.Running) throw await ended(made, given, state);
    await sleep(pollMs, undefined, { signal: context.signal });
  } while (Date.now() < deadline);
}

async function untilHealthy(made: Docker.Container, given: Properties, context: OperationContext): Promise<void> {
  const timeoutSeconds = Number(given.waitTimeout ?? 60);
  const deadline = Date.now() + timeoutSeconds * 1000;
  for (;;) {
    const { State: state } = await asked(made.inspect());
    const status = state.Health?.Status;
    if (status === "healthy") return;
    if (status === undefined || status === "none") {
      throw new DockerError(`Container ${given.name} has no healthcheck, so wait: true can never end.`, undefined);
    }
    if (!state.Running && !state.Restarting) throw await ended(made, given, state);
    // One that is unhealthy may still become healthy: the official provider waits, too.
    if (Date.now() > deadline) {
      const message = `Container ${given.name} did not become healthy within ${timeoutSeconds} s.`;
      throw new DockerError(message, undefined);
    }
    await sleep(pollMs, undefined, { signal: context.signal });
  }
}

/** Waits for the end of a container that does something once. @throws DockerError when it fails */
async function untilEnded(made: Docker.Container, given: Properties): Promise<void> {
  await asked(made.wait());
  const { State: state } = await asked(made.inspect());
  if (state.ExitCode !== 0) throw await ended(made, given, state);
}

async function ended(
  made: Docker.Container,
  given: Properties,
  state: Docker.ContainerInspectInfo["State"],
): Promise<DockerError> {
  const why = state.Error ? `: ${state.Error}` : "";
  // Of one that runs once there is nothing left to look at.
  const what = given.attach === true ? `failed.${await lastWords(made)}` : `exited with code ${state.ExitCode}${why}.`;
  return new DockerError(`Container ${given.name} ${what}`, undefined);
}

function outputsOf(found: Docker.ContainerInspectInfo, given: Properties): Properties {
  const networks = Object.entries(found.NetworkSettings?.Networks ?? {});
  const sameImage = given.image === found.Config.Image || given.image === found.Image;
  // Created but never started: a creation that was cut off half-way. Showing no image makes the next update replace it.
  const halfMade = found.State.Status === "created" && given.start !== false;
  return {
    name: found.Name.replace(/^\//, ""),
    image: halfMade ? "" : sameImage ? given.image : found.Image,
    restart: found.HostConfig.RestartPolicy?.Name || "no",
    mustRun: given.mustRun === false ? false : given.start === false || found.State.Running,
    exitCode: found.State.ExitCode,
    bridge: (found.NetworkSettings as { Bridge?: string })?.Bridge ?? "",
    networkDatas: networks.map(([networkName, data]) => ({
      networkName,
      ipAddress: data.IPAddress,
      ipPrefixLength: data.IPPrefixLen,
      gateway: data.Gateway,
      macAddress: data.MacAddress,
    })),
  };
}
