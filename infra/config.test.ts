import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { repositoryRoot } from "./bundle.ts";
import {
  deadlinesOf,
  enabledServices,
  hasContainer,
  hostsFirecrawl,
  needsDroplet,
  parseConfig,
  publicUrl,
} from "./config.ts";

const good = {
  "hybrid-mcp:domain": "example.com",
  "hybrid-mcp:cloudflare": JSON.stringify({
    accountId: "0123456789abcdef0123456789abcdef",
    zoneId: "fedcba9876543210fedcba9876543210",
    workersSubdomain: "acme",
  }),
  "hybrid-mcp:services": '{"github":{"enabled":false},"firecrawl":{"placement":"workers"}}',
  "hybrid-mcp:auth": '{"providers":["github"],"github":{"clientId":"Iv1.abc"}}',
  "hybrid-mcp:clientSecrets": '{"github":"s3cr3t"}',
  "cloudflare:apiToken": "another provider's key is none of our business",
};

const withServices = (services: object) => ({
  ...good,
  "hybrid-mcp:services": JSON.stringify({
    github: { enabled: false },
    firecrawl: { placement: "workers" },
    ...services,
  }),
});
const withAuth = (auth: object) => ({
  ...good,
  "hybrid-mcp:auth": JSON.stringify({ providers: ["github"], github: { clientId: "Iv1.abc" }, ...auth }),
});
const withServer = (server: object) => ({
  ...good,
  "hybrid-mcp:gateway": JSON.stringify({
    servers: [
      {
        name: "wiki",
        title: "Wiki",
        url: "https://wiki.example.com/mcp",
        scopes: [{ name: "wiki:read", description: "Read the wiki" }],
        ...server,
      },
    ],
  }),
});

describe("a good config", () => {
  test("fills in the defaults: Coda on Workers, no container", () => {
    const { config } = parseConfig(good);
    expect(config!.services.coda).toEqual({ enabled: true, placement: "workers" });
    expect(hasContainer(config!, "coda")).toBe(false);
    expect(publicUrl(config!, "coda")).toBe("https://coda-mcp.example.com");
  });

  test("takes a placement, and public URLs of its own", () => {
    const flat = {
      ...withServices({ coda: { placement: "droplet" } }),
      "hybrid-mcp:droplet": JSON.stringify({ dockerHost: "unix:///var/run/docker.sock" }),
      "hybrid-mcp:publicUrls": JSON.stringify({ coda: "http://localhost:8085" }),
    };
    const { config, errors } = parseConfig(flat);
    expect(errors).toBeUndefined();
    expect(hasContainer(config!, "coda")).toBe(true);
    expect(publicUrl(config!, "coda")).toBe("http://localhost:8085");
  });

  test("a trailing slash of a base URL does not count", () => {
    const { config } = parseConfig(withServices({ coda: { upstreamUrl: "https://coda.io/apis/v1/" } }));
    expect(config!.services.coda.upstreamUrl).toBe("https://coda.io/apis/v1");
  });

  test("keeps a container for a service on Workers while keepStandby is set", () => {
    const { config } = parseConfig({
      ...good,
      "hybrid-mcp:cutover": JSON.stringify({ keepStandby: true }),
      "hybrid-mcp:droplet": JSON.stringify({ dockerHost: "unix:///var/run/docker.sock" }),
    });
    expect(hasContainer(config!, "coda")).toBe(true);
  });

  test("leaves out a service that is switched off, and asks nothing for it", () => {
    const { config } = parseConfig(withServices({ coda: { enabled: false }, firecrawl: { enabled: false } }));
    expect(enabledServices(config!)).toEqual([]);
  });

  test("Firecrawl is on the droplet unless the config says otherwise", () => {
    const { config } = parseConfig({
      ...good,
      "hybrid-mcp:services": '{"github":{"enabled":false}}',
      "hybrid-mcp:droplet": '{"dockerHost":"unix:///var/run/docker.sock"}',
    });
    expect([config!.services.coda.placement, config!.services.firecrawl.placement]).toEqual(["workers", "droplet"]);
  });

  test("nobody may do anything and nobody is an administrator unless the config says so", () => {
    const { config } = parseConfig(good);
    expect([config!.auth.policy, config!.auth.administrators]).toEqual([[], {}]);
  });

  test("a server that the config adds has scopes for the policy", () => {
    const flat = {
      ...withAuth({ policy: [{ people: ["github:ada"], scopes: ["wiki:read", "wiki:*"] }] }),
      "hybrid-mcp:gateway": withServer({})["hybrid-mcp:gateway"]!,
    };
    const { config, errors } = parseConfig(flat);
    expect(errors).toBeUndefined();
    expect(config!.gateway.servers[0]).toMatchObject({ transport: "auto", auth: { kind: "none" } });
  });

  test("a policy takes people, organisations, teams and domains, and wildcards of a service", () => {
    const rule = {
      people: ["github:ada", "ada@example.com"],
      githubOrganizations: ["navy"],
      githubTeams: ["navy/staff"],
      emailDomains: ["example.com"],
      scopes: ["coda:*", "github:connect"],
    };
    expect(parseConfig(withAuth({ policy: [rule] })).config!.auth.policy).toEqual([rule]);
  });
});

