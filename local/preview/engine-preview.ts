import { existsSync } from "node:fs";
import { join } from "node:path";
import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";
import { SETTINGS_TYPE } from "../../infra/settings.ts";
import { resourceName, withEvents } from "../cli/engine-events.ts";
import { repositoryRoot } from "../cli/stack.ts";
import type { Digest, ResourceState } from "./digest.ts";
import type { Settings } from "./settings.ts";

/** Runs the Pulumi CLI on the stack to its end, well or not. */
export type RunPulumi = (
  args: string[],
  env?: NodeJS.ProcessEnv,
) => Promise<{ code: number; stdout: string; stderr: string }>;

/** A rule of the policy pack that what is previewed breaks. */
export interface Violation {
  policy: string;
  message: string;
  /** Name of the resource, if it is about one. */
  resource?: string;
  /** Whether it only warns. */
  advisory: boolean;
}

/** What the engine says about an update beforehand. */
export interface EnginePreview {
  digest: Digest;
  /** Its exit code. */
  code: number;
  violations: Violation[];
  /** What is not secret of the config, at the last update and now. */
  settings?: { before: Settings; after: Settings };
  /** What it printed besides, where it made no document. */
  stderr: string;
}

const policyPack = join(repositoryRoot, "infra", "policy");

/** Arguments of every preview besides: the policy pack has to hold for each. */
export const CHECKS: readonly string[] = existsSync(join(policyPack, "PulumiPolicy.yaml"))
  ? ["--policy-pack", policyPack]
  : [];

export interface PreviewArgs {
  stack: string;
  /** Config file that is previewed instead of the stack's own. */
  configFile: string;
  /** Where the plan is put, to be applied later. */
  savePlan?: string | undefined;
}

/** Asks the engine what an update would do; nothing is changed. */
export async function enginePreview(run: RunPulumi, args: PreviewArgs): Promise<EnginePreview> {
  const { stack, configFile, savePlan } = args;
  const command = [
    ...["preview", "--json", "--show-sames", "--non-interactive"],
    ...["--stack", stack, "--config-file", configFile],
    ...(savePlan === undefined ? [] : ["--save-plan", savePlan]),
    ...CHECKS,
  ];
  // Only the engine's events tell of policies, and of what a component registers as its outputs.
  const events: EngineEvent[] = [];
  const { code, stdout, stderr } = await withEvents(
    (event) => events.push(event),
    (log) => run([...command, ...log.args], log.env),
  );
  return { digest: parsed(stdout), code, violations: violationsIn(events), settings: settingsIn(events), stderr };
}

/** The resources that the stack has now. */
export async function stateOf(run: RunPulumi, stack: string): Promise<{ resources: ResourceState[]; cutOff: boolean }> {
  const { code, stdout, stderr } = await run(["stack", "export", "--stack", stack]);
  if (code !== 0) throw new Error(stderr.trim());
  const { deployment } = JSON.parse(stdout) as {
    deployment: { resources?: (ResourceState & { delete?: boolean })[]; pending_operations?: unknown[] };
  };
  const resources = (deployment.resources ?? []).filter((each) => !each.delete);
  return { resources, cutOff: (deployment.pending_operations ?? []).length > 0 };
}

function parsed(stdout: string): Digest {
  try {
    return JSON.parse(stdout.slice(stdout.indexOf("{"))) as Digest;
  } catch {
    return {};
  }
}

function settingsIn(events: EngineEvent[]): { before: Settings; after: Settings } {
  const told = events.flatMap(({ resOutputsEvent }) =>
    resOutputsEvent?.metadata.type === SETTINGS_TYPE ? [resOutputsEvent.metadata] : [],
  );
  // When it is registered the first time, its outputs are still those of before.
  const [first, last] = [told[0]?.old, told.at(-1)?.new];
  return { before: first?.outputs.settings as Settings, after: last?.outputs.settings as Settings };
}

function violationsIn(events: EngineEvent[]): Violation[] {
  return events.flatMap(({ policyEvent }) => {
    if (!policyEvent) return [];
    const { policyName, message, resourceUrn, enforcementLevel } = policyEvent;
    return [
      {
        policy: policyName,
        message: message.replaceAll(/<\{%.*?%\}>/g, "").trim(),
        ...(resourceUrn && { resource: resourceName(resourceUrn) }),
        // The engine's word; the SDK's type has another.
        advisory: (enforcementLevel as string) === "advisory",
      },
    ];
  });
}
