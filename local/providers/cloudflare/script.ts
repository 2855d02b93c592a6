import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { camelCase, renameKeys, snakeCase } from "../core/casing.ts";
import type { OperationContext, Properties, ResourceType } from "../core/resource-type.ts";
import { compact, hasUnknown } from "../core/values.ts";
import { CloudflareError, cloudflareApi, importParts, orGone, path } from "./client.ts";

/** Inputs that go into the upload's metadata under the API's own name. */
const metadataInputs = [
  "annotations",
  "bindings",
  "bodyPart",
  "cacheOptions",
  "compatibilityDate",
  "compatibilityFlags",
  "exports",
  "keepAssets",
  "keepBindings",
  "limits",
  "logpush",
  "mainModule",
  "migrations",
  "observability",
  "packageDependencies",
  "placement",
  "tailConsumers",
  "usageModel",
] as const;

/** What the API says of a script (`GET …/workers/scripts`, `…/workers/services/{name}`). */
interface Script {
  id?: string;
  etag?: string;
  handlers?: string[];
  has_assets?: boolean;
  has_modules?: boolean;
  created_on?: string;
  modified_on?: string;
  startup_time_ms?: number;
  migration_tag?: string;
  last_deployed_from?: string;
  compatibility_date?: string;
  compatibility_flags?: string[];
  logpush?: boolean;
  usage_model?: string;
  placement_mode?: string;
  tail_consumers?: unknown[];
  observability?: unknown;
  limits?: unknown;
}

/** https://developers.cloudflare.com/api/resources/workers/subresources/scripts/ */
export const workersScript: ResourceType = {
  inputs: {
    accountId: { required: true, replaces: true },
    scriptName: { required: true, replaces: true },
    content: { unread: true },
    contentFile: { unread: true, same: (_wanted, _actual, inputs) => inputs.contentSha256 !== undefined },
    contentSha256: { unread: true },
    contentType: { unread: true },
    files: { unread: true },
    assets: { unread: true },
    mainModule: { unread: true },
    bodyPart: { unread: true },
    bindings: { unread: true },
    compatibilityDate: { computed: true },
    compatibilityFlags: { computed: true },
    exports: { unread: true },
    annotations: { unread: true },
    cacheOptions: { unread: true },
    force: { unread: true },
    keepAssets: { unread: true },
    keepBindings: { unread: true },
    limits: { unread: true },
    logpush: { computed: true },
    migrations: { unread: true },
    observability: { unread: true },
    packageDependencies: { unread: true },
    placement: { unread: true },
    tailConsumers: { unread: true },
    usageModel: { computed: true },
  },
  outputs: [
    "createdOn",
    "etag",
    "handlers",
    "hasAssets",
    "hasModules",
    "lastDeployedFrom",
    "migrationTag",
    "modifiedOn",
    "startupTimeMs",
  ],
  volatile: ["etag", "handlers", "hasAssets", "hasModules", "migrationTag", "modifiedOn", "startupTimeMs"],
  importId(importId) {
    const [accountId = "", scriptName = ""] = importParts(importId, "account_id", "script_name");
    return { id: scriptName, state: { accountId, scriptName } };
  },
  check(inputs) {
    const problems: { property: string; reason: string }[] = [];
    if (inputs.content !== undefined && inputs.contentFile !== undefined) {
      problems.push({ property: "content", reason: "Only one of content and contentFile can be given." });
    }
    if (inputs.content === undefined && inputs.contentFile === undefined && inputs.assets === undefined) {
      problems.push({ property: "content", reason: "One of content, contentFile and assets must be given." });
    }
    if (inputs.contentFile !== undefined && inputs.contentSha256 === undefined) {
      problems.push({
        property: "contentSha256",
        reason: "contentFile needs contentSha256, the file's SHA-256 in hex.",
      });
    }
    if (inputs.mainModule !== undefined && inputs.bodyPart !== undefined && !hasUnknown(inputs)) {
      problems.push({ property: "bodyPart", reason: "Only one of mainModule and bodyPart can be given." });
    }
    return problems;
  },
  async create(inputs, context) {
    return { id: String(inputs.scriptName), outputs: await upload(inputs, context) };
  },
  async read(id, { accountId }, context) {
    const api = cloudflareApi(context);
    const service = await orGone(
      api.get<{ default_environment?: { script?: Script } }>(path`/accounts/${accountId}/workers/services/${id}`),
    );
    if (!service) return undefined;
    const script = service.default_environment?.script ?? {};
    return { id, outputs: { accountId, scriptName: id, ...outputsOf(script) } };
  },
  async update(_id, inputs, state, context) {
    return upload({ ...inputs, migrations: pendingMigrations(inputs, state) }, context);
  },
  async delete(id, { accountId }, context) {
    await cloudflareApi(context).delete(path`/accounts/${accountId}/workers/scripts/${id}`);
  },
  async lookup({ accountId, scriptName }, context) {
    const service = await orGone(
      cloudflareApi(context).get(path`/accounts/${accountId}/workers/services/${scriptName}`),
    );
    return service === undefined ? undefined : `${accountId}/${scriptName}`;
  },
};

