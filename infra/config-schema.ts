import {
  catalogue,
  hostNames,
  isServiceName,
  type Placement,
  type ServiceName,
  serviceNames,
} from "@hybrid-mcp/catalogue";
import { isTaken, MAX_NAME, prefixed } from "@hybrid-mcp/mcp-gateway/tool-names";
import { selectionProblem, type ToolSelection } from "@hybrid-mcp/service-kit/tool-selection";
import { z } from "zod";
import { isTooWide, SHORTEST_PREFIX } from "./droplet/address-range.ts";
import { MEMORY_MB } from "./droplet/memory.ts";
import { serviceTools } from "./service-tools.ts";
import { canBeAllowed, statefulNames } from "./stateful.ts";

/** Slug of the droplet's size, where the config names none. */
export const DEFAULT_SIZE = "s-1vcpu-2gb";

const IMAGE = "must be debian-12-x64, or the number of an image that was made from it";

/** How the droplet is reached and made (config key `hybrid-mcp:droplet`). */
export const droplet = z
  .strictObject({
    /** Where its Docker Engine answers; unset: over SSH at the droplet that this program makes. */
    dockerHost: z
      .string()
      .regex(/^(unix|ssh|tcp):\/\//, "must start with unix://, ssh:// or tcp://")
      .optional(),
    region: z.string().default("fra1"),
    size: z.string().default(DEFAULT_SIZE),
    /** What it is made of: cloud-init installs the Docker Engine of Debian 12. */
    image: z
      .union([z.string().regex(/^(debian-12-x64|\d+)$/, IMAGE), z.int().positive(IMAGE)], { error: IMAGE })
      .transform(String)
      .default("debian-12-x64"),
    /** Public SSH key that the Docker provider signs in with. */
    sshPublicKey: z
      .string()
      .regex(/^(ssh|ecdsa)-\S+ \S+/, "must be a public key as in ~/.ssh/id_ed25519.pub")
      .optional(),
    /** Addresses (CIDR) that may reach the droplet's SSH port. */
    sshAllow: z
      .array(
        z
          .union([z.cidrv4(), z.cidrv6()], { error: "must be an address range such as 203.0.113.7/32" })
          .refine((range) => !isTooWide(range), {
            error: `is too wide: at most /${SHORTEST_PREFIX.ipv4} (IPv4) or /${SHORTEST_PREFIX.ipv6} (IPv6)`,
          }),
      )
      .default([]),
    /** How long a droplet may take, at an update, until it answers over SSH and is ready for containers; in seconds. */
    readySeconds: z.number().positive().max(3600).default(900),
    /** Where what must not be lost is kept: on a volume of its own, or in volumes of the Docker Engine. */
    storage: z.enum(["volume", "engine"]).optional(),
    /** Size of that volume, in gigabytes. It can grow, never shrink. */
    volumeGb: z.int().min(1).max(16_384).default(20),
    /** DigitalOcean's backups of the whole droplet. */
    backups: z
      .union(
        [
          z.boolean(),
          z
            .strictObject({
              plan: z.enum(["daily", "weekly"]),
              /** For weekly ones. */
              weekday: z.enum(["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]).optional(),
              /** Start of the window, UTC. */
              hour: z.literal([0, 4, 8, 12, 16, 20]).optional(),
            })
            .refine(
              ({ plan, weekday }) => plan === "weekly" || weekday === undefined,
              "has a weekday, which is for weekly backups",
            ),
        ],
        {
          error:
            "must be true, false, { plan: daily, hour } or { plan: weekly, weekday: SUN … SAT, hour }; hour: 0, 4, … 20",
        },
      )
      .default(false),
    /** Who is told when the droplet is short of something or a public URL is down; by default nobody. */
    alerts: z
      .strictObject({
        /** Addresses that the DigitalOcean account has verified. */
        emails: z.array(z.email()).default([]),
        slack: z
          .strictObject({
            channel: z.string().regex(/^[#@]\S+$/, "must be a channel such as #alerts"),
            /** Incoming webhook. */
            url: z.url({ protocol: /^https$/, error: "must be an https URL" }),
          })
          .optional(),
      })
      .refine(({ emails, slack }) => emails.length > 0 || slack, "must name emails or slack")
      .optional(),
    /** DigitalOcean project that droplet and volume are shown in; it is made. */
    project: z.string().min(1).max(175).optional(),
    /** A droplet that is there already, instead of one that is made. */
    adopt: z
      .strictObject({
        id: z.union([z.string().regex(/^\d+$/), z.int()], { error: "must be the droplet's number" }).transform(String),
        /** As in /etc/ssh/ssh_host_ed25519_key.pub there. */
        hostKey: z
          .string()
          .regex(
            /^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp\d+) [\w+/]+=*( .*)?$/,
            "must be a public host key: ssh-ed25519 AAAA…",
          )
          .transform((key) => key.split(" ").slice(0, 2).join(" "))
          .optional(),
      })
      .optional(),
    /** Subnet (CIDR) of the containers' own network. */
    subnet: z.cidrv4().default("10.213.0.0/24"),
    /** Images to use instead of the pinned public ones, by name. */
    images: z
      .strictObject({
        base: z.string(),
        cloudflared: z.string(),
        n8n: z.string(),
        postgres: z.string(),
        restic: z.string(),
        firecrawl: z.string(),
        firecrawlPlaywright: z.string(),
        firecrawlPostgres: z.string(),
        redis: z.string(),
        rabbitmq: z.string(),
      })
      .partial()
      .default({}),
    /** Whether `images` were made on that very engine: no registry has them, so there is no digest to pin them by. */
    imagesAreLocal: z.boolean().default(false),
  })
  // The mounts of a machine that was adopted are not ours to make.
  .transform((config) => ({ ...config, storage: config.storage ?? (config.adopt ? "engine" : "volume") }))
  .prefault({});

/** Deadlines around a flip (config key `hybrid-mcp:cutover`), in seconds. */
export const cutover = z
  .strictObject({
    /** How long Cloudflare may take for a Worker's upload before the update is given up. */
    uploadSeconds: z.number().positive().max(3600).default(120),
    /** How long the new side may take to become healthy before the flip is given up. */
    gateSeconds: z.number().positive().max(3600).default(120),
    /** How long the public URL must answer from the new side, without a break, before the old side is let go. */
    confirmSeconds: z.number().positive().max(600).default(15),
    /** How long calls and streams that run on the old container may take to end before it is stopped. */
    drainSeconds: z.number().positive().max(3600).default(60),
    /** Keeps the container of a service that is placed on Workers, for a quicker way back. */
    keepStandby: z.boolean().default(false),
    /** Where gates connect for hostnames of the edge, instead of looking them up in DNS, e.g. `http://127.0.0.1:8780`. */
    dial: z.url({ protocol: /^https?$/ }).optional(),
  })
  .prefault({});

const PERSON = "must be github:<login> or an e-mail address";

/** Base URL of an API; paths are put behind it. */
const baseUrl = z.url({ protocol: /^https?$/ }).transform((url) => url.replace(/\/+$/, ""));

export const placements = (service: ServiceName) => catalogue[service].placements as readonly Placement[];

/** Which tools of a service there are at most; a client can ask for fewer. */
const toolSelection = (name: ServiceName) =>
  z
    .strictObject({
      /** Groups of tools, where a service has them. */
      toolsets: z.array(z.string()).min(1, "must name at least one").optional(),
      /** Only tools that change nothing. */
      readOnly: z.boolean().optional(),
      /** Tools that there are not, by name. */
      exclude: z.array(z.string()).optional(),
    })
    .superRefine((selection, context) => {
      const message = selectionProblem(serviceTools[name].tools, selection as ToolSelection);
      if (message) context.addIssue({ code: "custom", message: `names what is not there: ${message}` });
    })
    .optional();

const service = (name: ServiceName) =>
  z.strictObject({
    enabled: z.boolean().default(true),
    placement: z.enum(placements(name)).default(placements(name)[0]!),
    /** Base URL of the API behind the service. */
    upstreamUrl: baseUrl.optional(),
    /** The same where a container must dial another address. */
    dropletUpstreamUrl: baseUrl.optional(),
    tools: toolSelection(name),
  });

/** n8n, on the droplet or elsewhere (config key `hybrid-mcp:services.n8n`). */
export const n8n = z
  .strictObject({
    /** Runs n8n and its database on the droplet. */
    enabled: z.boolean().optional(),
    /** Base URL of an n8n that runs elsewhere, for the gateway. */
    upstreamUrl: baseUrl.optional(),
    /** How long n8n may take to become ready, in seconds; a new version changes its database first. */
    startSeconds: z.number().positive().max(3600).default(300),
    /** Memory of n8n and of its database, in megabytes. */
    memoryMb: z.int().min(768).default(MEMORY_MB.n8n),
    databaseMemoryMb: z.int().min(128).default(MEMORY_MB.n8nPostgres),
    /** Time zone of schedules, as the tz database names it. */
    timezone: z
      .string()
      .regex(/^[A-Za-z_]+(\/[\w+-]+)*$/, "must be a time zone such as Europe/Berlin")
      .default("UTC"),
    /**
     * Names the data. When the volumes of a stack are gone, an update refuses to begin again with empty ones; another name
     * says that this is meant.
     */
    generation: z
      .string()
      .regex(/^[\w-]+$/, "must be letters, digits, dashes and _")
      .default("1"),
    /** Who reaches its pages: Cloudflare Access stands in front of them, and webhooks, forms and MCP stay open. */
    access: z
      .strictObject({ emails: z.array(z.email()).optional(), emailDomains: z.array(z.hostname()).optional() })
      .refine(({ emails = [], emailDomains = [] }) => emails.length + emailDomains.length > 0, "must name somebody")
      .optional(),
    /** Docker volumes of an n8n with PostgreSQL that the droplet has already; `n8nEncryptionKey` has to be its key. */
    adopt: z
      .strictObject({
        /** With n8n's own folder, `/home/node/.n8n`. */
        volume: z.string().min(1),
        /** With PostgreSQL's data folder. */
        databaseVolume: z.string().min(1),
        /** Name of the database in it, and of its owner, a superuser as the official image makes it. */
        databaseName: z
          .string()
          .regex(/^[\w-]+$/, "must be letters, digits, dashes and _")
          .default("n8n"),
        databaseUser: z
          .string()
          .regex(/^[\w-]+$/, "must be letters, digits, dashes and _")
          .default("n8n"),
      })
      .optional(),
  })
  .refine(({ enabled, upstreamUrl }) => !(enabled && upstreamUrl), {
    path: ["upstreamUrl"],
    message: "is not allowed beside enabled: true; n8n runs either on the droplet or elsewhere",
  })
  .prefault({});

/** Who is meant: whoever one of these fits. */
const matchers = {
  /** `github:<login>` or an e-mail address. */
  people: z.array(z.union([z.string().regex(/^github:\S+$/), z.email()], { error: PERSON })).optional(),
  githubOrganizations: z.array(z.string().min(1)).optional(),
  githubTeams: z.array(z.string().regex(/^[^/\s]+\/[^/\s]+$/, "must be <organisation>/<team>")).optional(),
  emailDomains: z.array(z.hostname({ error: "must be a domain such as example.com" })).optional(),
};

/** An OAuth app or GitHub App at GitHub (or at a GitHub Enterprise Server). */
const gitHubApp = z.strictObject({
  clientId: z.string().min(1),
  siteUrl: baseUrl.default("https://github.com"),
  apiUrl: baseUrl.default("https://api.github.com"),
});

/** An OAuth client at Google (https://accounts.google.com/.well-known/openid-configuration). */
const googleClient = {
  clientId: z.string().min(1),
  authorizeUrl: z.url().default("https://accounts.google.com/o/oauth2/v2/auth"),
  tokenUrl: z.url().default("https://oauth2.googleapis.com/token"),
};

/** Sign-in, permissions and connections (config key `hybrid-mcp:auth`). */
const auth = z.strictObject({
  /** `separate`: broker and gateway are two Workers; `consolidated`: one, for both hostnames. */
  topology: z.enum(["separate", "consolidated"]).default("separate"),
  /** With what people sign in. */
  providers: z.array(z.enum(["github", "google"])).min(1, "must name at least one of: github, google"),
  github: gitHubApp.optional(),
  google: z
    .strictObject({
      ...googleClient,
      issuer: z.url().default("https://accounts.google.com"),
      jwksUrl: z.url().default("https://www.googleapis.com/oauth2/v3/certs"),
    })
    .optional(),
  /** Who may do what; what no rule allows is denied. */
  policy: z
    .array(z.strictObject({ ...matchers, scopes: z.array(z.string()).min(1, "must name at least one scope") }))
    .default([]),
  /** Who sees everybody's audit trail and the policy; by default nobody. */
  administrators: z.strictObject(matchers).default({}),
  /** OAuth apps with which people connect upstreams; those that take a pasted token need none. */
  connections: z
    .strictObject({
      github: gitHubApp.optional(),
      google: z
        .strictObject({
          ...googleClient,
          userInfoUrl: z.url().default("https://openidconnect.googleapis.com/v1/userinfo"),
          revokeUrl: z.url().default("https://oauth2.googleapis.com/revoke"),
        })
        .optional(),
    })
    .prefault({}),
  /** Outside applications that may fetch a person's upstream token with their consent. */
  products: z
    .array(
      z.strictObject({
        name: z.string().regex(/^[a-z][a-z0-9-]*$/, "must be lower-case letters, digits and dashes"),
        /** OAuth client ids that it uses at the broker. */
        clientIds: z.array(z.string().min(1)).min(1, "must name at least one"),
        services: z.array(z.enum(serviceNames)).min(1, "must name at least one"),
      }),
    )
    .refine((products) => isDistinct(products.map(({ name }) => name)), "has a name twice")
    .default([]),
  /**
   * Names of the generated keys that seal connections and sign service tokens: the first is used, the others still open
   * and are still published. To rotate, put a new name in front.
   */
  keys: z
    .array(z.string().regex(/^[\w-]+$/))
    .min(1, "must name at least one")
    .refine(isDistinct, "has a name twice")
    .default(["1"]),
  /** How long the audit trail is kept, in days. */
  auditRetentionDays: z.int().positive().default(90),
  /** How long access lasts that nobody uses, in days. */
  grantIdleDays: z.int().positive().default(30),
  /** Where containers dial the broker, if not at its public URL. */
  dropletUrl: baseUrl.optional(),
});

/** What people can have a connection to, of which a server can be shown the credential. */
export const connectionNames = [...serviceNames, "google", "n8n"] as const;

/** A scope of a server that the config adds: `<server>:<what>`. */
const addedScope = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9-]*:(?!connect$)[a-z]+$/, "must be <name>:<what>, and not <name>:connect"),
  description: z.string().min(1),
  /** Names of the tools that need it, where the server does not say it itself. */
  tools: z.array(z.string().min(1)).optional(),
});

