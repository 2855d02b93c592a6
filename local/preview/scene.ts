import { type Placement, type ServiceName, serviceNames } from "@hybrid-mcp/catalogue";
import { isKeyOfConfig, statefulNamed } from "../../infra/stateful.ts";
import type { Operation, Resource } from "./digest.ts";
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
  name: string;
  urn: string;
  /** `lower`: a setting, with which less of it is kept. */
  op: "delete" | "replace" | "lower";
  title: string;
  lost: string;
  /** Whether it needs to be allowed, and is not. */
  blocked: boolean;
  /** Whether the config, or the command line, names it. */
  allowed: boolean;
  /** It is taken out of the program, so that only the state says that it is protected. */
  left: boolean;
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
    const services = serviceNames.filter((name) => this.placement(name, "before") === "droplet").map(title);
    return this.one("Container", "n8n")?.before ? [...services, "n8n"] : services;
  }

  /** What is lost with a resource that is deleted or replaced; undefined if nothing is. */
  lossOf(resource: Resource): Loss | undefined {
    const { op, name, urn, before, after } = resource;
    if ((op !== "delete" && op !== "replace") || before?.retainOnDelete) return undefined;
    const stateful = statefulNamed(name);
    if (!stateful || !this.holdsData(resource)) return undefined;
    const allowed = this.allowed.includes(name);
    const left = op === "delete";
    const refused = before?.protect === true && (left || after?.protect === true);
    // What the config takes away by its name, an older key, is allowed by that.
    const blocked = !allowed && (refused || !isKeyOfConfig(name));
    return { name, urn, op: left ? "delete" : "replace", ...stateful, blocked, allowed, left };
  }

  /** Whether it is the resource itself that keeps data: a Docker volume may stand for a folder of the data volume. */
  private holdsData({ name, type, before }: Resource): boolean {
    if (type.endsWith(":Droplet")) return before?.protect === true || this.allowed.includes(name);
    return (before?.inputs?.driverOpts as { device?: string } | undefined)?.device === undefined;
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

type Told = Pick<Change, "title"> & Partial<Omit<Change, "resources" | "title">>;

/** A change with what is usual: no call fails, no data is touched. */
export function change(resources: Resource[], told: Told): Change {
  return {
    calls: NO_CALL_FAILS,
    data: DATA_KEPT,
    losses: [],
    seconds: [1, 5],
    notes: [],
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
