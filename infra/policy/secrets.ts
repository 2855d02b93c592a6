import { Secret } from "@pulumi/policy";
import { fields, type Inspected, list, types } from "./resource.ts";

/** Names of what nobody else should read: `GITHUB_CLIENT_SECRET`, `tunnelSecret`, `RABBITMQ_DEFAULT_PASS`, `PGPASSWORD`. */
const SECRET_NAME =
  /(secret|passw(or)?d|passphrase|credentials?|private_?key|secrets|token|_pass|[a-z]_keys?|accesskeyid)$/i;
/** A user name and a password in a URL. */
const USER_INFO = /:\/\/[^/\s:@]*:[^/\s@]+@/;

/** Paths of the inputs that are marked as secret, e.g. `envs/2`. */
export type SecretPaths = ReadonlySet<string>;

/** @param raw inputs in which secrets are `Secret`s */
export function secretPaths(raw: unknown): Set<string> {
  const found = new Set<string>();
  const walk = (value: unknown, path: string[]) => {
    if (value instanceof Secret) {
      found.add(path.join("/"));
    } else if (typeof value === "object" && value !== null) {
      for (const [key, each] of Object.entries(value)) walk(each, [...path, key]);
    }
  };
  walk(raw, []);
  return found;
}

/** What of a resource's inputs ought to be secret and is not: it would be in clear in the state, in previews and in logs. */
export function openSecrets({ type, props }: Inspected, secrets: SecretPaths): string[] {
  if (type === types.script)
    return list(props.bindings).flatMap((each, at) => bindingProblem(fields(each), secrets, at));
  if (type === types.container) {
    return list(props.envs).flatMap((each, at) => {
      const [name = "", value = ""] = typeof each === "string" ? split(each) : [];
      if (isHidden(secrets, "envs", at) || (!SECRET_NAME.test(name) && !USER_INFO.test(value))) return [];
      return `Its variable ${name} is not marked as secret. Make its value with pulumi.secret(…).`;
    });
  }
  const named = namedSecrets(props).filter((path) => !isHidden(secrets, ...path));
  if (type === types.droplet && props.userData !== undefined && !isHidden(secrets, "userData"))
    named.push(["userData"]);
  return named.map((path) => `Its ${path.join(".")} is not marked as secret. Make it with pulumi.secret(…).`);
}

/**
 * Whether the value at a path is secret, by itself or as a part of something that is: of a list with a secret in it, some
 * providers have the engine keep the whole as one.
 */
function isHidden(secrets: SecretPaths, ...path: (string | number)[]): boolean {
  return path.some((_, at) => secrets.has(path.slice(0, at + 1).join("/")));
}

function bindingProblem(binding: Record<string, unknown>, secrets: SecretPaths, at: number): string[] {
  const name = String(binding.name);
  if (binding.type === "secret_text") {
    if (isHidden(secrets, "bindings", at, "text")) return [];
    return [
      `The value of its binding ${name} is not marked as secret. Make it with pulumi.secret(…), as infra/edge/worker.ts does.`,
    ];
  }
  const move = "Everybody who may look at the Worker reads it: put it under `secrets` of the Worker, as secret_text.";
  if (binding.type !== "plain_text" && binding.type !== "json") return [];
  if (SECRET_NAME.test(name)) return [`Its binding ${name} looks like a secret and is ${binding.type}. ${move}`];
  const field = binding.type === "json" ? "json" : "text";
  if (secrets.has(`bindings/${at}/${field}`))
    return [`Its binding ${name} holds a secret and is ${binding.type}. ${move}`];
  return USER_INFO.test(String(binding[field])) ? [`Its binding ${name} holds a URL with a password. ${move}`] : [];
}

/** Paths of texts below a name that looks like a secret's; and of a Slack webhook, which lets everybody write. */
function namedSecrets(value: unknown, path: (string | number)[] = []): (string | number)[][] {
  if (typeof value === "string") {
    const name = path.filter((part) => typeof part === "string").at(-1) ?? "";
    const isHook = name === "url" && path.includes("slacks");
    return value !== "" && (isHook || SECRET_NAME.test(name)) ? [path] : [];
  }
  if (Array.isArray(value)) return value.flatMap((each, at) => namedSecrets(each, [...path, at]));
  return Object.entries(fields(value)).flatMap(([key, each]) => namedSecrets(each, [...path, key]));
}

function split(env: string): [name: string, value: string] {
  const at = env.indexOf("=");
  return at < 0 ? [env, ""] : [env.slice(0, at), env.slice(at + 1)];
}