test("the droplet's image may be a number, quoted or not", () => {
  for (const droplet of ['{"image":12345}', '{"image":"12345"}']) {
    const { config, errors } = parseConfig({ ...good, "hybrid-mcp:droplet": droplet });
    expect(errors).toBeUndefined();
    expect(config!.droplet.image).toBe("12345");
  }
  expect(parseConfig({ ...good, "hybrid-mcp:droplet": '{"image":1.5}' }).errors).toEqual([
    "  hybrid-mcp:droplet.image: 1.5 must be debian-12-x64, or the number of an image that was made from it",
  ]);
});

test("Pulumi.dev.yaml is a config that is accepted as it stands, once its secrets are set", () => {
  const file = parse(readFileSync(join(repositoryRoot, "Pulumi.dev.yaml"), "utf8")) as {
    config: Record<string, unknown>;
  };
  const flat = Object.entries(file.config).map(([key, value]) => [
    key,
    typeof value === "string" ? value : JSON.stringify(value),
  ]);
  const { errors } = parseConfig({
    ...Object.fromEntries(flat),
    "hybrid-mcp:clientSecrets": '{"github":"a","google":"b","githubConnection":"c"}',
  });
  expect(errors).toBeUndefined();
});

describe("a Firecrawl engine of one's own", () => {
  const withEngine = (firecrawl: object = {}, more: Record<string, unknown> = {}) => ({
    ...withServices({ firecrawl: { engine: "self-hosted", placement: "workers", ...firecrawl } }),
    "hybrid-mcp:droplet": JSON.stringify({
      size: "s-4vcpu-8gb",
      sshPublicKey: "ssh-ed25519 AAAA me",
      sshAllow: ["203.0.113.7/32"],
    }),
    ...Object.fromEntries(Object.entries(more).map(([key, value]) => [`hybrid-mcp:${key}`, JSON.stringify(value)])),
  });
  const engine = "services.firecrawl.engine: self-hosted";

  test("needs a droplet, wherever the service is placed", () => {
    const { config, errors } = parseConfig(withEngine());
    expect(errors).toBeUndefined();
    expect([hostsFirecrawl(config!), hasContainer(config!, "firecrawl"), needsDroplet(config!)]).toEqual([
      true,
      false,
      true,
    ]);
    const { "hybrid-mcp:droplet": _, ...without } = withEngine({}, {});
    expect(parseConfig({ ...without, "hybrid-mcp:droplet": '{"size":"s-4vcpu-8gb"}' }).errors).toEqual([
      expect.stringContaining("hybrid-mcp:droplet.sshPublicKey: is missing"),
      expect.stringContaining("hybrid-mcp:droplet.sshAllow: is missing"),
    ]);
    const off = parseConfig(withServices({ firecrawl: { engine: "self-hosted", enabled: false } }));
    expect([off.errors, hostsFirecrawl(off.config!), needsDroplet(off.config!)]).toEqual([undefined, false, false]);
    expect(parseConfig(good).config!.services.firecrawl.engine).toBe("cloud");
  });

  test("everything that does not go with it is told at once", () => {
    const server = {
      name: "crawler",
      title: "Crawler",
      url: "https://crawler.example.com/mcp",
      auth: { kind: "connection", of: "firecrawl" },
      scopes: [{ name: "crawler:read", description: "Read" }],
    };
    const flat = withEngine(
      { upstreamUrl: "https://firecrawl.example.com", dropletUpstreamUrl: "http://10.0.0.5" },
      { sharedConnections: { firecrawl: "fc-secret-key" }, gateway: { servers: [server] } },
    );
    const { errors } = parseConfig(flat);
    expect(errors).toEqual([
      `  hybrid-mcp:services.firecrawl.upstreamUrl: is not allowed beside ${engine}, which says where the engine is`,
      `  hybrid-mcp:services.firecrawl.dropletUpstreamUrl: is not allowed beside ${engine}, which says where the engine is`,
      `  hybrid-mcp:sharedConnections.firecrawl: is not used with ${engine}, which asks for no key; remove it: pulumi config rm --path hybrid-mcp:sharedConnections.firecrawl`,
      `  hybrid-mcp:gateway.servers: crawler is called with people's connections to firecrawl, and with ${engine} there are none`,
    ]);
    expect(errors!.join()).not.toContain("fc-secret-key");
    expect(parseConfig(withEngine({ engine: "own" })).errors).toEqual([
      '  hybrid-mcp:services.firecrawl.engine: "own" is not allowed; allowed: cloud, self-hosted',
    ]);
  });

  test("is refused on a droplet that is too small for all that runs on it", () => {
    const ssh = { sshPublicKey: "ssh-ed25519 AAAA me", sshAllow: ["203.0.113.7/32"] };
    const problem = (droplet: object, services: object = {}, more: object = {}) =>
      parseConfig({ ...withEngine({}, { droplet: { ...ssh, ...droplet }, ...more }), ...services }).errors;
    const tooSmall = (size: string, has: number, needs: number, parts: string) => [
      `  hybrid-mcp:droplet.size: "${size}" has ${has} MB, and a Firecrawl engine of one's own needs ${needs} MB here (the engine 4096, the system 512, ${parts}); take a size with more memory, e.g. s-4vcpu-8gb, or services.firecrawl.engine: cloud`,
    ];
    expect(problem({})).toEqual(tooSmall("s-1vcpu-2gb", 2048, 4864, "the connector 256"));
    expect(problem({ size: "s-2vcpu-4gb" })).toEqual(tooSmall("s-2vcpu-4gb", 4096, 4864, "the connector 256"));
    const onDroplet = withServices({
      firecrawl: { engine: "self-hosted" },
      n8n: { enabled: true, memoryMb: 3000 },
    });
    expect(problem({ size: "s-4vcpu-8gb" }, onDroplet, { tunnel: { replicas: 2 } })).toEqual(
      tooSmall(
        "s-4vcpu-8gb",
        8192,
        9400,
        "the connector 512, n8n with its database and backups 3768, firecrawl 256, a changed service beside its old one 256",
      ),
    );
    expect(problem({ size: "m-2vcpu-16gb" }, onDroplet)).toBeUndefined();
    // Of these nobody has said how large they are.
    expect(problem({ size: "gpu-h100x1-80gb" })).toBeUndefined();
    expect(problem({ dockerHost: "unix:///var/run/docker.sock" })).toBeUndefined();
  });
});