/** One part per module and one with the metadata, as the API wants it ("Worker script upload"). */
async function upload(inputs: Properties, context: OperationContext): Promise<Properties> {
  const mainName = String(inputs.mainModule ?? inputs.bodyPart ?? "script.js");
  const metadata = renameKeys(
    compact(Object.fromEntries(metadataInputs.map((key) => [key, inputs[key]]))),
    snakeCase,
  ) as Properties;
  if (inputs.mainModule === undefined) metadata.body_part = mainName;
  if (inputs.annotations !== undefined) metadata.annotations = renameKeys(inputs.annotations, annotationName);
  if (Array.isArray(inputs.bindings)) metadata.bindings = inputs.bindings.map(bindingToApi);

  const form = new FormData();
  const content = await moduleContent(inputs);
  if (content !== undefined) {
    const type = inputs.mainModule === undefined ? "application/javascript" : "application/javascript+module";
    form.append(mainName, new Blob([content], { type: String(inputs.contentType ?? type) }), mainName);
  }
  for (const [name, file] of Object.entries((inputs.files ?? {}) as Record<string, Properties>)) {
    const part = await moduleContent(file);
    if (part !== undefined) form.append(name, new Blob([part], { type: String(file.contentType ?? "") }), name);
  }
  form.append("metadata", new Blob([JSON.stringify(metadata)], { type: "application/json" }));
  const where = path`/accounts/${inputs.accountId}/workers/scripts/${inputs.scriptName}`;
  const uploaded = await cloudflareApi(context).put<Script>(where, form);
  return outputsOf(uploaded);
}

/** @throws CloudflareError when the file is not the one that the program hashed, or cannot be read. */
async function moduleContent(inputs: Properties): Promise<Buffer<ArrayBuffer> | undefined> {
  if (inputs.content !== undefined) return Buffer.from(String(inputs.content));
  if (inputs.contentBase64 !== undefined) return Buffer.from(String(inputs.contentBase64), "base64");
  if (inputs.contentFile === undefined) return undefined;
  const file = String(inputs.contentFile);
  const content = await readFile(file).catch((error: NodeJS.ErrnoException) => {
    throw new CloudflareError(`Cannot read contentFile ${file}: ${error.code}.`, undefined);
  });
  const hash = createHash("sha256").update(content).digest("hex");
  if (inputs.contentSha256 !== undefined && hash !== String(inputs.contentSha256).toLowerCase()) {
    throw new CloudflareError(`contentSha256 is not the hash of ${file} (it is ${hash}): build it again.`, undefined);
  }
  return content;
}

/** `workersMessage` → `workers/message`. */
function annotationName(name: string): string {
  return snakeCase(name).replace("workers_", "workers/");
}

/** `json` and `keyJwk` are JSON texts in the SDK and JSON values in the API. */
function bindingToApi(binding: Properties): unknown {
  const { json, keyJwk, ...rest } = binding;
  return {
    ...(renameKeys(compact(rest), snakeCase, { keyBase64: "key_base64" }) as Properties),
    ...(json !== undefined && { json: JSON.parse(String(json)) as unknown }),
    ...(keyJwk !== undefined && { key_jwk: JSON.parse(String(keyJwk)) as unknown }),
  };
}

/**
 * Migrations are steps from one tag to the next: those that the script already has must not be sent again (the API
 * answers 10079), so an update that keeps the tag sends none.
 */
function pendingMigrations(inputs: Properties, state: Properties): unknown {
  const wanted = inputs.migrations as Properties | undefined;
  const before = state.migrations as Properties | undefined;
  if (wanted === undefined || (before !== undefined && wanted.newTag === before.newTag)) return undefined;
  return wanted.oldTag === undefined && before?.newTag !== undefined ? { ...wanted, oldTag: before.newTag } : wanted;
}

