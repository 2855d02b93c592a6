import { Secret } from "@pulumi/policy";
import { fields, type Inspected, list, types } from "./resource.ts";

/**
 * Names of what nobody else should read: `GITHUB_CLIENT_SECRET`, `tunnelSecret`, `RABBITMQ_DEFAULT_PASS`, `PGPASSWORD`, `DB_PWD`,
 * `OPENAI_APIKEY`, `SLACK_WEBHOOK_URL`.
 */
const SECRET_NAME =
  /(secrets?|passw(or)?d|passphrase|credentials?|token|_(pass|pwd)|([a-z\d]_|(api|access|auth|encryption|master|private|signing)_?)keys?|accesskeyid|[a-z\d]_?webhook(_?url)?)$/i;
/** Names that look like it, of what everybody may know. N8N_WEBHOOK_URL is the base of n8n's own. */
const NO_SECRET = /(public_?keys?|no_password|^n8n_webhook_url)$/i;
/** A password in a URL, or, in one of the web, whatever is in the place of a user's name: a token. */
const USER_INFO = /:\/\/[^/\s:@"']*:[^/\s@"']+@|\bhttps?:\/\/[^/?#\s@"']+@/i;
/** `NAME=value`, `--name=value` and `--name value` in a command; not a value that the container's shell puts there. */
const ASSIGNED = /(?:([a-z][\w-]*)=|--([\w-]+) )["']?[^\s"'$-]/gi;

/** @param name as in `DB_PASSWORD`, `apiKey` or `--api-key` */
const isSecretName = (name: string) => {
  const words = name.replace(/[-.]/g, "_");
  return SECRET_NAME.test(words) && !NO_SECRET.test(words);
};

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
  if (type === types.script || type === types.scriptVersion)
    return list(props.bindings).flatMap((each, at) => bindingProblem(fields(each), secrets, at));
  if (type === types.container) return containerProblems(props, secrets);
  const named = namedSecrets(props).filter((path) => !isHidden(secrets, ...path));
  if (type === types.droplet && props.userData !== undefined && !isHidden(secrets, "userData"))
    named.push(["userData"]);
  return named.map((path) => `Its ${path.join(".")} is not marked as secret. Make it with pulumi.secret(…).`);
}

/** What of a container is in clear for everybody who may look at it, or at the state. */
function containerProblems(props: Record<string, unknown>, secrets: SecretPaths): string[] {
  const advice = "is not marked as secret. Make its value with pulumi.secret(…).";
  const isOpen = (name: string, value: string) => isSecretName(name) || USER_INFO.test(value);
  const envs = list(props.envs).flatMap((each, at) => {
    const [name, value] = typeof each === "string" ? split(each) : ["", ""];
    return isOpen(name, value) && !isHidden(secrets, "envs", at) ? `Its variable ${name} ${advice}` : [];
  });
  const labels = list(props.labels).flatMap((each, at) => {
    const { label, value } = fields(each);
    if (typeof label !== "string" || typeof value !== "string" || isHidden(secrets, "labels", at, "value")) return [];
    return isOpen(label, value) ? `Its label ${label} ${advice}` : [];
  });
  const commands = ["command", "entrypoints"].flatMap((key) => {
    const open = list(props[key]).map((each, at) =>
      typeof each !== "string" || isHidden(secrets, key, at) ? "$" : each,
    );
    return secretsIn(open.join(" ")).map(
      (what) =>
        `${what} in its ${key} is not marked as secret. Everybody who may look at the container reads it: make it a variable, with pulumi.secret(…).`,
    );
  });
  const uploads = list(props.uploads).flatMap((each, at) => {
    const upload = fields(each);
    const key = ["content", "contentBase64"].find((key) => typeof upload[key] === "string" && upload[key] !== "");
    if (key === undefined || isHidden(secrets, "uploads", at, key)) return [];
    return `Its upload ${String(upload.file)} ${advice}`;
  });
  return [...envs, ...labels, ...commands, ...uploads];
}

/** What in a command looks like a secret. */
function secretsIn(command: string): string[] {
  const names = [...command.matchAll(ASSIGNED)].map(([, variable, option]) => variable ?? option ?? "");
  return [...names.filter(isSecretName), ...(USER_INFO.test(command) ? ["A URL with a password"] : [])];
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
  if (isSecretName(name)) return [`Its binding ${name} looks like a secret and is ${binding.type}. ${move}`];
  const field = binding.type === "json" ? "json" : "text";
  if (secrets.has(`bindings/${at}/${field}`))
    return [`Its binding ${name} holds a secret and is ${binding.type}. ${move}`];
  const value = String(binding[field]);
  if (USER_INFO.test(value)) return [`Its binding ${name} holds a URL with a password or token. ${move}`];
  return namedSecrets(fromJson(value)).map(
    (path) => `${path.join(".")} in its binding ${name} looks like a secret. ${move}`,
  );
}

/** Paths of texts below a name that looks like a secret's; and of a Slack webhook, which lets everybody write. */
function namedSecrets(value: unknown, path: (string | number)[] = []): (string | number)[][] {
  if (typeof value === "string") {
    const name = path.filter((part) => typeof part === "string").at(-1) ?? "";
    const isHook = name === "url" && path.includes("slacks");
    return value !== "" && (isHook || isSecretName(name) || USER_INFO.test(value)) ? [path] : [];
  }
  if (Array.isArray(value)) return value.flatMap((each, at) => namedSecrets(each, [...path, at]));
  return Object.entries(fields(value)).flatMap(([key, each]) => namedSecrets(each, [...path, key]));
}

function split(env: string): [name: string, value: string] {
  const at = env.indexOf("=");
  return at < 0 ? [env, ""] : [env.slice(0, at), env.slice(at + 1)];
}

function fromJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