describe("a bad config names the key, the value and what is allowed", () => {
  const cases: [why: string, flat: Record<string, string>, error: string][] = [
    [
      "a placement that is not allowed",
      withServices({ coda: { placement: "moon" } }),
      '  hybrid-mcp:services.coda.placement: "moon" is not allowed; allowed: workers, droplet',
    ],
    [
      "an unknown service",
      withServices({ nosuch: {} }),
      "  hybrid-mcp:services.nosuch: unknown service; the services are: coda, github, firecrawl, n8n",
    ],
    ["an unknown key", { ...good, "hybrid-mcp:colour": "red" }, "  hybrid-mcp:colour: unknown key"],
    ["an unknown key inside", withServices({ coda: { place: 1 } }), "  hybrid-mcp:services.coda.place: unknown key"],
    [
      "a domain that is none",
      { ...good, "hybrid-mcp:domain": "not a domain" },
      '  hybrid-mcp:domain: "not a domain" must be a hostname such as example.com',
    ],
    [
      "a deadline that is not positive",
      { ...good, "hybrid-mcp:cutover": '{"gateSeconds":-1}' },
      "  hybrid-mcp:cutover.gateSeconds: -1 is too small: expected number to be >0",
    ],
    [
      "a Docker host without a scheme",
      { ...good, "hybrid-mcp:droplet": '{"dockerHost":"/var/run/docker.sock"}' },
      '  hybrid-mcp:droplet.dockerHost: "/var/run/docker.sock" must start with unix://, ssh:// or tcp://',
    ],
    [
      "a name with capitals",
      { ...good, "hybrid-mcp:name": "Acme" },
      '  hybrid-mcp:name: "Acme" must be lower-case letters, digits and dashes, at most 31',
    ],
    [
      "a droplet without a key to reach it",
      { ...withServices({ coda: { placement: "droplet" } }), "hybrid-mcp:droplet": '{"sshAllow":["203.0.113.7/32"]}' },
      "  hybrid-mcp:droplet.sshPublicKey: is missing; a service is placed on the droplet, whose Docker Engine is reached over SSH",
    ],
    [
      "a public URL with a path",
      { ...good, "hybrid-mcp:publicUrls": '{"coda":"https://tools.example.com/coda/"}' },
      '  hybrid-mcp:publicUrls.coda: "https://tools.example.com/coda/" must be an origin such as https://coda.example.com, without a path',
    ],
    [
      "an address that is no CIDR",
      { ...good, "hybrid-mcp:droplet": '{"sshAllow":["everywhere"]}' },
      '  hybrid-mcp:droplet.sshAllow.0: "everywhere" must be an address range such as 203.0.113.7/32',
    ],
    [
      "a range of addresses that is too wide",
      { ...good, "hybrid-mcp:droplet": '{"sshAllow":["0.0.0.0/1","203.0.0.0/16","2001:db8::/32"]}' },
      '  hybrid-mcp:droplet.sshAllow.0: "0.0.0.0/1" is too wide: at most /16 (IPv4) or /32 (IPv6)',
    ],
    [
      "an image whose Docker Engine is not the pinned one",
      { ...good, "hybrid-mcp:droplet": '{"image":"ubuntu-24-04-x64"}' },
      '  hybrid-mcp:droplet.image: "ubuntu-24-04-x64" must be debian-12-x64, or the number of an image that was made from it',
    ],
    [
      "backups on a weekday, daily",
      { ...good, "hybrid-mcp:droplet": '{"backups":{"plan":"daily","weekday":"MON"}}' },
      '  hybrid-mcp:droplet.backups: {"plan":"daily","weekday":"MON"} has a weekday, which is for weekly backups',
    ],
    [
      "backups every hour",
      { ...good, "hybrid-mcp:droplet": '{"backups":{"plan":"hourly"}}' },
      '  hybrid-mcp:droplet.backups: {"plan":"hourly"} must be true, false, { plan: daily, hour } or { plan: weekly, weekday: SUN … SAT, hour }; hour: 0, 4, … 20',
    ],
    [
      "alerts that reach nobody",
      { ...good, "hybrid-mcp:droplet": '{"alerts":{}}' },
      "  hybrid-mcp:droplet.alerts: {} must name emails or slack",
    ],
    [
      "a Slack webhook, which is a secret",
      {
        ...good,
        "hybrid-mcp:droplet": '{"alerts":{"slack":{"channel":"#ops","url":"http://hooks.slack.com/services/secret"}}}',
      },
      "  hybrid-mcp:droplet.alerts.slack.url: must be an https URL",
    ],
    [
      "an adopted droplet without its host key",
      { ...good, "hybrid-mcp:droplet": '{"adopt":{"id":4711}}' },
      "  hybrid-mcp:droplet.adopt.hostKey: is missing; its Docker Engine is reached over SSH; it is what `cat /etc/ssh/ssh_host_ed25519_key.pub` says on the droplet",
    ],
    [
      "a volume on an adopted droplet",
      {
        ...good,
        "hybrid-mcp:droplet": '{"adopt":{"id":4711},"dockerHost":"unix:///var/run/docker.sock","storage":"volume"}',
      },
      '  hybrid-mcp:droplet.storage: "volume" is not allowed with droplet.adopt, on which nothing is mounted; allowed: engine',
    ],
    [
      "a tunnel by its name",
      { ...good, "hybrid-mcp:tunnel": '{"adopt":"old"}' },
      '  hybrid-mcp:tunnel.adopt: "old" must be a tunnel\'s id',
    ],
    [
      "the tunnel's way to a droplet that lets nobody in",
      {
        ...withServices({ coda: { placement: "droplet" } }),
        "hybrid-mcp:droplet": '{"dockerHost":"ssh://root@droplet.example.com"}',
      },
      "  hybrid-mcp:droplet.sshPublicKey: is missing; a service is placed on the droplet, whose Docker Engine is reached over SSH",
    ],
    [
      "an edge without a port",
      { ...good, "hybrid-mcp:tunnel": '{"edge":"localhost"}' },
      '  hybrid-mcp:tunnel.edge: "localhost" must be host:port',
    ],
    [
      "a policy that names an unknown scope",
      withAuth({ policy: [{ people: ["github:ada"], scopes: ["coda:wrte"] }] }),
      '  hybrid-mcp:auth.policy.0.scopes.0: "coda:wrte" is not allowed; allowed: coda:read, coda:write, coda:admin, ' +
        "coda:connect, coda:*, github:read, github:write, github:admin, github:connect, github:*, firecrawl:read, " +
        "firecrawl:crawl, firecrawl:connect, firecrawl:*, n8n:read, n8n:execute, n8n:connect, n8n:*, google:connect",
    ],
    [
      "a person who is neither a GitHub login nor an address",
      withAuth({ policy: [{ people: ["ada"], scopes: ["coda:read"] }] }),
      '  hybrid-mcp:auth.policy.0.people.0: "ada" must be github:<login> or an e-mail address',
    ],
    [
      "a server whose scopes are another's",
      withServer({ scopes: [{ name: "coda:read", description: "Read" }] }),
      '  hybrid-mcp:gateway.servers.0.scopes: [{"name":"coda:read","description":"Read"}] must be scopes of the server itself: <name>:<what>',
    ],
    [
      "a tool whose name at the gateway no client takes",
      withServer({ scopes: [{ name: "wiki:read", description: "Read", tools: ["find", "x".repeat(60)] }] }),
      `  hybrid-mcp:gateway.servers.0.scopes.0.tools.1: "${"x".repeat(60)}" is no name that clients take: at the gateway it is wiki_${"x".repeat(60)}, which may have 64 letters, digits, _, - and .`,
    ],
    [
      "a server of the name of a service",
      withServer({ name: "n8n", scopes: [{ name: "n8n:read", description: "Read" }] }),
      expect.stringMatching(/^ {2}hybrid-mcp:gateway\.servers: .* has the name of a service$/),
    ],
    [
      "a server that is called with a connection that nobody can have",
      withServer({ auth: { kind: "connection", of: "google" } }),
      "  hybrid-mcp:auth.connections.google: is missing; wiki of gateway.servers is called with people's connections to google",
    ],
    [
      "a server that is called with a connection that there is not",
      withServer({ auth: { kind: "connection", of: "wiki" } }),
      '  hybrid-mcp:gateway.servers.0.auth.of: "wiki" is not allowed; allowed: coda, github, firecrawl, google, n8n',
    ],
    [
      "a tool to leave out that there is not",
      withServices({ coda: { tools: { exclude: ["list_dogs"] } } }),
      '  hybrid-mcp:services.coda.tools: {"exclude":["list_dogs"]} names what is not there: There is no tool "list_dogs" to leave out.',
    ],
    [
      "a toolset that there is not",
      withServices({ coda: { tools: { toolsets: ["dogs"] } } }),
      expect.stringMatching(
        /^ {2}hybrid-mcp:services\.coda\.tools: \{"toolsets":\["dogs"\]\} names what is not there: There is no toolset "dogs"; the toolsets are: .*docs/,
      ),
    ],
    [
      "telemetry that goes nowhere",
      { ...good, "hybrid-mcp:telemetry": '{"tracesUrl":"collector:4318"}' },
      expect.stringMatching(/^ {2}hybrid-mcp:telemetry\.tracesUrl: "collector:4318" is not allowed/),
    ],
    [
      "backups that go nowhere",
      { ...good, "hybrid-mcp:backup": '{"repository":"backups"}' },
      '  hybrid-mcp:backup.repository: "backups" must be a folder such as /srv/backups, or s3:https://<host>/<bucket>',
    ],
    [
      "keys in the address of the backups",
      {
        ...good,
        "hybrid-mcp:backup": '{"repository":"s3:https://id:key@fra1.digitaloceanspaces.com/bucket"}',
        "hybrid-mcp:backupSecrets": '{"accessKeyId":"id","secretAccessKey":"key"}',
      },
      '  hybrid-mcp:backup.repository: "s3:https://…@fra1.digitaloceanspaces.com/bucket" must be a folder such as /srv/backups, or s3:https://<host>/<bucket>',
    ],
    [
      "a time that there is not",
      { ...good, "hybrid-mcp:backup": '{"schedule":"24:00"}' },
      '  hybrid-mcp:backup.schedule: "24:00" must be a time of the day (UTC) such as 03:15',
    ],
    [
      "backups of no day",
      { ...good, "hybrid-mcp:backup": '{"keep":{"daily":0}}' },
      "  hybrid-mcp:backup.keep.daily: 0 is too small: expected number to be >=1",
    ],
    [
      "a server that is let in with a secret that there is not",
      withServer({ auth: { kind: "header" } }),
      "  hybrid-mcp:serverSecrets.wiki: is missing; gateway.servers says that wiki is let in with it; set it with: " +
        "pulumi config set --secret --path hybrid-mcp:serverSecrets.wiki <value of the header>",
    ],
    [
      "a secret of a server that there is not",
      { ...withServer({}), "hybrid-mcp:serverSecrets": '{"wikki":"s3cr3t"}' },
      "  hybrid-mcp:serverSecrets.wikki: no server of gateway.servers has this name",
    ],
    [
      "a secret in a server's URL",
      withServer({ url: "https://u:p@wiki.example.com/mcp" }),
      expect.stringMatching(
        /^ {2}hybrid-mcp:gateway\.servers\.0\.url: "https:\/\/…@wiki\.example\.com\/mcp" must have no user name or password in it/,
      ),
    ],
    [
      "a tool under two scopes",
      withServer({
        scopes: ["read", "write"].map((what) => ({ name: `wiki:${what}`, description: "x", tools: ["edit"] })),
      }),
      expect.stringMatching(/^ {2}hybrid-mcp:gateway\.servers\.0\.scopes: .* lists a tool twice$/),
    ],
    [
      "a scope that is a product's",
      withServer({ scopes: [{ name: "wiki:connect", description: "x" }] }),
      '  hybrid-mcp:gateway.servers.0.scopes.0.name: "wiki:connect" must be <name>:<what>, and not <name>:connect',
    ],
    [
      "two products of the same name",
      withAuth({ products: Array(2).fill({ name: "crm", clientIds: ["x"], services: ["coda"] }) }),
      expect.stringMatching(/^ {2}hybrid-mcp:auth\.products: .* has a name twice$/),
    ],
    ["a key that is named twice", withAuth({ keys: ["1", "1"] }), '  hybrid-mcp:auth.keys: ["1","1"] has a name twice'],
    [
      "no way to sign in",
      withAuth({ providers: [] }),
      "  hybrid-mcp:auth.providers: [] must name at least one of: github, google",
    ],
  ];
  test.each(cases)("%s", (_, flat, error) => {
    expect(parseConfig(flat).errors).toEqual([error]);
  });

  test("everything that is missing is said at once", () => {
    expect(parseConfig({}).errors).toEqual([
      "  hybrid-mcp:domain: is missing",
      "  hybrid-mcp:cloudflare: is missing",
      "  hybrid-mcp:auth: is missing",
      expect.stringContaining("  hybrid-mcp:auth.connections.github: is missing; people connect their GitHub accounts"),
      expect.stringContaining("  hybrid-mcp:droplet.sshPublicKey: is missing"),
      expect.stringContaining("  hybrid-mcp:droplet.sshAllow: is missing"),
    ]);
  });

  test("a droplet that nobody may reach is refused before it is made", () => {
    const { errors } = parseConfig(withServices({ coda: { placement: "droplet" } }));
    expect(errors).toHaveLength(2);
    expect(errors![1]).toMatch(
      /^ {2}hybrid-mcp:droplet\.sshAllow: is missing; .* name the addresses from which you deploy/,
    );
  });

  test("what is missing is told beside a value that is wrong", () => {
    const { "hybrid-mcp:clientSecrets": _, ...flat } = withServices({ coda: { placement: "moon" } });
    expect(parseConfig(flat).errors).toEqual([
      expect.stringContaining('"moon" is not allowed'),
      expect.stringContaining("clientSecrets.github: is missing"),
    ]);
  });

  test("keys that S3 storage needs are named with the commands that set them", () => {
    const backup = { "hybrid-mcp:backup": '{"repository":"s3:https://fra1.digitaloceanspaces.com/bucket/n8n"}' };
    const n8n = {
      ...withServices({ n8n: { enabled: true } }),
      "hybrid-mcp:droplet": '{"dockerHost":"unix:///var/run/docker.sock"}',
    };
    const set = (key: string) =>
      `  hybrid-mcp:backupSecrets.${key}: is missing; backup.repository is S3 storage, which lets in with it; set it with: ` +
      `pulumi config set --secret --path hybrid-mcp:backupSecrets.${key} <key>`;
    expect(parseConfig({ ...n8n, ...backup }).errors).toEqual([set("accessKeyId"), set("secretAccessKey")]);
    // Without an n8n there are no backups.
    expect(parseConfig({ ...good, ...backup }).errors).toBeUndefined();
    const secrets = { "hybrid-mcp:backupSecrets": '{"accessKeyId":"DO00","secretAccessKey":"s3cr3t"}' };
    expect(parseConfig({ ...n8n, ...backup, ...secrets }).errors).toBeUndefined();
  });

  test("several errors come together", () => {
    const { errors } = parseConfig({
      ...withServices({ coda: { placement: "moon" }, nosuch: {} }),
      "hybrid-mcp:domain": "x y",
    });
    expect(errors).toHaveLength(3);
  });

  test("a secret that is needed and missing is named with the command that sets it", () => {
    const { "hybrid-mcp:clientSecrets": _, ...flat } = good;
    expect(parseConfig(flat).errors).toEqual([
      "  hybrid-mcp:clientSecrets.github: is missing; set it with: pulumi config set --secret --path hybrid-mcp:clientSecrets.github <secret>",
    ]);
  });

  test("a provider that is offered without its client id is named", () => {
    const flat = { ...withAuth({ providers: ["google"] }), "hybrid-mcp:clientSecrets": '{"google":"s"}' };
    expect(parseConfig(flat).errors).toEqual([
      "  hybrid-mcp:auth.google: is missing; auth.providers offers it; give its clientId",
    ]);
  });

  test.each([
    ["clientSecrets", '{"github":"s3cr3t","nosuch":"s3cr3t"}'],
    ["clientSecrets", '{"github":{"oops":"s3cr3t"}}'],
    ["sharedConnections", '{"coda":["s3cr3t"]}'],
    ["sharedConnections", '"s3cr3t"'],
    ["backupSecrets", '{"passphrase":["s3cr3t"]}'],
  ])("a secret's value is never repeated: %s %s", (key, value) => {
    const { errors } = parseConfig({ ...good, [`hybrid-mcp:${key}`]: value });
    expect(errors).toHaveLength(1);
    expect(errors![0]).not.toContain("s3cr3t");
  });
});