function outputsOf(script: Script): Properties {
  const known: (keyof Script)[] = [
    "etag",
    "handlers",
    "has_assets",
    "has_modules",
    "created_on",
    "modified_on",
    "startup_time_ms",
    "migration_tag",
    "last_deployed_from",
    "compatibility_date",
    "compatibility_flags",
    "logpush",
    "usage_model",
  ];
  const told = known.filter((key) => script[key] !== undefined && script[key] !== null);
  return Object.fromEntries(told.map((key) => [camelCase(key), script[key]]));
}

/** https://developers.cloudflare.com/api/resources/workers/subresources/scripts/subresources/subdomain/ */
export const workersScriptSubdomain: ResourceType = {
  inputs: {
    accountId: { required: true, replaces: true },
    scriptName: { required: true, replaces: true },
    enabled: { required: true },
    previewsEnabled: { default: false },
  },
  outputs: [],
  importId: workersScript.importId,
  async create(inputs, context) {
    return { id: String(inputs.scriptName), outputs: await setSubdomain(inputs, context) };
  },
  async read(id, { accountId }, context) {
    const found = await orGone(
      cloudflareApi(context).get<Subdomain>(path`/accounts/${accountId}/workers/scripts/${id}/subdomain`),
    );
    if (!found) return undefined;
    const { enabled, previews_enabled: previewsEnabled } = found;
    return { id, outputs: { accountId, scriptName: id, enabled, previewsEnabled: previewsEnabled ?? false } };
  },
  update: (_id, inputs, _state, context) => setSubdomain(inputs, context),
  async delete(id, { accountId }, context) {
    await cloudflareApi(context).delete(path`/accounts/${accountId}/workers/scripts/${id}/subdomain`);
  },
  lookup: (inputs, context) => workersScript.lookup?.(inputs, context) ?? Promise.resolve(undefined),
};

interface Subdomain {
  enabled: boolean;
  previews_enabled?: boolean;
}

async function setSubdomain(inputs: Properties, context: OperationContext): Promise<Properties> {
  const where = path`/accounts/${inputs.accountId}/workers/scripts/${inputs.scriptName}/subdomain`;
  await cloudflareApi(context).post(where, { enabled: inputs.enabled, previews_enabled: inputs.previewsEnabled });
  return {};
}

/** https://developers.cloudflare.com/api/resources/workers/subresources/scripts/subresources/schedules/ */
export const workersCronTrigger: ResourceType = {
  inputs: {
    accountId: { required: true, replaces: true },
    scriptName: { required: true, replaces: true },
    schedules: { required: true, same: (wanted, actual) => sameCrons(wanted, actual) },
  },
  outputs: [],
  importId: workersScript.importId,
  async create(inputs, context) {
    return { id: String(inputs.scriptName), outputs: await setSchedules(inputs, inputs.schedules, context) };
  },
  async read(id, { accountId }, context) {
    const found = await orGone(
      cloudflareApi(context).get<{ schedules: Properties[] }>(schedulesPath({ accountId, scriptName: id })),
    );
    if (!found || found.schedules.length === 0) return undefined;
    return { id, outputs: { accountId, scriptName: id, schedules: schedulesOf(found) } };
  },
  update: (_id, inputs, _state, context) => setSchedules(inputs, inputs.schedules, context),
  async delete(id, { accountId }, context) {
    await orGone(setSchedules({ accountId, scriptName: id }, [], context));
  },
  async lookup(inputs, context) {
    const found = await orGone(cloudflareApi(context).get<{ schedules: unknown[] }>(schedulesPath(inputs)));
    return found && found.schedules.length > 0 ? `${inputs.accountId}/${inputs.scriptName}` : undefined;
  },
};

function schedulesPath({ accountId, scriptName }: Properties): string {
  return path`/accounts/${accountId}/workers/scripts/${scriptName}/schedules`;
}

async function setSchedules(inputs: Properties, schedules: unknown, context: OperationContext): Promise<Properties> {
  const crons = (schedules as { cron: string }[]).map(({ cron }) => ({ cron }));
  const answer = await cloudflareApi(context).put<{ schedules: Properties[] }>(schedulesPath(inputs), crons);
  return { schedules: schedulesOf(answer) };
}

function schedulesOf(answer: { schedules: Properties[] }): unknown {
  return renameKeys(answer.schedules, camelCase);
}

/** A schedule is its expression; the API adds when it was made, and gives them in any order. */
function sameCrons(wanted: unknown, actual: unknown): boolean {
  const crons = (list: unknown) => (Array.isArray(list) ? list.map((item: Properties) => item.cron).sort() : []);
  return JSON.stringify(crons(wanted)) === JSON.stringify(crons(actual));
}
