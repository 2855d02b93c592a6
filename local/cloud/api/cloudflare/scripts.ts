import { createHash } from "node:crypto";
import { type Context, Hono } from "hono";
import { type ScriptBinding, type ScriptModule, ScriptStartError, type ScriptVersion } from "../../contracts.ts";
import { checkBindings, describeBinding, forRuntime, resolveBindings } from "./bindings.ts";
import { type Fields, isFields, readFields, readJson, without } from "./body.ts";
import type { CloudflareContext } from "./context.ts";
import { ApiError, success } from "./envelope.ts";
import { hexId, now, uuid } from "./identifiers.ts";
import { applyMigrations, refuseBoundDeletion } from "./migrations.ts";
import type { Script, VersionSummary } from "./records.ts";
import {
  describeDeployment,
  describeScript,
  describeScriptSettings,
  describeSettings,
  describeUpload,
  describeVersion,
  describeVersionResources,
  detectHandlers,
} from "./script-description.ts";
import { mainModuleOf, readScriptUpload, readSettings, writeModules } from "./script-upload.ts";
import { serializer } from "./serializer.ts";

/** Versions that the API lists before it forgets them. */
const versionsKept = 10;
/** Metadata that says how to upload and is not kept. */
const uploadOnly = ["bindings", "migrations", "keep_bindings", "main_module", "body_part"];
const scriptSettings = ["logpush", "observability", "tags", "tail_consumers"];
const secretTypes = ["secret_text", "secret_key"];

/** What makes a new version of a script. */
interface NewVersion {
  metadata: Fields;
  bindings: ScriptBinding[];
  mainModule: string;
  modules: ScriptModule[];
  migrations?: unknown;
  triggeredBy: string;
}

