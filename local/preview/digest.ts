import { resourceName } from "../cli/engine-events.ts";

/** What `pulumi preview --json` prints: pkg/display/json.go of the engine (PreviewDigest), as far as it is used here. */

export interface ResourceState {
  urn: string;
  type: string;
  id?: string;
  /** False of a component, which groups others and is nothing by itself. */
  custom?: boolean;
  protect?: boolean;
  retainOnDelete?: boolean;
  /** It is read, and not the stack's own. */
  external?: boolean;
  inputs?: Record<string, unknown>;
  outputs?: Record<string, unknown>;
}

export interface DigestStep {
  op: string;
  urn: string;
  oldState?: ResourceState;
  newState?: ResourceState;
  /** Inputs that differ. */
  diffReasons?: string[] | null;
  /** Those of them that need a new resource. */
  replaceReasons?: string[] | null;
}

export interface Diagnostic {
  urn?: string;
  message?: string;
  /** `info`, `info#err`, `warning` or `error`. */
  severity?: string;
}

export interface Digest {
  /** The stack config, with `[secret]` for what is one. */
  config?: Record<string, string>;
  steps?: DigestStep[] | null;
  diagnostics?: Diagnostic[] | null;
}

/** What becomes of one resource; `same` when nothing does. */
export type Operation = "same" | "create" | "update" | "replace" | "delete" | "import" | (string & {});

/** A resource of the stack, before and after. */
export interface Resource {
  urn: string;
  /** E.g. `cloudflare:index/workersRoute:WorkersRoute`. */
  type: string;
  /** In the program: the last part of the URN. */
  name: string;
  op: Operation;
  before?: ResourceState;
  after?: ResourceState;
  /** Inputs that change. */
  changed: string[];
  /** Inputs because of which it is replaced. */
  because: string[];
}

/** Operations that change nothing of the stack. */
const NO_CHANGE = ["same", "read", "refresh", "discard", "read-discarded"];

/**
 * Every resource once, with what becomes of it. A replacement comes as several steps.
 *
 * @param digest of a preview with `--show-sames`
 * @param state the stack's resources before it, where the program ran to its end but the engine stopped: at its first
 *   refusal it tells nothing of the rest that the program has no more
 */
export function resourcesOf(digest: Digest, state: ResourceState[] = []): Resource[] {
  const found = new Map<string, Resource>();
  for (const step of digest.steps ?? []) {
    const { urn, op, oldState, newState } = step;
    const known = found.get(urn);
    const resource: Resource = known ?? {
      urn,
      type: (newState ?? oldState)?.type ?? typeOf(urn),
      name: resourceName(urn),
      op: "same",
      changed: [],
      because: [],
    };
    if (oldState) resource.before ??= oldState;
    if (newState) resource.after = newState;
    resource.op = together(known?.op, NO_CHANGE.includes(op) ? "same" : op);
    resource.changed = union(resource.changed, step.diffReasons);
    resource.because = union(resource.because, step.replaceReasons);
    found.set(urn, resource);
  }
  for (const before of state) {
    // Default providers are the engine's own.
    const isDefault = before.type.startsWith("pulumi:providers:") && resourceName(before.urn).startsWith("default");
    if (found.has(before.urn) || before.external || isDefault) continue;
    const { urn, type } = before;
    found.set(urn, { urn, type, name: resourceName(urn), op: "delete", before, changed: [], because: [] });
  }
  return [...found.values()];
}

const union = (a: string[], b: string[] | null | undefined) => [...new Set([...a, ...(b ?? [])])];

const REPLACING = ["replace", "create-replacement", "delete-replaced"];

function together(before: Operation | undefined, op: string): Operation {
  const now = REPLACING.includes(op) ? "replace" : op;
  return before === undefined || before === "same" ? now : now === "same" ? before : now === "replace" ? now : before;
}

/** `urn:pulumi:<stack>::<project>::<parent types>$<type>::<name>` */
function typeOf(urn: string): string {
  return urn.split("::")[2]?.split("$").at(-1) ?? "";
}
