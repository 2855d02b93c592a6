import { type Placement, type ServiceName, serviceNames } from "@hybrid-mcp/catalogue";
import { allowedAs, isKeyOfConfig, statefulNamed } from "../../infra/stateful.ts";
import type { Operation, Resource, ResourceState } from "./digest.ts";
import type { SettingChange } from "./settings.ts";

/** Deadlines and choices of the config that say what a change does; in seconds. */
export interface Deadlines {
  gateSeconds: number;
  confirmSeconds: number;
  drainSeconds: number;
  /** Of n8n. */
  startSeconds: number;
  /** Of a droplet that is made. */
  readySeconds: number;
}

/** What is lost with one resource. */
export interface Loss {
  /** As `allowDataLoss` names it. */
  name: string;
  urn: string;
  /** `update`: of a Worker that deletes classes of its Durable Objects. `lower`: a setting, with which less of it is kept. */
  op: "delete" | "replace" | "update" | "lower";
  title: string;
  lost: string;
  /** Whether it needs to be allowed, and is not. */
  blocked: boolean;
  /** Whether the config, or the command line, names it. */
  allowed: boolean;
  /** It is taken out of the program, so that only the state says that it is protected. */
  left: boolean;
  /** Whether it is protected, so that the engine refuses it too. */
  refused: boolean;
  /** Whether data is lost for certain: of what nothing here says what it keeps that is not known. */
  certain: boolean;
  /** Names of the classes whose Durable Objects a Worker deletes. */
  classes: string[];
}

/** One change, for people. */
export interface Change {
  title: string;
  /** Whether calls can fail. */
  calls: { fail: boolean; text: string };
  /** Whether data is at risk. */
  data: { risk: boolean; text: string };
  losses: Loss[];
  /** How long it takes about, in seconds. */
  seconds: readonly [from: number, to: number];
  /** What has to be known besides. */
  notes: string[];
  /** Why the update will fail at it, though the engine does not know yet. */
  fails: string[];
  resources: { op: Operation; type: string; name: string }[];
}

const NO_CALL_FAILS = { fail: false, text: "no call fails" };
const DATA_KEPT = { risk: false, text: "not touched" };

/** A preview's resources, out of which rules take what they explain. */
export class Scene {
  readonly resources: readonly Resource[];
  readonly deadlines: Deadlines;
  /** Names that `allowDataLoss` allows. */
  readonly allowed: readonly string[];
  /** Settings of the config that differ; undefined where it is not known which do. */
  readonly settings: SettingChange[] | undefined;
  /** Those of them that a rule has told. */
  readonly toldSettings = new Set<SettingChange>();
  readonly #open: Set<Resource>;

  constructor(resources: Resource[], deadlines: Deadlines, allowed: readonly string[], settings?: SettingChange[]) {
    this.resources = resources.filter((each) => !isGrouping(each));
    this.deadlines = deadlines;
    this.allowed = allowed;
    this.settings = settings;
    this.#open = new Set(this.resources.filter(({ op }) => op !== "same"));
  }

