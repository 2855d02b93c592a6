import { readFile } from "node:fs/promises";
import type Docker from "dockerode";
import type { Properties } from "../core/resource-type.ts";
import { labelMap } from "./labels.ts";
import type { ArchiveFile } from "./tar-archive.ts";

const megabyte = 1024 * 1024;

/** Settings that the engine can change while the container runs (`POST /containers/{id}/update`). */
export function changeableSettings(inputs: Properties): Docker.HostConfig {
  return {
    RestartPolicy: {
      Name: String(inputs.restart ?? "no"),
      ...(inputs.maxRetryCount !== undefined && { MaximumRetryCount: Number(inputs.maxRetryCount) }),
    },
    ...(inputs.memory !== undefined && { Memory: Number(inputs.memory) * megabyte }),
    ...(inputs.memoryReservation !== undefined && { MemoryReservation: Number(inputs.memoryReservation) * megabyte }),
    ...memorySwap(inputs),
    ...(inputs.cpuShares !== undefined && { CpuShares: Number(inputs.cpuShares) }),
    ...(inputs.cpuSet !== undefined && { CpusetCpus: String(inputs.cpuSet) }),
    ...(inputs.cpuPeriod !== undefined && { CpuPeriod: Number(inputs.cpuPeriod) }),
    ...(inputs.cpuQuota !== undefined && { CpuQuota: Number(inputs.cpuQuota) }),
    ...(inputs.cpus !== undefined && { NanoCpus: Math.round(Number(inputs.cpus) * 1e9) }),
  };
}

/** Without a value the engine takes twice the memory at creation; an update has to say so, else the old one stays. */
function memorySwap({ memory, memorySwap: wanted }: Properties): Docker.HostConfig {
  if (wanted !== undefined) return { MemorySwap: Number(wanted) > 0 ? Number(wanted) * megabyte : Number(wanted) };
  return memory === undefined ? {} : { MemorySwap: 2 * Number(memory) * megabyte };
}

/** A `docker.Container`'s inputs as the body of `POST /containers/create` (API v1.41). */
export function creationOptions(inputs: Properties): Docker.ContainerCreateOptions {
  const list = <T = string>(key: string) => (inputs[key] === undefined ? undefined : (inputs[key] as T[]));
  const map = (key: string) => (inputs[key] === undefined ? undefined : (inputs[key] as Record<string, string>));
  const text = (key: string) => (inputs[key] === undefined ? undefined : String(inputs[key]));
  const capabilities = (inputs.capabilities ?? {}) as { adds?: string[]; drops?: string[] };
  const networks = list<NetworkInput>("networksAdvanced") ?? [];
  const first = networks[0];

  const options: Docker.ContainerCreateOptions = {
    name: String(inputs.name),
    platform: text("platform"),
    Image: String(inputs.image),
    Hostname: text("hostname"),
    Domainname: text("domainname"),
    User: text("user"),
    WorkingDir: text("workingDir"),
    Env: list("envs"),
    Cmd: list("command"),
    Entrypoint: list("entrypoints"),
    Tty: inputs.tty === true,
    OpenStdin: inputs.stdinOpen === true,
    Labels: labelMap(inputs.labels),
    StopSignal: text("stopSignal"),
    StopTimeout: inputs.stopTimeout === undefined ? undefined : Number(inputs.stopTimeout),
    Healthcheck: healthcheck(inputs.healthcheck as Properties | undefined),
    ExposedPorts: Object.fromEntries(portsOf(inputs).map((port) => [port.key, {}])),
    HostConfig: {
      ...changeableSettings(inputs),
      NetworkMode: first?.name ?? text("networkMode"),
      Binds: binds(list<Properties>("volumes")),
      VolumesFrom: list<Properties>("volumes")?.flatMap((volume) => (volume.fromContainer as string) ?? []),
      Mounts: list<Properties>("mounts")?.map(mount),
      Tmpfs: map("tmpfs"),
      ReadonlyRootfs: inputs.readOnly === true,
      Privileged: inputs.privileged === true,
      PublishAllPorts: inputs.publishAllPorts === true,
      PortBindings: portBindings(inputs),
      AutoRemove: inputs.rm === true,
      Init: inputs.init as boolean | undefined,
      CapAdd: capabilities.adds,
      CapDrop: capabilities.drops,
      SecurityOpt: list("securityOpts"),
      Dns: list("dns"),
      DnsOptions: list("dnsOpts"),
      DnsSearch: list("dnsSearches"),
      ExtraHosts: list<{ host: string; ip: string }>("hosts")?.map(({ host, ip }) => `${host}:${ip}`),
      GroupAdd: list("groupAdds"),
      IpcMode: text("ipcMode"),
      PidMode: text("pidMode"),
      UsernsMode: text("usernsMode"),
      CgroupParent: text("cgroupParent"),
      Runtime: text("runtime"),
      ShmSize: inputs.shmSize === undefined ? undefined : Number(inputs.shmSize) * megabyte,
      StorageOpt: map("storageOpts"),
      Sysctls: map("sysctls"),
      Ulimits: list<{ name: string; soft: number; hard: number }>("ulimits")?.map(({ name, soft, hard }) => ({
        Name: name,
        Soft: soft,
        Hard: hard,
      })),
      LogConfig: { Type: text("logDriver") ?? "", Config: map("logOpts") ?? {} },
    },
  };
  if (first) options.NetworkingConfig = { EndpointsConfig: { [first.name]: endpoint(first) } };
  return options;
}

