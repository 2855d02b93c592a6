import type { Collection, Entity, Store } from "../../store.ts";
import type { Fields } from "./body.ts";

/** `id` is the number that the API tells, as text. User data is not kept: the API never tells it. */
export interface Droplet extends Entity {
  name: string;
  region: string;
  size: string;
  image: string;
  status: "active" | "off";
  created_at: string;
  features: string[];
  backup_policy?: Fields | undefined;
  tags: string[];
  vpc_uuid: string;
  publicAddress: string;
  privateAddress: string;
}

export interface SshKey extends Entity {
  name: string;
  public_key: string;
  fingerprint: string;
}

export interface Vpc extends Entity {
  name: string;
  description: string;
  region: string;
  ip_range: string;
  default: boolean;
  created_at: string;
}

export interface Volume extends Entity {
  name: string;
  description: string;
  region: string;
  size_gigabytes: number;
  filesystem_type: string;
  filesystem_label: string;
  droplet: string | null;
  tags: string[];
  created_at: string;
}

export interface Firewall extends Entity {
  name: string;
  inbound_rules: Fields[];
  outbound_rules: Fields[];
  droplet_ids: number[];
  tags: string[];
  created_at: string;
}

export interface Project extends Entity, Fields {
  id: string;
  name: string;
  is_default: boolean;
}

/** Which project a resource was moved to; `id` is the resource's URN. Others are in the default project. */
export interface Assignment extends Entity {
  project: string;
  assigned_at: string;
}

/** Something that was done to a droplet or volume; it is complete when it is stored. */
export interface Action extends Entity {
  type: string;
  started_at: string;
  completed_at: string;
  /** `droplet` or `volume`, and its id. */
  target: string;
  region: string;
}

/** An alert policy, uptime check or uptime alert: kept as the client sent it. */
export interface Monitor extends Entity, Fields {
  id: string;
}

interface Counter extends Entity {
  last: number;
}

/** What every area of the DigitalOcean API works on. */
export interface DigitalOceanContext {
  droplets: Collection<Droplet>;
  keys: Collection<SshKey>;
  vpcs: Collection<Vpc>;
  volumes: Collection<Volume>;
  firewalls: Collection<Firewall>;
  projects: Collection<Project>;
  assignments: Collection<Assignment>;
  actions: Collection<Action>;
  alertPolicies: Collection<Monitor>;
  uptimeChecks: Collection<Monitor>;
  /** With the check's id in `check_id`. */
  uptimeAlerts: Collection<Monitor>;
  /** The next number of a sequence that never gives one twice. */
  next(sequence: "droplet" | "key" | "action"): number;
}

/** The collections of the DigitalOcean API in the store. */
export function digitalOceanContext(store: Store): DigitalOceanContext {
  const counters = store.collection<Counter>("digitalocean.counters");
  return {
    droplets: store.collection<Droplet>("digitalocean.droplets"),
    keys: store.collection<SshKey>("digitalocean.keys"),
    vpcs: store.collection<Vpc>("digitalocean.vpcs"),
    volumes: store.collection<Volume>("digitalocean.volumes"),
    firewalls: store.collection<Firewall>("digitalocean.firewalls"),
    projects: store.collection<Project>("digitalocean.projects"),
    assignments: store.collection<Assignment>("digitalocean.assignments"),
    actions: store.collection<Action>("digitalocean.actions"),
    alertPolicies: store.collection<Monitor>("digitalocean.monitoring.alerts"),
    uptimeChecks: store.collection<Monitor>("digitalocean.uptime.checks"),
    uptimeAlerts: store.collection<Monitor>("digitalocean.uptime.alerts"),
    next(sequence) {
      const last = (counters.get(sequence)?.last ?? 1000) + 1;
      counters.put({ id: sequence, last });
      return last;
    },
  };
}
