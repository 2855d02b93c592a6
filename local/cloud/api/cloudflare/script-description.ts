import { describeBinding } from "./bindings.ts";
import { type Fields, isFields } from "./body.ts";
import type { Script, VersionSummary } from "./records.ts";

/** Fields of the metadata that belong to the version, not to the script as the API lists it. */
const versionFields = ["compatibility_flags", "placement", "annotations", "limits", "keep_assets", "assets"];

/** A script as `GET /workers/scripts` lists it. */
export function describeScript(script: Script): Fields {
  const settings = Object.entries(script.metadata).filter(([field]) => !versionFields.includes(field));
  return {
    tags: null,
    tail_consumers: null,
    logpush: false,
    usage_model: "standard",
    ...Object.fromEntries(settings),
    id: script.id,
    tag: script.tag,
    etag: script.etag,
    handlers: script.handlers,
    has_assets: false,
    has_modules: true,
    created_on: script.created_on,
    modified_on: script.modified_on,
    last_deployed_from: "api",
    ...(script.migrationTag === undefined ? {} : { migration_tag: script.migrationTag }),
    ...(isFields(script.metadata.placement) ? { placement: script.metadata.placement } : {}),
  };
}

/** A script as its upload is answered. */
export function describeUpload(script: Script, startupMs: number): Fields {
  return {
    ...describeScript(script),
    entry_point: script.mainModule,
    deployment_id: script.versions[0]?.id.replaceAll("-", "") ?? "",
    startup_time_ms: startupMs,
  };
}

/** A script as `GET …/settings` tells it: what a version consists of, without secrets. */
export function describeSettings(script: Script): Fields {
  return {
    placement: {},
    compatibility_date: "",
    compatibility_flags: [],
    usage_model: "standard",
    tags: [],
    tail_consumers: [],
    logpush: false,
    ...script.metadata,
    annotations: { "workers/triggered_by": script.versions[0]?.triggered_by ?? "upload" },
    bindings: script.bindings.map((binding) => describeBinding(binding, script.classes)),
    ...(script.migrationTag === undefined ? {} : { migration_tag: script.migrationTag }),
  };
}

/** A script as `GET …/script-settings` tells it: what does not belong to a version. */
export function describeScriptSettings(script: Script): Fields {
  const { logpush = false, observability, tags = [], tail_consumers = [] } = script.metadata;
  return { logpush, tags, tail_consumers, ...(observability === undefined ? {} : { observability }) };
}

/** The service of which the script is the production environment, as the official Terraform plugin reads it. */
export function describeService(script: Script): Fields {
  const environment = {
    environment: "production",
    created_on: script.created_on,
    modified_on: script.modified_on,
    script: describeScript(script),
    script_tag: script.tag,
  };
  return {
    id: script.id,
    created_on: script.created_on,
    modified_on: script.modified_on,
    default_environment: environment,
    environments: [environment],
  };
}

export function describeVersion(version: VersionSummary): Fields {
  return {
    id: version.id,
    number: version.number,
    metadata: {
      created_on: version.created_on,
      modified_on: version.created_on,
      source: "api",
      author_id: "",
      author_email: "",
      hasPreview: false,
    },
    annotations: { ...version.annotations, "workers/triggered_by": version.triggered_by },
  };
}

export function describeVersionResources(script: Script, version: VersionSummary): Fields {
  const { compatibility_date, compatibility_flags, bindings } = version;
  return {
    ...describeVersion(version),
    resources: {
      bindings,
      script: { etag: script.etag, handlers: script.handlers, last_deployed_from: "api" },
      script_runtime: { compatibility_date, compatibility_flags, usage_model: "standard" },
    },
  };
}

export function describeDeployment(version: VersionSummary): Fields {
  return {
    id: version.deployment_id,
    created_on: version.created_on,
    source: "api",
    strategy: "percentage",
    author_email: "",
    annotations: { "workers/triggered_by": version.triggered_by },
    versions: [{ version_id: version.id, percentage: 100 }],
  };
}

/**
 * The names of the handlers that the main module seems to have. The API finds them by starting the script; here its text is
 * read, so that a name that occurs only as another object's method counts, too.
 */
export function detectHandlers(mainModule: Uint8Array): string[] {
  const source = new TextDecoder().decode(mainModule);
  return ["fetch", "scheduled", "queue", "email", "tail", "trace"].filter((name) =>
    new RegExp(`(^|[\\s{,])(async\\s+)?${name}\\s*(\\(|:)`).test(source),
  );
}
