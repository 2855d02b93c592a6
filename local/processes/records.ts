import type { ProcessIdentity } from "./process-identity.ts";

/** `HEALTHCHECK`, in the API's form; times in nanoseconds, 0 takes the default. */
export interface Healthcheck {
  Test?: string[];
  Interval?: number;
  Timeout?: number;
  StartPeriod?: number;
  Retries?: number;
}

/** The `Config` of an image or container, as the Docker Engine API v1.41 has it. */
export interface Config {
  Env?: string[] | null;
  Cmd?: string[] | null;
  Entrypoint?: string[] | null;
  WorkingDir?: string;
  User?: string;
  Labels?: Record<string, string> | null;
  ExposedPorts?: Record<string, object> | null;
  Healthcheck?: Healthcheck | null;
  StopSignal?: string;
  StopTimeout?: number;
  Image?: string;
  Hostname?: string;
  Tty?: boolean;
  [field: string]: unknown;
}

export interface ImageRecord {
  /** `sha256:<hex>` over configuration and files. */
  id: string;
  tags: string[];
  created: string;
  size: number;
  config: Config;
}

export interface HealthResult {
  Start: string;
  End: string;
  ExitCode: number;
  Output: string;
}

export interface Health {
  Status: "starting" | "healthy" | "unhealthy";
  FailingStreak: number;
  Log: HealthResult[];
}

export interface Endpoint {
  Aliases?: string[] | null;
  IPAMConfig?: object | null;
  [field: string]: unknown;
}

export interface HostConfig {
  RestartPolicy?: { Name?: string; MaximumRetryCount?: number };
  NetworkMode?: string;
  Mounts?: { Type?: string; Source?: string; Target?: string; ReadOnly?: boolean }[] | null;
  Binds?: string[] | null;
  AutoRemove?: boolean;
  [field: string]: unknown;
}

export interface ContainerRecord {
  id: string;
  name: string;
  imageId: string;
  created: string;
  config: Config;
  hostConfig: HostConfig;
  /** By network name. */
  networks: Record<string, Endpoint>;
  /** Container port → loopback port of this machine. */
  ports: Record<string, number>;
  status: "created" | "running" | "restarting" | "exited";
  /** Started, and not stopped by request. */
  shouldRun: boolean;
  process?: ProcessIdentity;
  exitCode: number;
  error: string;
  startedAt: string;
  finishedAt: string;
  restartCount: number;
  health?: Health;
}

export interface NetworkRecord {
  id: string;
  name: string;
  created: string;
  request: Record<string, unknown>;
}

export interface VolumeRecord {
  name: string;
  created: string;
  driver: string;
  labels: Record<string, string>;
  options: Record<string, string>;
}

export interface Records {
  images: ImageRecord[];
  containers: ContainerRecord[];
  networks: NetworkRecord[];
  volumes: VolumeRecord[];
}
