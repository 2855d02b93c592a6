import type { StandInAccounts } from "./stand-ins.ts";

/** What the local cloud is started with; `up` writes it as JSON, readable by its owner only. */
export interface LocalCloudOptions {
  /** Directory of its state. */
  dir: string;
  domain: string;
  account: { id: string; name: string };
  zone: { id: string; name: string };
  workersSubdomain: string;
  cloudflareToken: string;
  digitaloceanToken: string;
  accounts: StandInAccounts;
  ports: { edge: number; api: number; standIns: number };
  /**
   * Loopback ports of everything that has a hostname, and the hostname that each stands for. Containers reach some of them
   * too.
   */
  services: { port: number; hostname: string; forContainers?: boolean }[];
  /** Address of the containers' bridge on this machine, at which they reach the edge and the stand-ins. */
  bridgeAddress?: string;
  /** Unix socket at which plain processes are offered as containers, where there is no Docker Engine. */
  processes?: { dir: string; socket: string };
  /** `host:port` of addresses that are not public and that Workers may fetch all the same, besides the stack's own. */
  allowedHosts: string[];
  /** Files of a certificate for `*.<domain>` and `*.<subdomain>.workers.dev`, and the port for https. */
  tls?: { key: string; cert: string; ca?: string; port: number };
}

/** What the process tells the one that started it, once. */
export type LocalCloudMessage = { ready: true } | { error: string };