/** Any further MCP server behind the gateway. */
const addedServer = z
  .strictObject({
    /** Prefix of its tools' names at the gateway. */
    name: z.string().regex(/^[a-z][a-z0-9-]{0,19}$/, "must be lower-case letters, digits and dashes, at most 20"),
    /** For people. */
    title: z.string().min(1),
    /** Its MCP endpoint. */
    url: z
      .url({ protocol: /^https?$/, error: "must be an http or https URL" })
      .refine((url) => !URL.parse(url)?.username && !URL.parse(url)?.password, {
        // The URL is no secret: it is in the state and in the gateway's config in clear.
        error: "must have no user name or password in it; a secret goes into serverSecrets",
      }),
    /** `auto` finds out which version it speaks; `sse` is the older HTTP+SSE. */
    transport: z.enum(["auto", "sse"]).default("auto"),
    /** With what the gateway is let in: nothing, a secret of `serverSecrets` in a header, or the person's own connection. */
    auth: z
      .discriminatedUnion("kind", [
        z.strictObject({ kind: z.literal("none") }),
        z.strictObject({
          kind: z.literal("header"),
          header: z
            .string()
            .regex(/^[\w-]+$/, "must be a header's name")
            .default("authorization"),
        }),
        z.strictObject({ kind: z.literal("connection"), of: z.enum(connectionNames) }),
      ])
      .default({ kind: "none" }),
    /** In order, lowest first; a tool that names none needs the last. */
    scopes: z
      .array(addedScope)
      .min(1, "must name at least one")
      .refine((scopes) => isDistinct(scopes.map(({ name }) => name)), "has a name twice")
      .refine((scopes) => isDistinct(scopes.flatMap(({ tools = [] }) => tools)), "lists a tool twice"),
  })
  .refine(({ name, scopes }) => scopes.every((scope) => scope.name.startsWith(`${name}:`)), {
    path: ["scopes"],
    message: "must be scopes of the server itself: <name>:<what>",
  })
  .superRefine(({ name, scopes }, context) => {
    for (const [index, { tools = [] }] of scopes.entries()) {
      for (const [at, tool] of tools.entries()) {
        if (isTaken(name, tool)) continue;
        const message = `is no name that clients take: at the gateway it is ${prefixed(name, tool)}, which may have ${MAX_NAME} letters, digits, _, - and .`;
        context.addIssue({ code: "custom", path: ["scopes", index, "tools", at], message });
      }
    }
  });

