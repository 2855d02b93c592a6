/** What a refresh found changed outside of Pulumi: read from the engine's events, and put into words. */

/** A property that is not as the last update left it. */
export interface PropertyChange {
  /** Path, e.g. `ingresses[0].service`. */
  property: string;
  /** JSON; undefined: it is not set. Secrets are masked. */
  was: string | undefined;
  is: string | undefined;
}

/** A resource that was changed, or is gone, though no update did it. */
export interface Drift {
  urn: string;
  /** Name in the program, e.g. `coda-route`. */
  name: string;
  /** Kind of resource, e.g. `WorkersRoute`. */
  type: string;
  what: "changed" | "gone";
  /** What is different; empty for one that is gone. */
  changes: PropertyChange[];
}

/** What stands in a secret's place, in the engine's output and here. */
const SECRET = "[secret]";
/** Longest value that is shown, in characters. */
const LONGEST = 200;

type Properties = Record<string, unknown>;

/** The part of an event that is used here: https://www.pulumi.com/docs/iac/operations/engine-events/ */
interface EngineEvent {
  diagnosticEvent?: { severity: string; message: string };
  resOutputsEvent?: { metadata: Step };
}

interface Step {
  op: string;
  urn: string;
  old?: { inputs?: Properties; outputs?: Properties } | null;
  new?: { inputs?: Properties; outputs?: Properties } | null;
  /** Names of the properties that the provider finds changed. */
  diffs?: string[] | null;
  /** The same by path, of providers that tell it. */
  detailedDiff?: Record<string, unknown> | null;
}

/**
 * @param stream the engine's events, a line of JSON each
 * @returns what is not as the state has it, in the order of names
 */
export function driftIn(stream: string): Drift[] {
  return eventsIn(stream)
    .flatMap(({ resOutputsEvent }) => resOutputsEvent?.metadata ?? [])
    .flatMap(driftOf)
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Why a refresh failed, as the engine said it. */
export function errorsIn(stream: string): string {
  const errors = eventsIn(stream).flatMap(({ diagnosticEvent }) =>
    diagnosticEvent?.severity === "error" ? diagnosticEvent.message.replace(/<\{%.*?%\}>/g, "").trim() : [],
  );
  return [...new Set(errors)].join("\n");
}

function eventsIn(stream: string): EngineEvent[] {
  return stream
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .flatMap((line) => {
      try {
        return [JSON.parse(line) as EngineEvent];
      } catch {
        // The last line of an engine that was ended.
        return [];
      }
    });
}

function driftOf({ op, urn, old, new: found, diffs, detailedDiff }: Step): Drift[] {
  const type = urn.split("::")[2]!.split("$").at(-1)!.split(":").at(-1)!;
  const resource = { urn, name: urn.split("::").slice(3).join("::"), type };
  if (op === "delete") return [{ ...resource, what: "gone", changes: [] }];
  if (op !== "update") return [];
  const names = new Set([...(diffs ?? []), ...Object.keys(detailedDiff ?? {})].map((path) => path.split(/[.[]/)[0]!));
  const changes = [...names].sort().flatMap((name) => changesOf(name, old ?? {}, found ?? {}));
  return changes.length > 0 ? [{ ...resource, what: "changed", changes }] : [];
}

/** What the program sets is compared first; what only the cloud tells, where that is the same. */
function changesOf(
  name: string,
  old: { inputs?: Properties; outputs?: Properties },
  found: { inputs?: Properties; outputs?: Properties },
): PropertyChange[] {
  // What was secret is read back without being marked so.
  const secret = [old.inputs, old.outputs, found.inputs, found.outputs].some((each) => holdsSecret(each?.[name]));
  if (secret) return [{ property: name, was: SECRET, is: SECRET }];
  for (const side of ["inputs", "outputs"] as const) {
    const changes = compared(name, old[side]?.[name], found[side]?.[name]);
    if (changes.length > 0) return changes;
  }
  return [{ property: name, was: shown(old.outputs?.[name]), is: shown(found.outputs?.[name]) }];
}

function compared(property: string, was: unknown, is: unknown): PropertyChange[] {
  if (isObject(was) && isObject(is)) {
    const names = [...new Set([...Object.keys(was), ...Object.keys(is)])];
    return names.flatMap((name) => compared(`${property}.${name}`, was[name], is[name]));
  }
  if (Array.isArray(was) && Array.isArray(is)) {
    const length = Math.max(was.length, is.length);
    return Array.from({ length }, (_, i) => compared(`${property}[${i}]`, was[i], is[i])).flat();
  }
  return JSON.stringify(was) === JSON.stringify(is) ? [] : [{ property, was: shown(was), is: shown(is) }];
}

function isObject(value: unknown): value is Properties {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function holdsSecret(value: unknown): boolean {
  if (typeof value === "object" && value !== null) return Object.values(value).some(holdsSecret);
  return value === SECRET;
}

function shown(value: unknown): string | undefined {
  const text = value === undefined || value === null ? undefined : JSON.stringify(value);
  return text && text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}

/** A property's change for people, e.g. `script: "a" → not set`. */
export function inWords({ property, was, is }: PropertyChange): string {
  if (was === SECRET && is === SECRET) return `${property}: holds a secret, and is not as it was`;
  return `${property}: ${was ?? "not set"} → ${is ?? "not set"}`;
}

/** A resource's drift for people, in one line. */
export function oneLine({ type, name, what, changes }: Drift): string {
  return `${type} ${name} ${what === "gone" ? "is gone" : `was changed: ${changes.map(inWords).join("; ")}`}`;
}

/**
 * What `drift --markdown` writes: the body of an issue or a comment, which is found again by its first line.
 *
 * @param repair the commands that put everything back as the program says
 */
export function driftMarkdown(stack: string, drift: Drift[], repair: string): string {
  const lines = [`<!-- hybrid-mcp drift: ${stack} -->`];
  if (drift.length === 0) {
    lines.push(`Nothing of the stack \`${stack}\` was changed outside of Pulumi.`);
    return `${lines.join("\n")}\n`;
  }
  const several = drift.length > 1;
  lines.push(
    `**${drift.length} ${several ? "resources" : "resource"} of the stack \`${stack}\` ${several ? "are" : "is"} not as Pulumi left ${several ? "them" : "it"}.**`,
    "",
    "| resource | property | was | is now |",
    "| --- | --- | --- | --- |",
  );
  for (const { type, name, what, changes } of drift) {
    const resource = `${type} \`${name}\``;
    if (what === "gone") lines.push(`| ${resource} | | there | **gone** |`);
    for (const { property, was, is } of changes) {
      lines.push(`| ${resource} | \`${property}\` | ${cell(was)} | ${cell(is)} |`);
    }
  }
  lines.push("", `Nothing was changed by looking. To put it back as the program says: ${repair}.`);
  return `${lines.join("\n")}\n`;
}

/** A value in a table: nothing in it may end the cell, or be taken for markup. */
function cell(text: string | undefined): string {
  if (text === undefined) return "not set";
  return `<code>${text.replace(/[&<>|`*_[\]\\@#]/g, (sign) => `&#${sign.charCodeAt(0)};`)}</code>`;
}
