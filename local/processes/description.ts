import type { Containers } from "./containers.ts";
import type { ContainerRecord, Endpoint, ImageRecord, NetworkRecord, Records, VolumeRecord } from "./records.ts";

const never = "0001-01-01T00:00:00Z";

/** `GET /containers/{id}/json`, https://docs.docker.com/reference/api/engine/version/v1.41/ */
export function describeContainer(record: ContainerRecord, records: Records): object {
  const { status, health } = record;
  return {
    Id: record.id,
    Created: record.created,
    Name: `/${record.name}`,
    Image: record.imageId,
    Path: [...(record.config.Entrypoint ?? []), ...(record.config.Cmd ?? [])][0] ?? "",
    Args: [...(record.config.Entrypoint ?? []), ...(record.config.Cmd ?? [])].slice(1),
    Driver: "processes",
    Platform: process.platform,
    RestartCount: record.restartCount,
    State: {
      Status: status,
      Running: status === "running" || status === "restarting",
      Paused: false,
      Restarting: status === "restarting",
      OOMKilled: false,
      Dead: false,
      Pid: record.process?.pid ?? 0,
      ExitCode: record.exitCode,
      Error: record.error,
      StartedAt: record.startedAt,
      FinishedAt: record.finishedAt,
      ...(health && { Health: health }),
    },
    HostConfig: record.hostConfig,
    Mounts: (record.hostConfig.Mounts ?? []).map((mount) => ({
      ...mount,
      Destination: mount.Target,
      Name: mount.Source,
    })),
    Config: record.config,
    NetworkSettings: { Bridge: "", Ports: portsOf(record), Networks: networksOf(record, records) },
  };
}

/** An item of `GET /containers/json`. */
export function summarizeContainer(record: ContainerRecord, records: Records): object {
  const health = record.health && record.status === "running" ? ` (${healthText(record.health.Status)})` : "";
  const image = records.images.find((candidate) => candidate.id === record.imageId);
  return {
    Id: record.id,
    Names: [`/${record.name}`],
    Image: image?.tags[0] ?? record.config.Image ?? record.imageId,
    ImageID: record.imageId,
    Command: [...(record.config.Entrypoint ?? []), ...(record.config.Cmd ?? [])].join(" "),
    Created: seconds(record.created),
    Ports: Object.keys(record.config.ExposedPorts ?? {}).map((port) => ({
      PrivatePort: Number.parseInt(port, 10),
      Type: "tcp",
    })),
    Labels: record.config.Labels ?? {},
    State: record.status,
    Status: statusText(record) + health,
    HostConfig: { NetworkMode: record.hostConfig.NetworkMode ?? "bridge" },
    NetworkSettings: { Networks: networksOf(record, records) },
    Mounts: record.hostConfig.Mounts ?? [],
  };
}

function healthText(status: string): string {
  return status === "starting" ? "health: starting" : status;
}

function statusText({ status, exitCode, startedAt, finishedAt }: ContainerRecord): string {
  if (status === "running") return `Up ${ago(startedAt)}`;
  if (status === "created") return "Created";
  const verb = status === "restarting" ? "Restarting" : "Exited";
  return `${verb} (${exitCode}) ${finishedAt === never ? "" : `${ago(finishedAt)} ago`}`.trim();
}

function ago(time: string): string {
  const passed = Math.max(0, Math.round((Date.now() - Date.parse(time)) / 1000));
  if (passed < 60) return `${passed} seconds`;
  return passed < 3600 ? `${Math.floor(passed / 60)} minutes` : `${Math.floor(passed / 3600)} hours`;
}

function seconds(time: string): number {
  return Math.floor(Date.parse(time) / 1000);
}

function portsOf(record: ContainerRecord): Record<string, null> {
  return Object.fromEntries(Object.keys(record.config.ExposedPorts ?? {}).map((port) => [port, null]));
}

function networksOf(record: ContainerRecord, records: Records): Record<string, Endpoint> {
  return Object.fromEntries(
    Object.entries(record.networks).map(([name, endpoint]) => [
      name,
      {
        ...endpoint,
        NetworkID: records.networks.find((network) => network.name === name)?.id ?? "",
        EndpointID: record.status === "running" ? record.id : "",
        Gateway: "",
        IPAddress: record.status === "running" ? "127.0.0.1" : "",
        IPPrefixLen: record.status === "running" ? 8 : 0,
        MacAddress: "",
      },
    ]),
  );
}

/** `GET /images/{name}/json`. */
export function describeImage(image: ImageRecord): object {
  return {
    Id: image.id,
    RepoTags: image.tags,
    RepoDigests: [],
    Created: image.created,
    Size: image.size,
    VirtualSize: image.size,
    Architecture: process.arch === "x64" ? "amd64" : process.arch,
    Os: process.platform,
    Config: image.config,
    RootFS: { Type: "layers", Layers: [] },
  };
}

/** An item of `GET /images/json`. */
export function summarizeImage(image: ImageRecord): object {
  return {
    Id: image.id,
    ParentId: "",
    RepoTags: image.tags,
    RepoDigests: [],
    Created: seconds(image.created),
    Size: image.size,
    VirtualSize: image.size,
    SharedSize: -1,
    Containers: -1,
    Labels: image.config.Labels ?? {},
  };
}

/** `GET /networks/{id}`. */
export function describeNetwork(network: NetworkRecord, containers: Containers): object {
  const { CheckDuplicate: _, ...request } = network.request;
  const members = containers.all.filter((record) => record.status === "running" && network.name in record.networks);
  return {
    Scope: "local",
    Internal: false,
    Attachable: false,
    Ingress: false,
    EnableIPv6: false,
    Options: {},
    Labels: {},
    IPAM: { Driver: "default", Config: [] },
    ...request,
    Name: network.name,
    Id: network.id,
    Created: network.created,
    Driver: request.Driver ?? "bridge",
    Containers: Object.fromEntries(members.map((record) => [record.id, { Name: record.name, EndpointID: record.id }])),
  };
}

/** `GET /volumes/{name}`. */
export function describeVolume(volume: VolumeRecord, mountpoint: string): object {
  return {
    Name: volume.name,
    Driver: volume.driver,
    Mountpoint: mountpoint,
    CreatedAt: volume.created,
    Labels: volume.labels,
    Options: volume.options,
    Scope: "local",
  };
}