  /** Takes what changes and fits: no later rule sees it. */
  take(fits: (resource: Resource) => boolean): Resource[] {
    const taken = [...this.#open].filter(fits);
    for (const each of taken) this.#open.delete(each);
    return taken;
  }

  /** What changes and fits, and is still to be explained. */
  open(fits: (resource: Resource) => boolean): Resource[] {
    return [...this.#open].filter(fits);
  }

  /** The one resource of a type with this name, changed or not. */
  one(type: string, name: string): Resource | undefined {
    return this.resources.find((each) => each.name === name && isOf(type)(each));
  }

  /** Where a service is, before or after; undefined while it is not there. */
  placement(service: ServiceName, when: "before" | "after"): Placement | undefined {
    const state = this.one("WorkersRoute", `${service}-route`)?.[when];
    return state && (state.inputs?.script ? "workers" : "droplet");
  }

  /** Titles of what runs on the droplet before and after alike, and so is away while the droplet is. */
  onDroplet(title: (service: ServiceName) => string): string[] {
    const stays = (name: string) => {
      const { before, op } = this.one("Container", name) ?? {};
      return before !== undefined && op !== "delete";
    };
    const services = serviceNames.filter((name) =>
      (["before", "after"] as const).every((when) => this.placement(name, when) === "droplet"),
    );
    return [
      ...services.map(title),
      ...(stays("n8n") ? ["n8n"] : []),
      ...(stays("firecrawl-api") ? ["the Firecrawl engine"] : []),
    ];
  }

  /** Whether the droplet is made anew, so that nothing on it goes on beside what takes its place. */
  get dropletIsReplaced(): boolean {
    return this.one("Droplet", "droplet")?.op === "replace";
  }

  /** Whether the droplet is off for some minutes: replaced, or given another size. */
  get dropletIsAway(): boolean {
    const droplet = this.one("Droplet", "droplet");
    return this.dropletIsReplaced || (droplet?.op === "update" && droplet.changed.includes("size"));
  }

  /** What is lost with a resource that is deleted or replaced, or deletes what it keeps; undefined if nothing is. */
  lossOf(resource: Resource): Loss | undefined {
    const { op, name, urn, before, after } = resource;
    const left = op === "delete";
    const goes = left || op === "replace";
    const classes = deletedClasses(resource);
    if (goes ? before?.retainOnDelete : classes.length === 0) return undefined;
    const stateful = statefulNamed(name);
    if (goes && (stateful ? !this.holdsData(resource) : keepsNothing(resource))) return undefined;
    const { title, lost } = stateful ?? { title: `${name} (${resource.type})`, lost: lostUnlisted(classes) };
    const allowed = this.allowed.includes(allowedAs(name));
    const refused = goes && before?.protect === true && (left || after?.protect === true);
    // What the config takes away by its name, an older key, is allowed by that.
    const blocked = !allowed && (refused || !isKeyOfConfig(name));
    const how = left ? "delete" : goes ? "replace" : "update";
    const certain = stateful !== undefined || classes.length > 0;
    return { name: allowedAs(name), urn, op: how, title, lost, blocked, allowed, left, refused, certain, classes };
  }

  /** Whether it is the resource itself that keeps data: a Docker volume may stand for a folder of the data volume. */
  private holdsData({ name, type, before }: Resource): boolean {
    if (type.endsWith(":Droplet")) return before?.protect === true || this.allowed.includes(name);
    return !standsForFolder(before);
  }
}

/** @param types last parts of types, e.g. `WorkersRoute` */
export const isOf =
  (...types: string[]) =>
  ({ type }: Pick<Resource, "type">) =>
    types.includes(type.split(":").at(-1)!);

/** Components and the stack itself group resources, and are nothing by themselves. */
function isGrouping({ before, after, type }: Resource): boolean {
  return (after ?? before)?.custom === false || type === "pulumi:pulumi:Stack";
}

/** Kinds of resources that keep nothing, so that they can go and be made again. */
const KEEP_NOTHING = [
  /^cloudflare:.*:(DnsRecord|WorkersRoute|WorkersScriptSubdomain|WorkersCronTrigger|ZeroTrustTunnelCloudflaredConfig)$/,
  /^cloudflare:.*:ZeroTrustAccess\w+$/,
  /^digitalocean:.*:(Firewall|MonitorAlert|Uptime\w+|Project|ProjectResources|SshKey|Vpc|VolumeAttachment)$/,
  /^docker:.*:(Container|RemoteImage|Network)$/,
  /^pulumi:providers:/,
];

/** Whether a resource that `infra/stateful.ts` does not list keeps nothing that could be lost. */
function keepsNothing({ type, name, before }: Resource): boolean {
  if (KEEP_NOTHING.some((kind) => kind.test(type))) return true;
  // Objects of its classes are kept with it.
  if (/^cloudflare:.*:WorkersScript$/.test(type)) return before?.inputs?.migrations === undefined;
  // A folder of the data volume, and what a backup works in.
  if (/^docker:.*:Volume$/.test(type)) return standsForFolder(before) || name === "backup-work";
  // What only tells one machine from the next; and a product that is taken away is not let in any more.
  return /^random:/.test(type) && (name === "machine" || name.endsWith("-product-secret"));
}

function lostUnlisted(classes: string[]): string {
  return classes.length > 0
    ? "all that its Durable Objects have stored"
    : "not known whether data is lost: infra/stateful.ts does not say what it keeps";
}

function standsForFolder(state: ResourceState | undefined): boolean {
  return (state?.inputs?.driverOpts as { device?: string } | undefined)?.device !== undefined;
}

interface Migrations {
  newTag?: string;
  deletedClasses?: string[];
  steps?: { deletedClasses?: string[] }[];
}

/**
 * Classes whose Durable Objects an upload of a Worker deletes, with all that they have stored: those that its migrations name,
 * from the tag that it has to the one that it gets. What is renamed or transferred is kept.
 * https://developers.cloudflare.com/durable-objects/reference/durable-objects-migrations/
 */
function deletedClasses({ type, op, before, after }: Resource): string[] {
  if (!isOf("WorkersScript")({ type }) || op === "delete" || op === "same") return [];
  const [from, to] = [migrationsOf(before), migrationsOf(after)];
  // Of the tag that it has already, what was named before is gone.
  return from.newTag === to.newTag ? to.classes.filter((name) => !from.classes.includes(name)) : to.classes;
}

function migrationsOf(state: ResourceState | undefined): { newTag: string | undefined; classes: string[] } {
  const { newTag, steps = [], ...first } = (state?.inputs?.migrations ?? {}) as Migrations;
  return { newTag, classes: [first, ...steps].flatMap((step) => step.deletedClasses ?? []) };
}

type Told = Pick<Change, "title"> & Partial<Omit<Change, "resources" | "title">>;

/** A change with what is usual: no call fails, no data is touched. */
export function change(resources: Resource[], told: Told): Change {
  return {
    calls: NO_CALL_FAILS,
    data: DATA_KEPT,
    losses: [],
    seconds: [1, 5],
    notes: [],
    fails: [],
    ...told,
    resources: resources.map(({ op, type, name }) => ({ op, type, name })),
  };
}

/** `a`, `a and b`, `a, b and c`. */
export function listed(words: string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}

/** Sum of durations. */
export function added(...all: (readonly [number, number])[]): [number, number] {
  return [all.reduce((sum, [from]) => sum + from, 0), all.reduce((sum, [, to]) => sum + to, 0)];
}