/** `/accounts/{account_id}/workers/scripts` (Cloudflare API, Workers scripts). */
export function scriptRoutes(context: CloudflareContext): Hono {
  const { scripts, routes, runtime, store } = context;
  // Two uploads of one script must go live in the order in which they are stored.
  const oneAtATime = serializer();

  const script = (c: Context): Script => {
    const found = scripts.get(c.req.param("script_name") ?? "");
    if (!found) throw notFound();
    return found;
  };
  const name = (c: Context): string => c.req.param("script_name") ?? "";
  const collect = () => store.collectBlobs(scripts.list().flatMap((one) => one.modules.map(({ blob }) => blob)));

  /** Starts the version in the runtime; if that works, it is stored as the live one. */
  const deploy = async (scriptName: string, next: NewVersion): Promise<{ script: Script; startupMs: number }> => {
    const before = scripts.get(scriptName);
    const { modules, mainModule, bindings } = next;
    const state = applyMigrations(next.migrations, before);
    refuseBoundDeletion(before, state, bindings);
    checkBindings(bindings, scriptName, state.classes, context);
    const draft: Script = {
      id: scriptName,
      tag: before?.tag ?? hexId(),
      created_on: before?.created_on ?? now(),
      modified_on: now(),
      etag: etagOf(modules),
      mainModule,
      modules: [],
      handlers: detectHandlers(modules.find((one) => one.name === mainModule)?.contents ?? new Uint8Array()),
      metadata: without(next.metadata, ...uploadOnly),
      bindings,
      ...state,
      versions: [],
      schedules: before?.schedules ?? [],
      subdomain: before?.subdomain ?? { enabled: false, previews_enabled: false },
    };
    const version = summarize(draft, (before?.versions[0]?.number ?? 0) + 1, next);
    const startedAt = performance.now();
    try {
      await runtime.deploy(toVersion({ ...draft, versions: [version] }, modules));
    } catch (error) {
      if (error instanceof ScriptStartError) throw new ApiError(400, 10021, error.message);
      throw error;
    }
    const startupMs = Math.round(performance.now() - startedAt);
    const stored = [];
    for (const { name, contentType, contents } of modules) {
      stored.push({ name, contentType, blob: await store.putBlob(contents) });
    }
    // Read again: schedules and the workers.dev setting may have changed while the version started.
    const { schedules, subdomain } = scripts.get(scriptName) ?? draft;
    const versions = [version, ...(before?.versions ?? [])].slice(0, versionsKept);
    const saved = scripts.put({ ...draft, schedules, subdomain, modules: stored, versions });
    await store.flush();
    await collect();
    return { script: saved, startupMs };
  };
  /** The live version with something changed, as a new version. */
  const redeploy = async (before: Script, triggeredBy: string, change: Partial<NewVersion>): Promise<Script> => {
    const modules = await readModules(context, before);
    const { metadata, bindings, mainModule } = before;
    return (await deploy(before.id, { metadata, bindings, mainModule, modules, triggeredBy, ...change })).script;
  };
  const changeSecrets = async (c: Context, change: (bindings: ScriptBinding[]) => ScriptBinding[]): Promise<Script> =>
    oneAtATime(name(c), () => {
      const before = script(c);
      return redeploy(before, "secret", { bindings: change(before.bindings) });
    });
  const content = async (c: Context): Promise<Response> => {
    const found = script(c);
    return writeModules(found.mainModule, await readModules(context, found));
  };

  return new Hono()
    .get("/", (c) => success(c, scripts.list().map(describeScript)))
    .put("/:script_name", async (c) => {
      const scriptName = checkName(name(c));
      const upload = await readScriptUpload(c);
      const mainModule = mainModuleOf(upload);
      const deployed = await oneAtATime(scriptName, () => {
        const before = scripts.get(scriptName);
        const { bindings, keep_bindings, migrations } = upload.metadata;
        return deploy(scriptName, {
          metadata: upload.metadata,
          bindings: resolveBindings(bindings, keep_bindings, before),
          mainModule,
          modules: upload.modules,
          migrations,
          triggeredBy: "upload",
        });
      });
      return success(c, describeUpload(deployed.script, deployed.startupMs));
    })
    .get("/:script_name", content)
    .delete("/:script_name", async (c) =>
      oneAtATime(name(c), async () => {
        const { id, tag } = script(c);
        if (c.req.query("force") !== "true")
          refuseReferenced(
            id,
            scripts.list((other) => other.id !== id),
          );
        runtime.schedule(id, []);
        await runtime.remove(id);
        scripts.delete(id);
        for (const route of routes.list((one) => one.script === id)) routes.delete(route.id);
        await store.flush();
        await collect();
        return success(c, { id: tag });
      }),
    )
    .get("/:script_name/content", content)
    .get("/:script_name/content/v2", content)
    .put("/:script_name/content", async (c) => {
      const upload = await readScriptUpload(c);
      const mainModule = mainModuleOf(upload);
      const saved = await oneAtATime(name(c), () =>
        redeploy(script(c), "upload", { mainModule, modules: upload.modules }),
      );
      return success(c, describeScript(saved));
    })
    .get("/:script_name/settings", (c) => success(c, describeSettings(script(c))))
    .patch("/:script_name/settings", async (c) => {
      const settings = await readSettings(c);
      const saved = await oneAtATime(name(c), () => {
        const before = script(c);
        const bindings =
          settings.bindings === undefined
            ? before.bindings
            : resolveBindings(settings.bindings, settings.keep_bindings, before);
        const metadata = { ...before.metadata, ...without(settings, ...uploadOnly) };
        return redeploy(before, "settings", { metadata, bindings, migrations: settings.migrations });
      });
      return success(c, describeSettings(saved));
    })
    .get("/:script_name/script-settings", (c) => success(c, describeScriptSettings(script(c))))
    .patch("/:script_name/script-settings", async (c) => {
      const changes = Object.entries(await readFields(c)).filter(([field]) => scriptSettings.includes(field));
      const before = script(c);
      const metadata = { ...before.metadata, ...Object.fromEntries(changes) };
      return success(c, describeScriptSettings(scripts.put({ ...before, metadata })));
    })
    .get("/:script_name/subdomain", (c) => success(c, script(c).subdomain))
    .post("/:script_name/subdomain", async (c) => {
      const { enabled, previews_enabled = enabled } = await readFields(c);
      if (typeof enabled !== "boolean" || typeof previews_enabled !== "boolean") {
        throw new ApiError(400, 10026, "enabled and previews_enabled must be true or false.");
      }
      return success(c, scripts.put({ ...script(c), subdomain: { enabled, previews_enabled } }).subdomain);
    })
    .delete("/:script_name/subdomain", (c) => {
      const subdomain = { enabled: false, previews_enabled: false };
      return success(c, scripts.put({ ...script(c), subdomain }).subdomain);
    })
    .get("/:script_name/schedules", (c) => success(c, { schedules: script(c).schedules }))
    .put("/:script_name/schedules", async (c) => {
      const crons = readCrons(await readJson(c));
      const before = script(c);
      const schedules = crons.map((cron) => ({
        cron,
        created_on: before.schedules.find((one) => one.cron === cron)?.created_on ?? now(),
        modified_on: now(),
      }));
      scripts.put({ ...before, schedules });
      runtime.schedule(before.id, crons);
      return success(c, { schedules });
    })
    .get("/:script_name/secrets", (c) => success(c, secretsOf(script(c))))
    .put("/:script_name/secrets", async (c) => {
      const body = await readFields(c);
      if (
        typeof body.name !== "string" ||
        body.name === "" ||
        !secretTypes.includes(String(body.type ?? "secret_text"))
      ) {
        throw new ApiError(400, 10052, `A secret needs a name, and a type that is one of ${secretTypes.join(", ")}.`);
      }
      const secret = { type: "secret_text", ...body } as ScriptBinding;
      const saved = await changeSecrets(c, (bindings) => [
        ...bindings.filter((one) => one.name !== secret.name),
        secret,
      ]);
      return success(
        c,
        secretsOf(saved).find((one) => one.name === secret.name),
      );
    })
    .get("/:script_name/secrets/:secret_name", (c) => success(c, findSecret(script(c), c.req.param("secret_name"))))
    .delete("/:script_name/secrets/:secret_name", async (c) => {
      findSecret(script(c), c.req.param("secret_name"));
      await changeSecrets(c, (bindings) => bindings.filter((one) => one.name !== c.req.param("secret_name")));
      return success(c, null);
    })
    .get("/:script_name/versions", (c) => listed(c, "items", script(c).versions.map(describeVersion)))
    .get("/:script_name/versions/:version_id", (c) => {
      const found = script(c);
      const version = found.versions.find((one) => one.id === c.req.param("version_id"));
      if (!version) throw new ApiError(404, 100146, "This version does not exist.");
      return success(c, describeVersionResources(found, version));
    })
    .get("/:script_name/deployments", (c) => listed(c, "deployments", script(c).versions.map(describeDeployment)))
    .get("/:script_name/deployments/:deployment_id", (c) => {
      const found = script(c).versions.find((one) => one.deployment_id === c.req.param("deployment_id"));
      if (!found) throw new ApiError(404, 10336, "This deployment does not exist.");
      return success(c, describeDeployment(found));
    });
}

