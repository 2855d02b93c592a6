import {
  catalogue,
  connectScope,
  n8n as n8nEntry,
  type Placement,
  type ServiceName,
  serviceNames,
} from "@hybrid-mcp/catalogue";
import { connectionNames, DEFAULT_SIZE, placements, usesDroplet } from "./config-schema.ts";
import { MEMORY_MB, type Tenant, tooSmallForEngine } from "./droplet/memory.ts";

type Problem = [key: string, message: string];

/**
 * What values that are good each by itself make necessary elsewhere, or forbid there. Each relation is asked of the raw values
 * that it needs, so that it is told together with errors in other keys.
 *
 * @param raw the stack config as it is written
 * @returns the key that is wrong, and what is wrong about it
 */
export function problemsOf(raw: Record<string, unknown>): Problem[] {
  return [
    ...missing(raw).map(([key, message]): Problem => [key, `is missing; ${message}`]),
    ...contradictions(raw),
    ...unknownScopes(raw),
    ...unusedSecrets(raw),
    ...engineProblems(raw),
  ];
}

function missing(raw: Record<string, unknown>): Problem[] {
  const value = (...path: string[]) => valueIn(raw, path);
  const enabled = serviceNames.filter((name) => value("services", name, "enabled") !== false);
  const runsN8n = value("services", "n8n", "enabled") === true;
  const onDroplet = runsN8n || isEngineAskedFor(raw) || containersAskedFor(raw).length > 0;
  const found: Problem[] = [];
  const secret = (name: string) =>
    found.push([
      `clientSecrets.${name}`,
      `set it with: pulumi config set --secret --path hybrid-mcp:clientSecrets.${name} <secret>`,
    ]);
  const offered = value("auth", "providers");
  for (const provider of ["github", "google"]) {
    if (Array.isArray(offered) && offered.includes(provider)) {
      if (!value("auth", provider)) found.push([`auth.${provider}`, `auth.providers offers it; give its clientId`]);
      if (!value("clientSecrets", provider)) secret(provider);
    }
    if (value("auth", "connections", provider) && !value("clientSecrets", `${provider}Connection`)) {
      secret(`${provider}Connection`);
    }
  }
  if (enabled.includes("github") && !value("auth", "connections", "github") && !value("sharedConnections", "github")) {
    found.push([
      "auth.connections.github",
      "people connect their GitHub accounts with an OAuth app: give its clientId (or a token for all, in sharedConnections.github)",
    ]);
  }
  // What there has to be, for people to have a connection of each kind.
  const connectable: Record<(typeof connectionNames)[number], [has: unknown, key: string]> = {
    coda: [enabled.includes("coda"), "services.coda"],
    github: [value("auth", "connections", "github"), "auth.connections.github"],
    google: [value("auth", "connections", "google"), "auth.connections.google"],
    firecrawl: [enabled.includes("firecrawl"), "services.firecrawl"],
    n8n: [value("services", "n8n", "upstreamUrl") || value("services", "n8n", "enabled") === true, "services.n8n"],
  };
  for (const server of list(value("gateway", "servers"))) {
    const { name, auth } = fields(server);
    const { kind, of } = fields(auth);
    if (kind === "header" && typeof name === "string" && !Object.hasOwn(fields(raw.serverSecrets), name)) {
      const set = `pulumi config set --secret --path hybrid-mcp:serverSecrets.${name} <value of the header>`;
      found.push([`serverSecrets.${name}`, `gateway.servers says that ${name} is let in with it; set it with: ${set}`]);
    }
    const needed = kind === "connection" ? connectionNames.find((each) => each === of) : undefined;
    if (!needed || connectable[needed][0]) continue;
    found.push([connectable[needed][1], `${name} of gateway.servers is called with people's connections to ${needed}`]);
  }
  if (value("services", "n8n", "adopt") && !value("n8nEncryptionKey")) {
    const set = "pulumi config set --secret hybrid-mcp:n8nEncryptionKey <key>";
    found.push([
      "n8nEncryptionKey",
      `an n8n that is adopted opens its credentials with the key in its /home/node/.n8n/config; set it with: ${set}`,
    ]);
  }
  const inS3 = runsN8n && String(value("backup", "repository") ?? "").startsWith("s3:");
  for (const key of inS3 ? ["accessKeyId", "secretAccessKey"] : []) {
    if (value("backupSecrets", key)) continue;
    const set = `pulumi config set --secret --path hybrid-mcp:backupSecrets.${key} <key>`;
    found.push([`backupSecrets.${key}`, `backup.repository is S3 storage, which lets in with it; set it with: ${set}`]);
  }
  const dockerHost = value("droplet", "dockerHost");
  const adopted = value("droplet", "adopt");
  const overSsh = dockerHost === undefined || String(dockerHost).startsWith("ssh://");
  if (adopted && overSsh && !value("droplet", "adopt", "hostKey")) {
    found.push([
      "droplet.adopt.hostKey",
      "its Docker Engine is reached over SSH; it is what `cat /etc/ssh/ssh_host_ed25519_key.pub` says on the droplet",
    ]);
  }
  if (onDroplet && overSsh && !adopted) {
    const why = "a service is placed on the droplet, whose Docker Engine is reached over SSH";
    if (!value("droplet", "sshPublicKey")) found.push(["droplet.sshPublicKey", why]);
    if (!dockerHost && !(value("droplet", "sshAllow") as unknown[] | undefined)?.length) {
      found.push(["droplet.sshAllow", `${why}; name the addresses from which you deploy, e.g. [203.0.113.7/32]`]);
    }
  }
  return found;
}