export interface NetworkInput {
  name: string;
  aliases?: string[];
  ipv4Address?: string;
  ipv6Address?: string;
}

/** How a container joins a network. */
export function endpoint({ aliases, ipv4Address, ipv6Address }: NetworkInput): Docker.EndpointSettings {
  const address = {
    ...(ipv4Address !== undefined && { IPv4Address: ipv4Address }),
    ...(ipv6Address !== undefined && { IPv6Address: ipv6Address }),
  };
  return { Aliases: aliases ?? [], IPAMConfig: address } as Docker.EndpointSettings;
}

function healthcheck(inputs: Properties | undefined): Docker.HealthConfig | undefined {
  if (inputs === undefined) return undefined;
  return {
    Test: (inputs.tests ?? []) as string[],
    Interval: nanoseconds(inputs.interval),
    Timeout: nanoseconds(inputs.timeout),
    StartPeriod: nanoseconds(inputs.startPeriod),
    Retries: Number(inputs.retries ?? 0),
  };
}

/** @throws Error when the text is no duration such as `1m30s`, `500ms` */
export function nanoseconds(duration: unknown): number {
  if (duration === undefined) return 0;
  const units: Record<string, number> = { ns: 1, us: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 };
  const parts = [...String(duration).matchAll(/(\d+(?:\.\d+)?)(ns|us|ms|s|m|h)/g)];
  if (parts.map((part) => part[0]).join("") !== String(duration) || parts.length === 0) {
    throw new Error(`"${duration}" is no duration; write for example "10s", "500ms" or "1m30s".`);
  }
  return Math.round(parts.reduce((sum, [, value, unit]) => sum + Number(value) * (units[unit ?? ""] ?? 0), 0));
}

function binds(volumes: Properties[] | undefined): string[] | undefined {
  return volumes
    ?.filter((volume) => volume.containerPath !== undefined && volume.fromContainer === undefined)
    .map(({ volumeName, hostPath, containerPath, readOnly }) => {
      return `${volumeName ?? hostPath}:${containerPath}:${readOnly === true ? "ro" : "rw"}`;
    });
}

function mount(inputs: Properties): Docker.MountSettings {
  const bind = inputs.bindOptions as { propagation?: Docker.MountPropagation } | undefined;
  const volume = inputs.volumeOptions as Properties | undefined;
  const tmpfs = inputs.tmpfsOptions as { sizeBytes?: number; mode?: number } | undefined;
  return {
    Type: inputs.type as Docker.MountType,
    Target: String(inputs.target),
    Source: (inputs.source as string) ?? "",
    ReadOnly: inputs.readOnly === true,
    ...(bind && { BindOptions: { Propagation: bind.propagation ?? "rprivate" } }),
    ...(volume && {
      VolumeOptions: {
        NoCopy: volume.noCopy === true,
        Labels: labelMap(volume.labels),
        DriverConfig: {
          Name: (volume.driverName as string) ?? "local",
          Options: (volume.driverOptions ?? {}) as Record<string, string>,
        },
      },
    }),
    ...(tmpfs && { TmpfsOptions: { SizeBytes: tmpfs.sizeBytes ?? 0, Mode: tmpfs.mode ?? 0 } }),
  };
}

function portsOf(inputs: Properties) {
  return ((inputs.ports ?? []) as Properties[]).map((port) => ({
    key: `${port.internal}/${port.protocol ?? "tcp"}`,
    external: port.external,
    ip: port.ip,
  }));
}

function portBindings(inputs: Properties): Record<string, { HostIp: string; HostPort: string }[]> {
  const bindings: Record<string, { HostIp: string; HostPort: string }[]> = {};
  for (const { key, external, ip } of portsOf(inputs)) {
    bindings[key] ??= [];
    bindings[key].push({ HostIp: String(ip ?? "0.0.0.0"), HostPort: String(external ?? "") });
  }
  return bindings;
}

/** The files that go into the container before it starts. @throws Error when a source cannot be read */
export async function uploadedFiles(inputs: Properties): Promise<ArchiveFile[]> {
  const uploads = (inputs.uploads ?? []) as Properties[];
  return Promise.all(
    uploads.map(async (upload) => ({
      path: String(upload.file).replace(/^\/+/, ""),
      content: await contentOf(upload),
      mode: Number.parseInt(String(upload.permissions ?? (upload.executable === true ? "0744" : "0644")), 8),
    })),
  );
}

async function contentOf(upload: Properties): Promise<Uint8Array> {
  if (upload.content !== undefined) return Buffer.from(String(upload.content));
  if (upload.contentBase64 !== undefined) return Buffer.from(String(upload.contentBase64), "base64");
  if (upload.source !== undefined) return readFile(String(upload.source));
  throw new Error(`The upload to ${upload.file} needs one of content, contentBase64 and source.`);
}