/** A Worker that is not there; every endpoint about a script answers this. */
export function notFound(): ApiError {
  return new ApiError(404, 10007, "This Worker does not exist on your account.");
}

/** The stored script as the runtime takes it. */
export function toVersion(script: Script, modules: ScriptModule[]): ScriptVersion {
  const { compatibility_date, compatibility_flags } = script.metadata;
  return {
    name: script.id,
    versionId: script.versions[0]?.id ?? "",
    mainModule: script.mainModule,
    modules,
    compatibilityDate: typeof compatibility_date === "string" ? compatibility_date : "",
    compatibilityFlags: Array.isArray(compatibility_flags) ? compatibility_flags.map(String) : [],
    bindings: script.bindings.map(forRuntime),
    durableObjectClasses: script.classes.filter(({ sqlite }) => sqlite).map((one) => one.name),
  };
}

/** The contents of the stored modules. @throws {StoreError} if one is missing or damaged */
export async function readModules({ store }: CloudflareContext, script: Script): Promise<ScriptModule[]> {
  return Promise.all(
    script.modules.map(async ({ name, contentType, blob }) => ({
      name,
      contentType,
      contents: await store.blob(blob),
    })),
  );
}

/** Script names are DNS labels once they are on workers.dev. */
function checkName(name: string): string {
  if (!/^[a-z0-9_][a-z0-9_-]{0,254}$/.test(name)) {
    const rule =
      "Ensure the name is lowercase, begins with an alphanumeric character, and contains only alphanumeric characters, underscores and hyphens";
    throw new ApiError(400, 10016, `Invalid Worker name. ${rule}.`);
  }
  return name;
}