/** Names of the services that have a container, by the raw values. */
function containersAskedFor(raw: Record<string, unknown>): ServiceName[] {
  const keepStandby = valueIn(raw, ["cutover", "keepStandby"]) === true;
  return serviceNames.filter((name) => {
    const { enabled, placement } = fields(fields(raw.services)[name]);
    const config = { enabled: enabled !== false, placement: (placement ?? placements(name)[0]) as Placement };
    return usesDroplet(config, keepStandby);
  });
}

/** Whether there shall be a Firecrawl engine on the droplet, by the raw values. */
function isEngineAskedFor(raw: Record<string, unknown>): boolean {
  const { enabled, engine } = fields(fields(raw.services).firecrawl);
  return enabled !== false && engine === "self-hosted";
}

/** What does not go together with a Firecrawl engine of one's own. */
function engineProblems(raw: Record<string, unknown>): Problem[] {
  if (!isEngineAskedFor(raw)) return [];
  const found: Problem[] = [];
  const own = "services.firecrawl.engine: self-hosted";
  for (const key of ["upstreamUrl", "dropletUpstreamUrl"]) {
    if (valueIn(raw, ["services", "firecrawl", key]) === undefined) continue;
    found.push([`services.firecrawl.${key}`, `is not allowed beside ${own}, which says where the engine is`]);
  }
  if (valueIn(raw, ["sharedConnections", "firecrawl"]) !== undefined) {
    const remove = "pulumi config rm --path hybrid-mcp:sharedConnections.firecrawl";
    found.push(["sharedConnections.firecrawl", `is not used with ${own}, which asks for no key; remove it: ${remove}`]);
  }
  for (const server of list(fields(raw.gateway).servers)) {
    const { name, auth } = fields(server);
    if (fields(auth).of !== "firecrawl") continue;
    found.push([
      "gateway.servers",
      `${name} is called with people's connections to firecrawl, and with ${own} there are none`,
    ]);
  }
  const { size, dockerHost, adopt } = fields(raw.droplet);
  // Of a machine that is there already nobody has said how large it is.
  if (dockerHost === undefined && adopt === undefined) {
    const asked = typeof size === "string" ? size : DEFAULT_SIZE;
    const problem = tooSmallForEngine(asked, tenants(raw));
    if (problem) found.push(["droplet.size", `${JSON.stringify(asked)} ${problem}`]);
  }
  return found;
}

/** What runs on the droplet besides an engine, by the raw values: a service's new container starts beside the old one. */
function tenants(raw: Record<string, unknown>): Tenant[] {
  const replicas = valueIn(raw, ["tunnel", "replicas"]);
  const connectors = typeof replicas === "number" ? replicas : 1;
  const services = containersAskedFor(raw).map((name) => ({ name, mb: MEMORY_MB.service }));
  const n8n = fields(fields(raw.services).n8n);
  const given = (memory: unknown, usual: number) => (typeof memory === "number" ? memory : usual);
  const n8nMb =
    given(n8n.memoryMb, MEMORY_MB.n8n) + given(n8n.databaseMemoryMb, MEMORY_MB.n8nPostgres) + MEMORY_MB.backup;
  return [
    { name: "the connector", mb: connectors * MEMORY_MB.connector },
    ...(n8n.enabled === true ? [{ name: "n8n with its database and backups", mb: n8nMb }] : []),
    ...services,
    ...(services.length > 0 ? [{ name: "a changed service beside its old one", mb: MEMORY_MB.service }] : []),
  ];
}

function contradictions(raw: Record<string, unknown>): Problem[] {
  const { adopt, storage } = fields(raw.droplet);
  if (!adopt || storage !== "volume") return [];
  const message = '"volume" is not allowed with droplet.adopt, on which nothing is mounted; allowed: engine';
  return [["droplet.storage", message]];
}

/** Secrets of servers that there are not: a name that was mistyped. */
function unusedSecrets(raw: Record<string, unknown>): Problem[] {
  const names = list(fields(raw.gateway).servers).map((server) => String(fields(server).name));
  return Object.keys(fields(raw.serverSecrets))
    .filter((name) => !names.includes(name))
    .map((name) => [`serverSecrets.${name}`, "no server of gateway.servers has this name"]);
}

/** Scopes in the policy that nobody can be given: neither a service of the catalogue nor a server of the config has them. */
function unknownScopes(raw: Record<string, unknown>): Problem[] {
  const added = list(fields(raw.gateway).servers).map((server) => ({
    name: String(fields(server).name),
    scopes: list(fields(server).scopes).map((scope) => String(fields(scope).name)),
  }));
  const ofCatalogue = Object.entries({ ...catalogue, n8n: n8nEntry }).map(([name, { scopes }]) => ({
    name,
    scopes: scopes.map((scope) => scope.name as string),
  }));
  const services = [...ofCatalogue, ...added];
  const known: string[] = [
    ...services.flatMap(({ name, scopes }) => [...scopes, connectScope(name), `${name}:*`]),
    // What can be connected and is no service here.
    ...(added.some(({ name }) => name === "google") ? [] : [connectScope("google")]),
  ];
  return list(fields(raw.auth).policy).flatMap((rule, at) =>
    list(fields(rule).scopes).flatMap((scope, index): Problem[] => {
      if (typeof scope !== "string" || known.includes(scope)) return [];
      const message = `${JSON.stringify(scope)} is not allowed; allowed: ${known.join(", ")}`;
      return [[`auth.policy.${at}.scopes.${index}`, message]];
    }),
  );
}

/** What is written at a place of a config; undefined: nothing. */
export function valueIn(raw: unknown, path: PropertyKey[]): unknown {
  return path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown> | undefined | null)?.[key], raw);
}

const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
const fields = (value: unknown) => (value ?? {}) as Record<string, unknown>;
