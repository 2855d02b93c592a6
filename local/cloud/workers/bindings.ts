import type { WorkerOptions } from "miniflare";
import { type ScriptBinding, ScriptStartError } from "../contracts.ts";
import { rawBinding } from "./binding-plugin.ts";

/** The name of the Worker that stands in front of the user's in each workerd; no script can have a dot in its name. */
export const FRONT = "local.front";

/** A class whose objects live in another workerd, reached through `address`. */
export interface RemoteClass {
  className: string;
  /** The script that owns the class. */
  script: string;
  address: string;
}

/** What a script's bindings need from the rest of the runtime. */
export interface BindingContext {
  script: string;
  versionId: string;
  /** `host:port` of the storage that KV and D1 bindings speak to. */
  storageAddress: string;
  /** Where calls to a script's live version go: `host:port`. */
  serviceAddress(script: string): Promise<string>;
  /** Where calls to a script's Durable Objects go: `host:port`. */
  objectsAddress(script: string): Promise<string>;
}

/** A script's bindings as Miniflare options, and the classes that its Durable Object bindings reach elsewhere. */
export interface RuntimeBindings {
  options: Pick<WorkerOptions, "bindings" | "serviceBindings" | "ratelimits" | "unsafeBindings">;
  remoteClasses: RemoteClass[];
  /** Binding name → the class, for `durable_object_namespace` bindings. */
  objectBindings: Map<string, { className: string; script: string }>;
}

const RUN_HERE =
  "plain_text, secret_text, json, kv_namespace, d1, service, durable_object_namespace, ratelimit, version_metadata";

/**
 * Translates `metadata.bindings` of an upload (Cloudflare API, "Upload Worker Module", bindings).
 * @throws {ScriptStartError} for a binding kind that is not run here, or one that lacks a field.
 */
export async function runtimeBindings(list: ScriptBinding[], context: BindingContext): Promise<RuntimeBindings> {
  const values: NonNullable<WorkerOptions["bindings"]> = {};
  const services: NonNullable<WorkerOptions["serviceBindings"]> = {};
  const ratelimits: NonNullable<WorkerOptions["ratelimits"]> = {};
  const raw: NonNullable<WorkerOptions["unsafeBindings"]> = [];
  const remoteClasses = new Map<string, RemoteClass>();
  const objectBindings: RuntimeBindings["objectBindings"] = new Map();

  for (const binding of list) {
    const { type, name } = binding;
    switch (type) {
      case "plain_text":
      case "secret_text":
        values[name] = field(binding, "text");
        break;
      case "json":
        values[name] = jsonValue(binding.json);
        break;
      case "version_metadata":
        values[name] = { id: context.versionId, tag: "", timestamp: new Date().toISOString() };
        break;
      case "kv_namespace":
        raw.push(storageBinding(name, "kv", field(binding, "namespace_id"), context.storageAddress));
        break;
      case "d1":
        raw.push(storageBinding(name, "d1", field(binding, "id", "database_id"), context.storageAddress));
        break;
      case "service": {
        const target = field(binding, "service");
        const entrypoint = typeof binding.entrypoint === "string" ? binding.entrypoint : undefined;
        const address = await context.serviceAddress(target);
        const props = { address, service: `core:user:${target}`, entrypoint };
        services[name] = { name: FRONT, entrypoint: "ServiceLink", props };
        break;
      }
      case "durable_object_namespace": {
        const className = field(binding, "class_name");
        const script = typeof binding.script_name === "string" ? binding.script_name : context.script;
        objectBindings.set(name, { className, script });
        const key = linkClassName(script, className);
        if (!remoteClasses.has(key)) {
          remoteClasses.set(key, { className, script, address: await context.objectsAddress(script) });
        }
        break;
      }
      case "ratelimit":
        ratelimits[name] = ratelimit(binding);
        break;
      default:
        throw new ScriptStartError(
          `Binding "${name}" is of the kind "${type}", which the local cloud does not run. It runs: ${RUN_HERE}.`,
        );
    }
  }
  return {
    options: { bindings: values, serviceBindings: services, ratelimits, unsafeBindings: raw },
    remoteClasses: [...remoteClasses.values()],
    objectBindings,
  };
}

/** The name under which the front Worker exports the class that stands for a remote one. */
export function linkClassName(script: string, className: string): string {
  return `ObjectLink_${script.replaceAll("-", "$")}_${className}`;
}

/** The storage key of a Durable Object class; part of each object's id, so it must stay. */
export function objectKey(script: string, className: string): string {
  return `${script}-${className}`;
}

function field(binding: ScriptBinding, ...names: string[]): string {
  const value = names.map((name) => binding[name]).find((each) => typeof each === "string");
  if (typeof value === "string") return value;
  throw new ScriptStartError(`Binding "${binding.name}" of the kind "${binding.type}" needs "${names[0]}".`);
}

type Json = NonNullable<WorkerOptions["bindings"]>[string];

function jsonValue(value: unknown): Json {
  // The API takes the value itself; older clients send its JSON text.
  if (typeof value !== "string") return value as Json;
  try {
    return JSON.parse(value) as Json;
  } catch {
    return value;
  }
}

function ratelimit(binding: ScriptBinding) {
  const { limit, period } = (binding.simple ?? {}) as { limit?: unknown; period?: unknown };
  if (typeof limit !== "number" || (period !== 10 && period !== 60)) {
    throw new ScriptStartError(`Binding "${binding.name}" needs simple.limit (a number) and simple.period (10 or 60).`);
  }
  return { namespace_id: field(binding, "namespace_id"), simple: { limit, period: period as 10 | 60 } };
}

/** KV and D1 bindings speak HTTP; the service behind them is the storage's socket, with what to open in headers. */
function storageBinding(name: string, kind: "kv" | "d1", id: string, address: string) {
  const service = { name: `storage:${kind}:${id}` };
  const injectRequestHeaders = [
    { name: "local-cloud-storage", value: kind },
    { name: "local-cloud-storage-id", value: id },
  ];
  const binding =
    kind === "kv"
      ? { kvNamespace: service }
      : { wrapped: { moduleName: "cloudflare-internal:d1-api", innerBindings: [{ name: "fetcher", service }] } };
  return rawBinding(name, {
    binding,
    services: [{ ...service, external: { address, http: { injectRequestHeaders } } }],
  });
}