function summarize(script: Script, number: number, { triggeredBy, metadata }: NewVersion): VersionSummary {
  const { compatibilityDate, compatibilityFlags } = toVersion(script, []);
  return {
    id: uuid(),
    number,
    created_on: now(),
    deployment_id: uuid(),
    annotations: isFields(metadata.annotations) ? metadata.annotations : {},
    triggered_by: triggeredBy,
    bindings: script.bindings.map((binding) => describeBinding(binding, script.classes)),
    compatibility_date: compatibilityDate,
    compatibility_flags: compatibilityFlags,
  };
}

function etagOf(modules: ScriptModule[]): string {
  const hash = createHash("sha256");
  for (const { name, contentType, contents } of modules) {
    hash.update(JSON.stringify([name, contentType, contents.length])).update(contents);
  }
  return hash.digest("hex");
}

/** A deletion without `force` stops at a binding of another script. */
function refuseReferenced(name: string, others: Script[]): void {
  const referencing = others.filter(({ bindings }) =>
    bindings.some((one) => (one.type === "service" && one.service === name) || one.script_name === name),
  );
  if (referencing.length === 0) return;
  const names = referencing.map(({ id }) => id).join(", ");
  throw new ApiError(
    400,
    10142,
    `This Worker is referenced by bindings of ${names}. Delete those first, or set force=true.`,
  );
}

/** Cron triggers come as a list of `{cron}`: five fields, or a few names (Workers docs, "Cron Triggers"). */
function readCrons(body: unknown): string[] {
  const entries = isFields(body) ? body.schedules : body;
  if (!Array.isArray(entries)) throw new ApiError(400, 10026, "The request body must be a list of schedules.");
  return entries.map((entry: unknown) => {
    const cron = isFields(entry) ? entry.cron : undefined;
    const fields = typeof cron === "string" ? cron.trim().split(/\s+/) : [];
    if (fields.length !== 5 || !fields.every((field) => /^[0-9A-Za-z*,/#?-]+$/.test(field))) {
      throw new ApiError(400, 10100, `Invalid cron expression '${String(cron)}'.`);
    }
    return fields.join(" ");
  });
}

function secretsOf(script: Script): Fields[] {
  return script.bindings
    .filter(({ type }) => secretTypes.includes(type))
    .map((binding) => describeBinding(binding, script.classes));
}

function findSecret(script: Script, name: string): Fields {
  const found = secretsOf(script).find((one) => one.name === name);
  if (!found) throw new ApiError(404, 10056, `Secret '${name}' not found.`);
  return found;
}

/** Versions and deployments are listed in an object, a page at a time. */
function listed(c: Context, field: string, entries: Fields[]): Response {
  const perPage = Math.min(Math.max(Number(c.req.query("per_page")) || versionsKept, 1), versionsKept);
  const number = Math.max(Number(c.req.query("page")) || 1, 1);
  const shown = entries.slice((number - 1) * perPage, number * perPage);
  return success(
    c,
    { [field]: shown },
    { page: number, per_page: perPage, count: shown.length, total_count: entries.length },
  );
}