test("allowDataLoss names what is protected, keys by their names in auth.keys; anything else is told with what there is", () => {
  const allowing = (names: unknown) => parseConfig({ ...good, "hybrid-mcp:allowDataLoss": JSON.stringify(names) });
  expect(allowing(["audit", "vault-key-2026"]).config?.allowDataLoss).toEqual(["audit", "vault-key-2026"]);
  expect(parseConfig(good).config?.allowDataLoss).toEqual([]);
  // Of what the table does not list, too; but not by its name alone, which may be mistyped.
  expect(allowing(["unlisted:archive"]).config?.allowDataLoss).toEqual(["unlisted:archive"]);
  expect(allowing(["unlisted:"]).errors).toHaveLength(1);
  expect(allowing(["audit", "adit"]).errors?.join()).toMatch(
    /hybrid-mcp:allowDataLoss\.1: "adit" names nothing that is protected; allowed: sessions, audit, /,
  );
});

test("deadlines are read out of a config that hides its secrets, and are the usual ones where it hides them too", () => {
  const hidden = { ...good, "hybrid-mcp:clientSecrets": "[secret]", "hybrid-mcp:droplet": "[secret]" };
  const flat = {
    ...hidden,
    "hybrid-mcp:cutover": '{"gateSeconds":7}',
    "hybrid-mcp:services": '{"n8n":{"startSeconds":9}}',
  };
  const usual = { confirmSeconds: 15, drainSeconds: 60, readySeconds: 900 };
  expect(deadlinesOf(flat)).toEqual({ ...usual, gateSeconds: 7, startSeconds: 9 });
});