/** Where spans are sent (config key `hybrid-mcp:telemetry`); headers that let in there are in `telemetryHeaders`. */
const telemetry = z
  .strictObject({
    /** An OTLP/HTTP traces endpoint. */
    tracesUrl: z.url({ protocol: /^https?$/ }).optional(),
    /** The same where a container must dial another address. */
    dropletTracesUrl: z.url({ protocol: /^https?$/ }).optional(),
  })
  .prefault({});

/** The MCP gateway (config key `hybrid-mcp:gateway`). */
const gateway = z
  .strictObject({
    servers: z
      .array(addedServer)
      .refine((servers) => isDistinct(servers.map(({ name }) => name)), "has a name twice")
      .refine(
        (servers) => servers.every(({ name }) => !isServiceName(name) && name !== "n8n"),
        "has the name of a service",
      )
      .default([]),
    /** How often one person may call one tool in a minute. */
    callsPerMinute: z.int().positive().default(120),
  })
  .prefault({});

/** Backups of n8n (config key `hybrid-mcp:backup`); passphrase and keys are in `backupSecrets`. */
const backup = z
  .strictObject({
    /** A folder on the droplet, or S3-compatible storage; default: a volume beside n8n's data, which is lost with it. */
    repository: z
      .string()
      .regex(
        /^(\/[^/:][^:]*|s3:https?:\/\/[^\s/@]+\/[^\s/]\S*)$/,
        "must be a folder such as /srv/backups, or s3:https://<host>/<bucket>",
      )
      .optional(),
    /** When one is made each day, in UTC. */
    schedule: z
      .string()
      .regex(/^([01]\d|2[0-3]):[0-5]\d$/, "must be a time of the day (UTC) such as 03:15")
      .default("03:15"),
    /** How many days', weeks' and months' last backups are kept. */
    keep: z
      .strictObject({
        daily: z.int().min(1).default(7),
        weekly: z.int().min(0).default(4),
        monthly: z.int().min(0).default(6),
      })
      .prefault({}),
  })
  .prefault({});

