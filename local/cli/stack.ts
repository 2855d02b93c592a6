import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { dirname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { addressOf, catalogue, type HostName, hostname, type Placement, type ServiceName } from "@hybrid-mcp/catalogue";
import { parse, stringify, YAMLParseError } from "yaml";
import { UserError } from "./user-error.ts";

export const repositoryRoot = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** What a local stack is given once and keeps until it is purged. */
export interface Identity {
  /** Prefix of the names of this stack's containers, scripts and the like; no other stack of this machine has it. */
  name: string;
  accountId: string;
  zoneId: string;
  cloudflareToken: string;
  digitaloceanToken: string;
  /** The organisation's token and key at the Coda and the Firecrawl stand-in. */
  codaToken: string;
  firecrawlKey: string;
  /** Of the broker's applications at the identity stand-in. */
  clientSecrets: { github: string; google: string; githubConnection: string; googleConnection: string };
  /** Encrypts the secrets in the Pulumi state. */
  passphrase: string;
  /** Third byte of the containers' subnet, 10.213.x.0/24. */
  subnet: number;
  /** Where containers run: on Docker Engine, or as plain processes; chosen by the first `up`. */
  containers?: "docker" | "processes";
  /** Unix socket of the Docker Engine that they run on. */
  dockerSocket?: string;
}

/** Stack config values by key, without the namespace. */
export type Values = Record<string, unknown>;

export interface TlsFiles {
  key: string;
  cert: string;
  /** Certificate authority to trust in addition, if it is not a public one. */
  ca?: string;
  port: number;
}

/**
 * A local stack on disk: one directory with everything that it is, `.local/` of the checkout unless
 * `HYBRID_MCP_LOCAL_DIR` says otherwise.
 */
export class LocalStack {
  readonly dir: string;
  readonly #asItIs: boolean;
  readonly #over: Values;

  /**
   * @param asItIs go by the settings that the last update was given: what looks at a stack, or takes it down, has nothing
   *   to do with what `Pulumi.local.yaml` has come to say, nor whether it can be read
   * @param over settings that count for this command only, over all others
   */
  constructor(
    dir = process.env.HYBRID_MCP_LOCAL_DIR ?? join(repositoryRoot, ".local"),
    { asItIs = false, over = {} }: { asItIs?: boolean; over?: Values } = {},
  ) {
    this.dir = resolve(dir);
    this.#asItIs = asItIs;
    this.#over = over;
  }

  path(...names: string[]): string {
    return join(this.dir, ...names);
  }

  exists(): boolean {
    return existsSync(this.path("identity.json"));
  }

  /**
   * Makes the directory and the identity if there are none.
   *
   * @throws {UserError} when the directory holds something else: `down --purge` would delete it
   */
  create(): void {
    if (this.exists()) {
      // A stack of an older version lacks what came later.
      const { identity } = this;
      if (!identity.clientSecrets) this.saveIdentity({ ...newIdentity(), ...identity });
      return;
    }
    if (existsSync(this.dir) && readdirSync(this.dir).length > 0) {
      throw new UserError(
        `${this.dir} is not empty and holds no local stack; name another folder in HYBRID_MCP_LOCAL_DIR.`,
      );
    }
    if (Buffer.byteLength(this.processSocket) > LONGEST_SOCKET_PATH) {
      throw new UserError(
        `The path ${this.dir} is too long for a Unix socket in it; name a shorter one in HYBRID_MCP_LOCAL_DIR.`,
      );
    }
    mkdirSync(this.dir, { recursive: true });
    chmodSync(this.dir, 0o700);
    this.saveIdentity(newIdentity());
  }

  get identity(): Identity {
    return JSON.parse(readFileSync(this.path("identity.json"), "utf8"));
  }

  saveIdentity(identity: Identity): void {
    writePrivately(this.path("identity.json"), `${JSON.stringify(identity, null, 2)}\n`);
  }

  /** What `flip` and options of `up` have set, over the tracked `Pulumi.local.yaml`. */
  get flags(): Values {
    const file = this.path("flags.yaml");
    return existsSync(file) ? readYaml(file) : {};
  }

  /** The flags that stand against what the tracked file says, one entry per key such as `services.coda.placement`. */
  get overrides(): { key: string; flag: unknown; tracked: unknown }[] {
    const compare = (
      path: string[],
      flag: unknown,
      tracked: unknown,
    ): { key: string; flag: unknown; tracked: unknown }[] =>
      isObject(flag) && isObject(tracked)
        ? Object.keys(flag).flatMap((name) => compare([...path, name], flag[name], tracked[name]))
        : tracked === undefined || JSON.stringify(flag) === JSON.stringify(tracked)
          ? []
          : [{ key: path.join("."), flag, tracked }];
    return compare([], this.flags, this.tracked);
  }

  setFlag(path: string[], value: unknown): void {
    const flags = this.flags;
    let at = flags;
    for (const key of path.slice(0, -1)) {
      at[key] ??= {};
      at = at[key] as Values;
    }
    const last = path.at(-1)!;
    if (value === undefined) delete at[last];
    else at[last] = value;
    writePrivately(this.path("flags.yaml"), stringify(flags));
  }

  /** What the tracked `Pulumi.local.yaml` says. */
  get tracked(): Values {
    const file = join(repositoryRoot, "Pulumi.local.yaml");
    const { config } = readYaml(file);
    if (!isObject(config)) throw new UserError(`${shown(file)} has no values below \`config:\`.`);
    return withoutNamespace(config);
  }

  /**
   * The values that a person set: the tracked file with the flags over it.
   *
   * @throws {UserError} when one of the files cannot be read; it names file and line
   */
  get settings(): Values {
    const last = this.path("settings.yaml");
    return merge(this.#asItIs && existsSync(last) ? readYaml(last) : merge(this.tracked, this.flags), this.#over);
  }

  /** Keeps the settings that an update is given. */
  saveSettings(settings: Values): void {
    writePrivately(this.path("settings.yaml"), stringify(settings));
  }

  get domain(): string {
    return String(this.settings.domain);
  }

  get portOffset(): number {
    return Number((this.settings.local as { portOffset?: number } | undefined)?.portOffset ?? 0);
  }

  get tls(): TlsFiles | undefined {
    return (this.settings.local as { tls?: TlsFiles } | undefined)?.tls;
  }

  /** `host:port` of addresses inside the network that Workers may fetch besides public ones. */
  get allowedHosts(): string[] {
    const { allowedHosts = [] } = (this.settings.local ?? {}) as { allowedHosts?: string[] };
    return allowedHosts.map((each) => each.toLowerCase());
  }

  /** Loopback port at which the edge takes requests for a hostname of the catalogue. */
  portOf(name: HostName): number {
    return addressOf(name).localPort + this.portOffset;
  }

  /** Origin at which clients reach what has a hostname of its own. */
  publicUrl(name: HostName): string {
    return this.tls ? `https://${hostname(name, this.domain)}` : `http://localhost:${this.portOf(name)}`;
  }

  /** Origin to connect to for hostnames of the edge: it takes requests for all of them, without a certificate to trust. */
  get dial(): string {
    return `http://127.0.0.1:${this.ports.edge}`;
  }

  get name(): string {
    return this.identity.name;
  }

  /** Where plain processes are offered as containers. */
  get processSocket(): string {
    return this.path("processes", "docker.sock");
  }

  /** The engine's `TMPDIR`; nothing in it outlives a command. */
  get tmpDir(): string {
    return this.path("tmp");
  }

  /** The edge's own port, the APIs' and the stand-ins'. */
  get ports(): { edge: number; api: number; standIns: number } {
    return { edge: 8780 + this.portOffset, api: 8781 + this.portOffset, standIns: 8782 + this.portOffset };
  }

  get subnet(): { cidr: string; gateway: string } {
    const prefix = `10.213.${this.identity.subnet}`;
    return { cidr: `${prefix}.0/24`, gateway: `${prefix}.1` };
  }

  /** Socket of the engine that the stack's containers run on, real or of plain processes. */
  get engineSocket(): string {
    const { containers, dockerSocket } = this.identity;
    return containers === "docker" && dockerSocket ? dockerSocket : this.processSocket;
  }
}

/** Where a stack's settings place a service. */
export function placementOf({ settings }: LocalStack, service: ServiceName): Placement {
  const services = settings.services as Partial<Record<ServiceName, { placement?: Placement }>> | undefined;
  return services?.[service]?.placement ?? catalogue[service].placements[0];
}

/** Whether a stack's settings ask for an n8n of its own. */
export function wantsN8n({ settings }: LocalStack): boolean {
  return (settings.services as { n8n?: { enabled?: boolean } } | undefined)?.n8n?.enabled === true;
}

/** Whether a stack's settings ask for a Firecrawl engine of its own. */
export function hostsFirecrawl({ settings }: LocalStack): boolean {
  return (settings.services as { firecrawl?: { engine?: string } } | undefined)?.firecrawl?.engine === "self-hosted";
}

/** Whether the stack has one: it needs Docker Engine. */
export function runsN8n(stack: LocalStack): boolean {
  return wantsN8n(stack) && stack.identity.containers === "docker";
}

function newIdentity(): Identity {
  const hex = (bytes: number) => randomBytes(bytes).toString("hex");
  return {
    name: `hybrid-mcp-local-${hex(2)}`,
    accountId: hex(16),
    zoneId: hex(16),
    cloudflareToken: hex(20),
    digitaloceanToken: hex(32),
    codaToken: hex(18),
    firecrawlKey: `fc-${hex(16)}`,
    clientSecrets: { github: hex(20), google: hex(20), githubConnection: hex(20), googleConnection: hex(20) },
    passphrase: hex(32),
    subnet: freeSubnet(),
  };
}

/** A YAML file that holds values by key. @throws {UserError} when it does not; it names file and line */
function readYaml(file: string): Values {
  let values: unknown;
  try {
    values = parse(readFileSync(file, "utf8")) ?? {};
  } catch (error) {
    if (error instanceof YAMLParseError) {
      const { line, col } = error.linePos?.[0] ?? {};
      const why = error.message.split(" at line ")[0];
      throw new UserError(`${shown(file)} is not valid YAML at line ${line}, column ${col}: ${why}`);
    }
    throw new UserError(`${shown(file)} cannot be read: ${(error as Error).message}`);
  }
  if (!isObject(values)) throw new UserError(`${shown(file)} must hold values by key.`);
  return values;
}

/** A path as a person knows it. */
function shown(file: string): string {
  return file.startsWith(`${repositoryRoot}${sep}`) ? relative(repositoryRoot, file) : file;
}

/** The stack's tools know config by its keys; the file has them with the project's name in front. */
export function withoutNamespace(config: Values): Values {
  return Object.fromEntries(
    Object.entries(config)
      .filter(([key]) => key.startsWith("hybrid-mcp:"))
      .map(([key, value]) => [key.slice("hybrid-mcp:".length), value]),
  );
}

/** `sun_path` of unix(7) holds 107 bytes and a zero. */
const LONGEST_SOCKET_PATH = 107;

/** Objects are merged key by key; of anything else the later one counts. */
export function merge(base: Values, over: Values): Values {
  const result = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const below = result[key];
    result[key] = isObject(below) && isObject(value) ? merge(below, value) : value;
  }
  return result;
}

function isObject(value: unknown): value is Values {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Writes a file that only its owner may read, in one step. */
export function writePrivately(path: string, contents: string): void {
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, contents, { mode: 0o600 });
  chmodSync(temporary, 0o600);
  renameSync(temporary, path);
}

/** A third byte of 10.213.x.0/24 that no network of this machine has, e.g. another stack's. */
function freeSubnet(): number {
  const taken = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .map(({ address }) => /^10\.213\.(\d+)\./.exec(address)?.[1]);
  const start = randomBytes(1)[0]!;
  const free = Array.from({ length: 256 }, (_, i) => (start + i) % 256).find((byte) => !taken.includes(String(byte)));
  if (free === undefined) throw new Error("Every subnet 10.213.x.0/24 is in use on this machine.");
  return free;
}
