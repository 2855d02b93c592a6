import { stripVTControlCharacters } from "node:util";
import { deadlinesOf } from "../../infra/config.ts";
import { resourceName } from "../cli/engine-events.ts";
import { changesOf } from "./changes.ts";
import { type Cost, costOf } from "./cost.ts";
import { type Diagnostic, type ResourceState, resourcesOf } from "./digest.ts";
import type { EnginePreview, Violation } from "./engine-preview.ts";
import { type Change, type Loss, listed } from "./scene.ts";
import { settingChanges } from "./settings.ts";
import type { Usage } from "./usage.ts";

/** What an update would do, for people and programs. */
export interface Report {
  stack: string;
  /** Whether the update can be run as it is. */
  ok: boolean;
  /** The most dangerous first. */
  changes: Change[];
  /** All of it together, in seconds. */
  seconds: readonly [from: number, to: number];
  cost: Cost | null;
  /** What would be lost and nobody has allowed. */
  blocked: Loss[];
  /** Whether the engine refuses the update: something is protected. */
  refused: boolean;
  /** Why the update would fail; without changes, why there are none to show. */
  errors: string[];
  warnings: string[];
  violations: Violation[];
}

export interface ReportArgs {
  stack: string;
  preview: EnginePreview;
  /** What the stack has now. */
  state: ResourceState[];
  /** Names given with `--allow-data-loss`. */
  allowed: readonly string[];
  usage: Usage;
}

/** Makes a report of what the engine said. */
export function reportOf({ stack, preview, state, allowed, usage }: ReportArgs): Report {
  const { digest, code, violations, settings } = preview;
  const { config = {} } = digest;
  const diagnostics = digest.diagnostics ?? [];
  const ofSeverity = (severity: string) => diagnostics.filter((each) => each.severity === severity);
  const refusals = ofSeverity("error").filter(isRefusal);
  const errors = ofSeverity("error")
    .filter((each) => !isRefusal(each))
    .flatMap(messageOf);
  if (code !== 0 && errors.length === 0 && refusals.length === 0 && violations.every(({ advisory }) => advisory)) {
    errors.push(...(cleaned(preview.stderr) || `The engine ended with ${code} and said nothing.`).split(/\n{2,}/));
  }
  const warnings = [...new Set(ofSeverity("warning").flatMap(messageOf))];
  // A program that failed has not told all that it wants: what the engine makes of the rest would be wrong.
  if (errors.length > 0) return { ...failedReport(stack, [...new Set(errors)]), warnings, violations };

  const resources = resourcesOf(digest, refusals.length > 0 ? state : []);
  const ofConfig = allowedBy(config);
  const changes = changesOf(
    resources,
    deadlinesOf(config),
    [...ofConfig, ...allowed],
    settingChanges(settings?.before, settings?.after),
  );
  const losses = changes.flatMap((each) => each.losses);
  const blocked = losses.filter((loss) => loss.blocked);
  // What is unprotected just before the update does not stand against it.
  const told = losses.filter((loss) => loss.blocked || loss.left).map(({ urn }) => urn);
  const failing = [
    ...changes.flatMap(({ fails }) => fails),
    ...refusals.filter(({ urn = "" }) => !told.includes(urn)).flatMap(messageOf),
  ];
  return {
    stack,
    ok: failing.length === 0 && blocked.length === 0 && violations.every(({ advisory }) => advisory),
    changes,
    seconds: together(changes),
    cost: costOf(resources, usage, repositoryOf(config)),
    blocked,
    refused: refusals.length > 0,
    errors: [...new Set(failing)],
    warnings: [...warnings, ...standing(ofConfig, allowed, changes)],
    violations,
  };
}

/** A warning of what the config allows for no change of this update: its protection stays lifted until somebody takes it out. */
function standing(ofConfig: string[], given: readonly string[], changes: Change[]): string[] {
  const lost = changes.flatMap(({ losses }) => losses.map(({ name }) => name));
  const names = ofConfig.filter((name) => !given.includes(name) && !lost.includes(name));
  if (names.length === 0) return [];
  return [
    `hybrid-mcp:allowDataLoss lifts the protection of ${listed(names)}, of which this update loses nothing: take ${names.length === 1 ? "it" : "them"} out of the config.`,
  ];
}

/** What is told when it is not known what would change. */
export function failedReport(stack: string, errors: string[]): Report {
  const nothing = { changes: [], seconds: [0, 0] as const, cost: null, blocked: [], refused: false };
  return { stack, ok: false, errors, ...nothing, warnings: [], violations: [] };
}

/** step_generator.go and step.go of the engine: what is protected is not deleted, nor replaced. */
function isRefusal({ message = "" }: Diagnostic): boolean {
  return /as it is currently marked for protection|because it is protected/.test(message);
}

function messageOf({ message = "", urn }: Diagnostic): string[] {
  const text = cleaned(message);
  // What the engine says of itself when something else has failed.
  if (text === "" || /^(preview failed|update failed|an unhandled error occurred)/i.test(text)) return [];
  const name = urn && !urn.includes("pulumi:pulumi:Stack") ? `${resourceName(urn)}: ` : "";
  return [`${name}${text}`];
}

/** A message without colours, prefixes and stack traces. */
function cleaned(message: string): string {
  return stripVTControlCharacters(message)
    .replaceAll(/<\{%.*?%\}>/g, "")
    .replaceAll(/^\s+at .*$/gm, "")
    .replace(/^(error|warning): /i, "")
    .replace(/^Running program '[^']*' failed with an unhandled exception:\s*/, "")
    .replace(/^<ref \*\d+> /, "")
    .replace(/^(RunError|Error): /, "")
    .trim();
}

/** Changes go on beside each other: at least as long as the longest, at most one after another. */
function together(changes: Change[]): [number, number] {
  return [
    Math.max(0, ...changes.map(({ seconds }) => seconds[0])),
    changes.reduce((sum, { seconds }) => sum + seconds[1], 0),
  ];
}

function allowedBy(config: Record<string, string>): string[] {
  const names: unknown = fromJson(config["hybrid-mcp:allowDataLoss"]);
  return Array.isArray(names) ? names.map(String) : [];
}

function repositoryOf(config: Record<string, string>): string | undefined {
  return (fromJson(config["hybrid-mcp:backup"]) as { repository?: string } | undefined)?.repository;
}

/** @returns undefined also for what is a secret, and so not told */
function fromJson(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