export const schema = z.strictObject({
  /** Domain (a Cloudflare zone) under which every service has its hostname. */
  domain: z.hostname({ error: "must be a hostname such as example.com" }),
  /** Prefix of the names of everything that is created. */
  name: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,30}$/, "must be lower-case letters, digits and dashes, at most 31")
    .default("hybrid-mcp"),
  cloudflare: z.strictObject({
    accountId: z.string().regex(/^[0-9a-f]{32}$/, "must be the account's 32 hexadecimal digits"),
    zoneId: z.string().regex(/^[0-9a-f]{32}$/, "must be the zone's 32 hexadecimal digits"),
    /** The account's `<subdomain>.workers.dev`. */
    workersSubdomain: z.string().regex(/^[a-z0-9-]+$/),
    /** A higher one makes every service token of Access have a new secret. */
    serviceTokenVersion: z.int().positive().default(1),
  }),
  services: z
    .strictObject({
      coda: service("coda").prefault({}),
      github: service("github").prefault({}),
      firecrawl: service("firecrawl")
        .extend({
          /** `host:port` of pages that may be read though they are not public. */
          allowedHosts: z.array(z.string().regex(/^[^\s/,]+:\d+$/, "must be host:port")).default([]),
          /** Who reads the pages: Firecrawl's cloud (or what `upstreamUrl` names), or an engine on the droplet. */
          engine: z.enum(["cloud", "self-hosted"]).default("cloud"),
        })
        .prefault({}),
      n8n,
    })
    .prefault({}),
  auth,
  /** Secrets of the OAuth apps named in `auth`: for sign-in, and for connections. */
  clientSecrets: z
    .strictObject({
      github: z.string().min(1),
      google: z.string().min(1),
      githubConnection: z.string().min(1),
      googleConnection: z.string().min(1),
    })
    .partial()
    .default({}),
  /** Upstream tokens of the organisation, by service: used for people who have not connected an account of their own. */
  sharedConnections: z.partialRecord(z.enum(serviceNames), z.string().min(1)).default({}),
  gateway,
  /** What n8n encrypts its credentials with; generated unless it is given: of an n8n that is adopted or restored. */
  n8nEncryptionKey: z.string().min(8, "is too short").optional(),
  /** Secrets of servers with `auth.kind` "header", by name: the whole value of the header. */
  serverSecrets: z.record(z.string(), z.string().min(1)).default({}),
  telemetry,
  /** Headers of what is sent there, by name, e.g. `authorization`. */
  telemetryHeaders: z.record(z.string().regex(/^[\w-]+$/, "must be a header's name"), z.string().min(1)).default({}),
  droplet,
  backup,
  backupSecrets: z
    .strictObject({
      /** Encrypts the backups; one is generated if there is none. */
      passphrase: z.string().min(1),
      /** Of the S3-compatible storage. */
      accessKeyId: z.string().min(1),
      secretAccessKey: z.string().min(1),
    })
    .partial()
    .default({}),
  tunnel: z
    .strictObject({
      /** `host:port` that connectors dial instead of Cloudflare's edge. */
      edge: z
        .string()
        .regex(/^[^\s/]+:\d+$/, "must be host:port")
        .optional(),
      /** A tunnel that is there already (its id), instead of one that is made. */
      adopt: z.uuid({ error: "must be a tunnel's id" }).optional(),
      /** Connectors that run beside each other; one that is lost costs no call then. */
      replicas: z.int().min(1).max(8).default(1),
    })
    .prefault({}),
  cutover,
  /**
   * Protected resources, by name, that an update may delete or replace with all that they keep: for one change, and taken out
   * again with the next.
   */
  allowDataLoss: z
    .array(
      z.string().refine(canBeAllowed, {
        error: `names nothing that is protected; allowed: ${statefulNames.join(", ")}`,
      }),
    )
    .default([]),
  /** Origins that clients use instead of `https://<hostname>`, by service. */
  publicUrls: z
    .partialRecord(
      z.enum(hostNames),
      z.string().regex(/^https?:\/\/[^/?#\s]+$/, "must be an origin such as https://coda.example.com, without a path"),
    )
    .default({}),
  /** Read by the local stack's commands only. */
  local: z
    .strictObject({
      /** Added to every local port. */
      portOffset: z.int().min(0).max(50_000),
      /** Certificate for every hostname of the domain and of workers.dev (PEM files), and the edge's port for https. */
      tls: z.strictObject({ key: z.string(), cert: z.string(), ca: z.string().optional(), port: z.int() }),
      /** What Workers may fetch besides public addresses: upstreams and identity providers inside the network. */
      allowedHosts: z.array(z.string().regex(/^[^\s/,]+:\d+$/, "must be host:port")),
    })
    .partial()
    .optional(),
});

/** The whole stack config, validated, with every default filled in. */
export type Config = z.output<typeof schema>;

type ServiceConfig = Config["services"][ServiceName];

/** Whether a service has a container. */
export function usesDroplet(config: Pick<ServiceConfig, "enabled" | "placement">, keepStandby: boolean): boolean {
  return config.enabled && (config.placement === "droplet" || keepStandby);
}

function isDistinct(names: string[]): boolean {
  return new Set(names).size === names.length;
}
