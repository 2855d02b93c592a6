import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import type { TrailAddress } from "../cli/audit-counts.ts";
import { checkConfig } from "../cli/check-config.ts";
import { cloudPid } from "../cli/cloud-process.ts";
import { cloudflareAccess, realStack } from "../cli/real-stack.ts";
import { ended, preparePulumi, pulumiEnded } from "../cli/run-pulumi.ts";
import { localImages } from "../cli/session.ts";
import { LocalStack, merge, repositoryRoot, runsN8n, type Values, writePrivately } from "../cli/stack.ts";
import { writeStackConfig } from "../cli/stack-config.ts";
import { deployed, setSecrets } from "../cli/update.ts";
import { UserError } from "../cli/user-error.ts";
import { enginePreview, type RunPulumi, stateOf } from "./engine-preview.ts";
import { type Report, reportOf } from "./report.ts";
import { countedCalls, usageOf } from "./usage.ts";

export interface PreviewOptions {
  /** Values that count for this preview only, over the stack's config. */
  set: Values;
  /** Names of protected resources that may be lost. */
  allowDataLoss: string[];
  /** Where the engine's plan is put. */
  savePlan?: string | undefined;
  /** Calls of tools a month; default: counted in the audit trail. */
  callsPerMonth?: number | undefined;
  /** Told what is being done. */
  log: (line: string) => void;
}

/** The settings with which a run may lose what is named. */
export function allowing(names: string[], over: Values = {}, before: unknown = []): Values {
  if (names.length === 0) return over;
  const kept = Array.isArray(over.allowDataLoss ?? before) ? ((over.allowDataLoss ?? before) as string[]) : [];
  return { ...over, allowDataLoss: [...new Set([...kept, ...names])] };
}

/**
 * What an update of the local stack would do. Its lock is held by the caller.
 *
 * @throws {UserError} when it is not up, or a setting is wrong
 */
export async function previewLocal(options: PreviewOptions): Promise<Report> {
  const { set, allowDataLoss, savePlan, callsPerMonth, log } = options;
  const now = new LocalStack();
  if (!now.exists() || !now.identity.containers || cloudPid(now) === undefined) {
    throw new UserError(
      "The local stack is not up, and a preview compares with what is there. Bring it up first: npm run up",
    );
  }
  const stack = new LocalStack(now.dir, { over: allowing(allowDataLoss, set, now.settings.allowDataLoss) });
  checkConfig(stack);
  const engine = await preparePulumi(stack, log);
  const run: RunPulumi = (args, env) => pulumiEnded(stack, engine, args, env);
  log("Asking the engine what would change …");
  const { resources: state, cutOff } = await stateOf(run, "local");
  if (cutOff) {
    throw new UserError(
      "The last update was cut off, so what is there is not known. Put it in order first: npm run up",
    );
  }
  // An n8n that is not there yet is named by its public image: its own would take minutes to make.
  const images = await localImages(stack, { n8n: runsN8n(now) && runsN8n(stack), log });
  mkdirSync(stack.tmpDir, { recursive: true });
  const configFile = join(stack.tmpDir, "preview.yaml");
  writeStackConfig(stack, images, configFile);
  await setSecrets(stack, engine, configFile);
  const preview = await enginePreview(run, {
    stack: "local",
    configFile,
    savePlan,
  });
  const { auditDatabaseId } = await deployed({ stack, engine });
  const { accountId, cloudflareToken: token } = now.identity;
  const baseUrl = `http://127.0.0.1:${now.ports.api}/client/v4`;
  const usage = await usageFrom(callsPerMonth, { baseUrl, token, accountId, databaseId: auditDatabaseId });
  return reportOf({ stack: "local", preview, state, allowed: allowDataLoss, usage });
}

/**
 * The same of a real stack, with the person's own Pulumi login and environment. What is set, and allowed, is so in a copy of
 * its config, which is removed afterwards.
 *
 * @throws {UserError} when there is no such stack, or it cannot be reached
 */
export async function previewReal(name: string, options: PreviewOptions): Promise<Report> {
  const { set, allowDataLoss, savePlan, callsPerMonth, log } = options;
  const { engine, options: where, outputs } = await realStack(name, log);
  const run: RunPulumi = (args, env) => ended(engine, args, { ...where, env: { ...where.env, ...env } });
  const folder = mkdtempSync(join(tmpdir(), "hybrid-mcp-preview-"));
  try {
    log("Asking the engine what would change …");
    const configFile = join(folder, `Pulumi.${name}.yaml`);
    const { config = {}, ...file } = parse(readFileSync(join(repositoryRoot, `Pulumi.${name}.yaml`), "utf8")) as {
      config?: Values;
    } & Values;
    const over = allowing(allowDataLoss, set, config["hybrid-mcp:allowDataLoss"]);
    const named = Object.fromEntries(Object.entries(over).map(([key, value]) => [`hybrid-mcp:${key}`, value]));
    writePrivately(configFile, stringify({ ...file, config: merge(config, named) }));
    const { resources: state } = await stateOf(run, name);
    const preview = await enginePreview(run, { stack: name, configFile, savePlan });
    const { accountId } = (config["hybrid-mcp:cloudflare"] ?? {}) as { accountId?: string };
    const databaseId = outputs.auditDatabaseId as string | undefined;
    const access = await cloudflareAccess({ engine, options: where }, name);
    const usage = await usageFrom(callsPerMonth, { ...access, accountId, databaseId });
    return reportOf({ stack: name, preview, state, allowed: allowDataLoss, usage });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function usageFrom(given: number | undefined, trail: TrailAddress) {
  return usageOf(given, given === undefined ? await countedCalls(trail) : undefined);
}
