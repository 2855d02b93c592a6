import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type PolicyResource, Secret, unknownCheckingProxy } from "@pulumi/policy";
import { describe, expect, test } from "vitest";
import { serviceTools } from "../service-tools.ts";
import { withoutHealthcheck } from "./healthchecks.ts";
import { movableCustomDomain } from "./hostnames.ts";
import { unpinnedImages } from "./images.ts";
import { publicInbound, publishedPorts } from "./inbound.ts";
import { privilegeProblems } from "./privileges.ts";
import { unprotected } from "./protection.ts";
import { type Inspected, inspected, olderTypes, readable, types, UNKNOWN } from "./resource.ts";
import { openSecrets, secretPaths } from "./secrets.ts";
import { toolNameProblems } from "./tools.ts";

/** Each rule by itself: what it finds, and what it leaves alone. The engine runs them in policy-pack.test.ts. */

const DIGEST = `@sha256:${"a".repeat(64)}`;

const resource = (type: keyof typeof types, name: string, props: object = {}, opts = {}): Inspected => ({
  type: types[type],
  name,
  props: props as Record<string, unknown>,
  opts: { protect: false, ...opts },
});
const container = (props: object, name = "coda") => resource("container", name, props);
/** What is said about which resource. */
const said = (found: [Inspected | undefined, string][]) => found.map(([each, problem]) => `${each?.name}: ${problem}`);

test("what a preview cannot know is read as unknown, however deep it is", () => {
  const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"; // Pulumi's own mark of a string that is not known
  const props = unknownCheckingProxy({ a: 1, envs: ["A=1", unknown], deep: { list: [{ id: unknown }] } });
  expect(readable(props)).toEqual({ a: 1, envs: ["A=1", UNKNOWN], deep: { list: [{ id: UNKNOWN }] } });
});

test("every older name that an SDK has for a type of the rules is known", () => {
  const known = Object.entries(olderTypes).map(([older, type]) => [type, older]);
  const found = ["cloudflare", "digitalocean", "docker", "random"].flatMap((sdk) => {
    const folder = dirname(fileURLToPath(import.meta.resolve(`@pulumi/${sdk}`)));
    return readdirSync(folder)
      .filter((file) => file.endsWith(".js"))
      .map((file) => readFileSync(join(folder, file), "utf8"))
      .flatMap((code) => {
        const type = /__pulumiType = '(.+)'/.exec(code)?.[1];
        const aliases = /aliases: \[(.+)\]/.exec(code)?.[1] ?? "";
        return [...aliases.matchAll(/type: "([^"]+)"/g)].map(([, alias]) => [type, alias]);
      })
      .filter(([type]) => (Object.values(types) as (string | undefined)[]).includes(type));
  });
  expect(found.length).toBeGreaterThan(2);
  for (const pair of found) expect(known).toContainEqual(pair);
});

test("a resource under an older name is looked at as what it is", () => {
  const made = (type: string, props: object) => inspected({ type, name: "x", props, opts: {} } as PolicyResource);
  const tunnel = made("cloudflare:index/tunnel:Tunnel", {});
  const script = made("cloudflare:index/workerScript:WorkerScript", { migrations: { newClasses: ["A"] } });
  expect(unprotected([tunnel, script], [])).toHaveLength(2);
  const domain = made("cloudflare:index/workerDomain:WorkerDomain", { hostname: "coda-mcp.example.com" });
  expect(movableCustomDomain(domain)).toContain("a Custom Domain on coda-mcp.example.com");
});

describe("no-public-inbound", () => {
  const firewall = (...inboundRules: object[]) => [resource("firewall", "firewall", { inboundRules })];
  const ssh = (...sourceAddresses: unknown[]) => ({ protocol: "tcp", portRange: "22", sourceAddresses });
  const found = (resources: Inspected[], sshAllow = ["203.0.113.7/32"], adoptsDroplet = false) =>
    said(publicInbound(resources, { sshAllow, adoptsDroplet }));

  test("SSH from the allow-list is let in, and a firewall that lets nothing in is good", () => {
    expect(found(firewall(ssh("203.0.113.7/32")))).toEqual([]);
    expect(found(firewall())).toEqual([]);
  });

  test.each([
    ["another port", { ...ssh("203.0.113.7/32"), portRange: "443" }, "It lets in tcp 443."],
    ["another protocol", { ...ssh("203.0.113.7/32"), protocol: "udp" }, "It lets in udp 22."],
    ["an address that the config does not name", ssh("0.0.0.0/0"), "from 0.0.0.0/0, which hybrid-mcp:droplet.sshAllow"],
    ["an address that is not known yet", ssh(UNKNOWN), "which hybrid-mcp:droplet.sshAllow does not name"],
    ["droplets by their tag", { ...ssh(), sourceTags: ["all"] }, "It lets in SSH by sourceTags."],
  ])("%s is refused", (_, rule, problem) => {
    expect(found(firewall(rule))).toEqual([expect.stringContaining(`firewall: `)]);
    expect(found(firewall(rule))[0]).toContain(problem);
  });

  test.each([
    ["0.0.0.0/0"],
    ["::/0"],
    // All of it, in halves and in a few hundred parts.
    ["0.0.0.0/1", "128.0.0.0/1"],
    ["203.0.0.0/15"],
    ["2001::/31"],
  ])("an allow-list of everybody, %s, is none", (...ranges) => {
    expect(found(firewall(ssh(...ranges)), ranges)[0]).toContain("too many: /16 (IPv4) and /32 (IPv6) are the widest");
  });

  test("one of an organisation's networks is good", () => {
    const ranges = ["203.0.0.0/16", "2001:db8::/32"];
    expect(found(firewall(ssh(...ranges)), ranges)).toEqual([]);
  });

  test("a droplet that no firewall stands before is open; the one that was adopted is left alone", () => {
    const droplet = resource("droplet", "droplet");
    const other = resource("droplet", "other");
    const before = (dropletIds: unknown, ...madeOf: Inspected[]): Inspected[] => [
      { ...resource("firewall", "firewall", { dropletIds }), madeOf: { dropletIds: madeOf } },
    ];
    for (const firewalls of [[], before([]), before([], droplet), before([123]), before([UNKNOWN], other)]) {
      expect(found([droplet, ...firewalls]), JSON.stringify(firewalls)).toEqual([
        expect.stringContaining("droplet: It has no firewall"),
      ]);
    }
    for (const ids of [UNKNOWN, [UNKNOWN], [123]]) expect(found([droplet, ...before(ids, droplet)])).toEqual([]);
    expect(found([droplet], [], true)).toEqual([]);
    expect(found([droplet, other], [], true)).toEqual([expect.stringContaining("other: It has no firewall")]);
  });
});

describe("no-published-ports", () => {
  test.each([
    [{ ports: [{ internal: 8085, external: 80 }] }, "It publishes the port 80."],
    [{ publishAllPorts: true }, "It publishes all its ports."],
    [{ networkMode: "host" }, "It is in the machine's own network"],
  ])("%j is refused", (props, problem) => {
    expect(publishedPorts(container(props))).toEqual([expect.stringContaining(problem)]);
  });

  test("a container in networks of its own is good", () => {
    expect(publishedPorts(container({ networksAdvanced: [{ name: "hybrid-mcp" }], networkMode: "none" }))).toEqual([]);
  });
});

describe("pinned-images", () => {
  const image = (props: object) => resource("image", "image", props);
  const build = (buildArgs: object, name = "hybrid-mcp/workerd:1") =>
    image({ name, build: { context: "x", buildArgs } });
  const nothingLocal = { localImages: [], engineIsLocal: true };
  const read = () => "FROM scratch\n";
  const found = (resources: Inspected[], localImages: string[] = [], engineIsLocal = true) =>
    said(unpinnedImages(resources, { localImages, engineIsLocal }, read));

  test("a tag is refused, and what is built on one", () => {
    expect(found([image({ name: "redis:7" })])[0]).toContain("image: It is redis:7. Pin it by its digest");
    expect(found([image({ name: `redis:7@sha256:abc` })])).toHaveLength(1);
    expect(found([build({ BASE: "debian:bookworm-slim" })])[0]).toContain("It is built with BASE debian:bookworm-slim");
    expect(found([container({ image: "n8nio/n8n:latest" })])[0]).toContain("Its image is n8nio/n8n:latest");
  });

  test("a digest, an id, an image of this stack and one that is not known yet are good", () => {
    const runtime = build({ BASE: `debian:bookworm-slim${DIGEST}` });
    const service = build({ RUNTIME: "hybrid-mcp/workerd:1", PORT: "8085" }, "hybrid-mcp/coda:1");
    const ids = [container({ image: DIGEST.slice(1) }), container({ image: UNKNOWN })];
    expect(found([image({ name: `redis:7${DIGEST}` }), runtime, service, ...ids])).toEqual([]);
  });

  test("one without a digest passes only if the config says that it was made here", () => {
    const local = ["hybrid-mcp/base:bookworm-1"];
    expect(found([build({ BASE: local[0] })], local)).toEqual([]);
    expect(found([build({ BASE: "hybrid-mcp/base:other" })], local)).toHaveLength(1);
  });

  test("and not where the engine is another machine's", () => {
    const local = ["n8nio/n8n:latest"];
    expect(found([image({ name: local[0] })], local, true)).toEqual([]);
    expect(found([image({ name: local[0] })], local, false)).toEqual([
      expect.stringContaining("image: It is n8nio/n8n:latest. hybrid-mcp:droplet.imagesAreLocal lets it pass on a"),
    ]);
  });

  test.each([
    ["FROM redis:7\n", ["redis:7"]],
    ["ARG REDIS=redis:7\nFROM --platform=linux/amd64 $REDIS AS one\n", ["redis:7"]],
    ["FROM $NOBODY\n", ["$NOBODY"]],
    [`FROM a${DIGEST} AS One\nCOPY --from=redis:7 / /\nCOPY --from=one / /\nCOPY --from=0 / /\n`, ["redis:7"]],
    [`FROM a${DIGEST}\nRUN --mount=type=cache,target=/c --mount=type=bind,from=redis:7,target=/r true\n`, ["redis:7"]],
    [`# syntax=docker/dockerfile:1\nFROM a${DIGEST}\n`, ["docker/dockerfile:1"]],
    [`FROM a${DIGEST} AS one\nFROM one\n`, []],
    // It is looked at where it is given.
    ["ARG BASE\nFROM $BASE\n", []],
  ])("of the Dockerfile %j, %j is refused", (dockerfile, images) => {
    const resources = [build({ BASE: `debian:12${DIGEST}` })];
    expect(said(unpinnedImages(resources, nothingLocal, () => dockerfile))).toEqual(
      images.map((name) => expect.stringContaining(`image: Its Dockerfile takes ${name}. Pin it by its digest`)),
    );
  });

  test("a build whose Dockerfile is not here is refused", () => {
    const resources = [image({ name: "mine:1", build: { context: "https://example.com/repository.git" } })];
    expect(said(unpinnedImages(resources, nothingLocal))).toEqual([
      expect.stringContaining("image: Its Dockerfile is not found in https://example.com/repository.git."),
    ]);
  });

  test("what Pulumi builds itself, and services of a Swarm, are looked at too", () => {
    const built = (props: object) => resource("builtImage", "built", props);
    const service = (image: string) => resource("swarmService", "service", { taskSpec: { containerSpec: { image } } });
    expect(found([built({ imageName: "redis:7" })])).toEqual([expect.stringContaining("built: It is redis:7.")]);
    expect(found([built({ imageName: "mine:1", build: { context: "x", args: { BASE: "debian:12" } } })])).toEqual([
      expect.stringContaining("built: It is built with BASE debian:12."),
    ]);
    expect(found([service("redis:7")])).toEqual([expect.stringContaining("service: Its image is redis:7.")]);
    const mine = built({ imageName: "mine:1", build: { context: "x", args: { BASE: `debian:12${DIGEST}` } } });
    expect(found([mine, service("mine:1"), service(`redis:7${DIGEST}`), container({ image: "mine:1" })])).toEqual([]);
  });
});

describe("healthchecks", () => {
  const found = (resource: Inspected, dockerfile?: string) => withoutHealthcheck([resource], () => dockerfile);
  const healthcheck = (...tests: string[]) => ({ healthcheck: { tests } });
  const built = { ...container({}), madeOf: { image: [resource("image", "coda-image", { build: { context: "c" } })] } };

  test("a container that stays without one is found, also where the image's is switched off", () => {
    expect(found(container({}))).toHaveLength(1);
    expect(found(container(healthcheck("NONE")))).toHaveLength(1);
    expect(found(built, "FROM scratch\n")).toHaveLength(1);
    expect(found(built, "FROM scratch\nHEALTHCHECK NONE\n")).toHaveLength(1);
    expect(found(built, undefined)).toHaveLength(1);
  });

  test("its own, its Dockerfile's, or none for what ends by itself are good", () => {
    expect(found(container(healthcheck("CMD", "true")))).toEqual([]);
    expect(found(built, 'FROM scratch\nHEALTHCHECK CMD ["true"]\n')).toEqual([]);
    expect(found(container({ mustRun: false, restart: "no" }))).toEqual([]);
  });

  test.each(["always", "unless-stopped"])("one that may end and is started again (%s) stays", (restart) => {
    expect(found(container({ mustRun: false, restart }))).toHaveLength(1);
  });

  test("of a Dockerfile, the last word of the stage that is built counts", () => {
    const check = 'HEALTHCHECK CMD ["true"]\n';
    expect(found(built, `FROM a AS first\n${check}FROM b\nCOPY --from=first / /\n`)).toHaveLength(1);
    expect(found(built, `from a\n${check}from b\n`)).toHaveLength(1);
    expect(found(built, `FROM a\n${check}HEALTHCHECK NONE\n`)).toHaveLength(1);
    expect(found(built, `FROM a AS first\nFROM b\n${check}`)).toEqual([]);
    expect(found(built, `FROM a AS first\n${check}FROM first\n`)).toEqual([]);
    expect(found(built, `FROM a AS first\n${check}FROM first\nHEALTHCHECK NONE\n`)).toHaveLength(1);
    const of = (build: object) => ({ ...container({}), madeOf: { image: [resource("image", "i", { build })] } });
    const first = of({ context: "c", target: "first" });
    expect(found(first, `FROM a AS first\nFROM b\n${check}`)).toHaveLength(1);
    expect(found(first, `FROM a AS first\n${check}FROM b\n`)).toEqual([]);
    const other = of({ context: "../droplet/workerd", dockerfile: "service.Dockerfile" });
    expect(withoutHealthcheck([other])).toEqual([]);
  });

  test("the Dockerfiles of the platform's own images have one", () => {
    const context = (name: string) => resource("image", name, { build: { context: `../droplet/${name}` } });
    expect(withoutHealthcheck([{ ...container({}), madeOf: { image: [context("backup")] } }])).toEqual([]);
    expect(withoutHealthcheck([{ ...container({}), madeOf: { image: [context("nowhere")] } }])).toHaveLength(1);
  });
});

describe("secrets-are-secret", () => {
  /** As the engine hands it over: what is secret is a `Secret`; rules see the value, and apart from it the paths. */
  const found = (type: keyof typeof types, props: Record<string, unknown>) => {
    const open = (value: unknown): unknown =>
      value instanceof Secret
        ? open(value.value)
        : Array.isArray(value)
          ? value.map(open)
          : typeof value === "object" && value !== null
            ? Object.fromEntries(Object.entries(value).map(([key, each]) => [key, open(each)]))
            : value;
    return openSecrets(resource(type, "x", open(props) as object), secretPaths(props));
  };
  const binding = (name: string, type: string, value: unknown) => ({
    name,
    type,
    [type === "json" ? "json" : "text"]: value,
  });

  test.each([
    [
      "a secret_text whose value is not secret",
      binding("VAULT_KEYS", "secret_text", "k"),
      "value of its binding VAULT_KEYS",
    ],
    ["a plain_text with a secret's name", binding("GITHUB_CLIENT_SECRET", "plain_text", "s"), "looks like a secret"],
    ["a secret value in a plain_text", binding("MODE", "plain_text", new Secret("s")), "MODE holds a secret"],
    ["a secret value in a json", binding("CONFIG", "json", new Secret("{}")), "CONFIG holds a secret and is json"],
    ["a URL with a password", binding("DB", "plain_text", "postgres://a:b@db/x"), "DB holds a URL with a password"],
    ["a name in another spelling", binding("apiKey", "plain_text", "k"), "Its binding apiKey looks like a secret"],
    ["a secret within JSON", binding("CONFIG", "json", '{"coda":{"apiKey":"k"}}'), "coda.apiKey in its binding CONFIG"],
  ])("of a Worker: %s", (_, each, problem) => {
    for (const type of ["script", "scriptVersion"] as const) {
      expect(found(type, { bindings: [each] })).toEqual([expect.stringContaining(problem)]);
    }
  });

  test("of a Worker: what is bound as it should be", () => {
    const bindings = [
      binding("VAULT_KEYS", "secret_text", new Secret("k")),
      binding("TOOLS", "plain_text", '{"readOnly":true}'),
      binding("ISSUER", "plain_text", "https://auth.example.com"),
      binding("POLICY", "plain_text", '{"issuer":"https://auth.example.com:8443","people":["ada@example.com"]}'),
      { name: "BROKER", type: "service", service: "hybrid-mcp-oauth-broker" },
    ];
    expect(found("script", { bindings })).toEqual([]);
    // Of a list with a secret in it, providers that know no secrets have the engine hide the whole.
    expect(found("script", { bindings: new Secret([binding("VAULT_KEYS", "secret_text", "k")]) })).toEqual([]);
  });

  test.each([
    "TUNNEL_TOKEN=t",
    "DB_POSTGRESDB_PASSWORD=p",
    "PGPASSWORD=p",
    "RABBITMQ_DEFAULT_PASS=p",
    "N8N_ENCRYPTION_KEY=k",
    "AWS_SECRET_ACCESS_KEY=k",
    "SERVICE_SECRET=s",
    "QUEUE=amqp://user:password@rabbitmq:5672",
    "OPENAI_APIKEY=k",
    "DB_PWD=p",
    "SLACK_WEBHOOK_URL=https://hooks.slack.com/services/x",
    "REPOSITORY=https://ghp_x@github.com/acme/x",
  ])("of a container: %s in clear is found, and not where it is secret", (env) => {
    expect(found("container", { envs: ["PORT=1", env] })[0]).toContain(
      `Its variable ${env.split("=")[0]} is not marked`,
    );
    expect(found("container", { envs: ["PORT=1", new Secret(env)] })).toEqual([]);
  });

  test("of a container: what looks like none is left alone", () => {
    const envs = [
      "N8N_SECURE_COOKIE=true",
      "BROKER_URL=http://10.0.0.1:8789",
      "REVISION=abc",
      "TOOLS={}",
      "AWS_ACCESS_KEY_ID=id",
      "SSH_PUBLIC_KEY=ssh-ed25519 AAAA",
      "N8N_WEBHOOK_URL=https://n8n.example.com/",
      "PWD=/home/node",
      "DOCKER_HOST=ssh://root@droplet.example.com",
      "SCOPE=https://example.com/a@b",
    ];
    expect(found("container", { envs })).toEqual([]);
    const command = ["cloudflared", "--token", new Secret("t"), "run", "--token-file", "/t", "--no-password", "db"];
    expect(found("container", { command })).toEqual([]);
    expect(found("container", { entrypoints: ["bash", "-c"], command: ['PGPASSWORD="$PASSWORD" psql'] })).toEqual([]);
    expect(found("container", { labels: [{ label: "hybrid-mcp-role", value: "backup" }] })).toEqual([]);
  });

  test.each([
    [["cloudflared", "run", "--token", "t"], "token in its command"],
    [["redis-server", "--api-key=k"], "api-key in its command"],
    [["sh", "-c", "export PGPASSWORD='p'; psql"], "PGPASSWORD in its command"],
    [["git", "clone", "https://ghp_x@github.com/acme/x"], "A URL with a password in its command"],
  ])("of a container's command: %j is found", (command, problem) => {
    expect(found("container", { command })).toEqual([expect.stringContaining(problem)]);
    expect(found("container", { command: new Secret(command) })).toEqual([]);
  });

  test("of a container: labels and uploads are looked at", () => {
    expect(found("container", { labels: [{ label: "acme.api-key", value: "k" }] })).toEqual([
      expect.stringContaining("Its label acme.api-key is not marked as secret"),
    ]);
    for (const key of ["content", "contentBase64"]) {
      expect(found("container", { uploads: [{ file: "/app/.env", [key]: "eA==" }] })).toEqual([
        expect.stringContaining("Its upload /app/.env is not marked as secret"),
      ]);
      expect(found("container", { uploads: [{ file: "/app/.env", [key]: new Secret("eA==") }] })).toEqual([]);
    }
  });

  test("of a container: what is not known yet holds it not up", () => {
    const unknown = {
      envs: [UNKNOWN],
      command: ["run", "--token", UNKNOWN],
      labels: [{ label: "api-key", value: UNKNOWN }],
      uploads: [{ file: "/x", content: UNKNOWN }],
    };
    expect(found("container", unknown)).toEqual([]);
  });

  test("of anything else: by the names of its inputs", () => {
    expect(found("tunnel", { tunnelSecret: "s" })).toEqual([
      "Its tunnelSecret is not marked as secret. Make it with pulumi.secret(…).",
    ]);
    expect(found("tunnel", { tunnelSecret: new Secret("s"), name: "x" })).toEqual([]);
    expect(found("droplet", { userData: "#cloud-config" })[0]).toContain("Its userData is not marked");
    expect(found("droplet", { userData: new Secret("#cloud-config") })).toEqual([]);
    const alerts = { slacks: [{ channel: "#ops", url: "https://hooks.slack.com/x" }] };
    expect(found("input", { alerts })[0]).toContain("Its alerts.slacks.0.url");
    expect(found("input", { clientSecretVersion: 1, tokenId: "x" })).toEqual([]);
  });
});

describe("no-custom-domain", () => {
  const domain = (hostname: unknown) => movableCustomDomain(resource("customDomain", "x", { hostname }));

  test("one on the hostname of a service that moves, or on one that is not known, is refused", () => {
    expect(domain("coda-mcp.example.com")).toContain("a Custom Domain on coda-mcp.example.com");
    expect(domain("CODA-MCP.Example.com")).toContain("a Custom Domain on CODA-MCP.Example.com");
    expect(domain(UNKNOWN)).toContain("not known yet");
  });

  test("elsewhere it may be", () => {
    expect(domain("www.example.com")).toBeUndefined();
    expect(movableCustomDomain(resource("script", "x", { hostname: "coda-mcp.example.com" }))).toBeUndefined();
  });
});

describe("protected-data", () => {
  const stateful = [
    resource("namespace", "sessions"),
    resource("database", "audit"),
    resource("volume", "data"),
    resource("tunnel", "tunnel"),
    resource("dockerVolume", "n8n-data", { driver: "local" }),
    resource("script", "oauth-broker-script", { migrations: { newSqliteClasses: ["ConnectionKeeper"] } }),
    resource("password", "n8n-encryption-key"),
    resource("bytes", "host-key-seed"),
    resource("bytes", "vault-key-1"),
  ];
  const unlisted = [
    resource("randomId", "id"),
    resource("randomString", "string"),
    resource("bucket", "files"),
    resource("script", "steps-script", { migrations: { steps: [{ newClasses: ["A"] }, { newSqliteClasses: ["B"] }] } }),
  ];

  test.each([
    ...stateful.map((each) => [each.name, each] as const),
    ...unlisted.map((each) => [`unlisted:${each.name}`, each] as const),
  ])("%s has to be protected", (name, each) => {
    const found = said(unprotected([each], []));
    expect(found).toEqual([expect.stringContaining(`hybrid-mcp:allowDataLoss: [${name}]`)]);
    expect(unprotected([{ ...each, opts: { ...each.opts, protect: true } }], [])).toEqual([]);
    expect(unprotected([each], [name])).toEqual([]);
    expect(unprotected([each], ["another"])).toHaveLength(1);
  });

  test.each([
    ["at once", { deletedClasses: ["ConnectionKeeper"] }],
    ["as a step", { steps: [{ newSqliteClasses: ["New"] }, { deletedClasses: ["ConnectionKeeper"] }] }],
  ])("a migration that deletes Durable Objects, %s, is one that the config has to allow", (_, migrations) => {
    const script = resource("script", "oauth-broker-script", { migrations }, { protect: true });
    const found = said(unprotected([script], []));
    expect(found).toEqual([expect.stringContaining("migrations delete what its Durable Objects (ConnectionKeeper)")]);
    expect(found[0]).toContain("hybrid-mcp:allowDataLoss: [oauth-broker-script]");
    expect(unprotected([script], ["oauth-broker-script"])).toEqual([]);
  });

  test("what holds nothing, or stands for a folder that outlives it, need not be", () => {
    const free = [
      resource("dockerVolume", "backup-work"),
      resource("dockerVolume", "n8n-data", { driverOpts: { device: "/mnt/hybrid-mcp-data/n8n" } }),
      resource("script", "coda-script", {}),
      resource("password", "crm-product-secret"),
      resource("bytes", "machine"),
      resource("container", "coda"),
    ];
    expect(unprotected(free, [])).toEqual([]);
  });

  test("of keys that are rotated, the one in use has to be, older ones need not", () => {
    const older = resource("bytes", "vault-key-1");
    const newer = resource("bytes", "vault-key-2", {}, { protect: true });
    expect(unprotected([older, newer], [])).toEqual([]);
    expect(said(unprotected([older, resource("bytes", "signing-key-2", {}, { protect: true })], []))).toHaveLength(1);
  });
});

describe("tool-names", () => {
  test("those of the services are good", () => {
    const all = Object.fromEntries(Object.entries(serviceTools).map(([name, { tools }]) => [name, tools]));
    expect(Object.values(all).flat().length).toBeGreaterThan(200);
    expect(toolNameProblems(all)).toEqual([]);
  });

  test.each([
    ["too long", { coda: [{ name: "x".repeat(60), scope: "coda:read" }] }, "(65 characters) at the gateway"],
    [
      "with a letter that clients refuse",
      { coda: [{ name: "list docs", scope: "coda:read" }] },
      "Clients take letters",
    ],
    [
      "twice, by one service or by two",
      {
        a: [
          { name: "b_c", scope: "a:read" },
          { name: "d", scope: "a:read" },
        ],
        a_b: [{ name: "c", scope: "a_b:read" }],
      },
      "are both a_b_c at the gateway",
    ],
    ["with another service's scope", { coda: [{ name: "list", scope: "github:read" }] }, "a scope of another service"],
  ])("a name %s is refused", (_, tools, problem) => {
    expect(toolNameProblems(tools)).toEqual([expect.stringContaining(problem)]);
  });
});

describe("least-privilege", () => {
  const good = {
    capabilities: { drops: ["ALL"] },
    securityOpts: ["no-new-privileges:true"],
    readOnly: true,
    memory: 256,
    volumes: [{ volumeName: "x", containerPath: "/data" }],
  };
  const volume = (device: string) => resource("dockerVolume", "n8n-data", { driverOpts: { device } });

  test("what the platform gives its containers is good", () => {
    expect(privilegeProblems(container(good))).toEqual([]);
    const postgres = { ...good, capabilities: { drops: ["ALL"], adds: ["CHOWN", "CAP_SETUID"] } };
    expect(privilegeProblems(container(postgres))).toEqual([]);
    expect(privilegeProblems(container({ ...good, readOnly: false }, "firecrawl-api"))).toEqual([]);
    expect(privilegeProblems(container({ ...good, memory: UNKNOWN }))).toEqual([]);
    for (const [name, hostPath] of [
      ["firecrawl-api", "/dev/null"],
      ["backup", "/srv/backups/"],
      ["n8n-prepare", "/var/backups"],
    ]) {
      expect(privilegeProblems(container({ ...good, volumes: [{ hostPath }] }, name))).toEqual([]);
    }
    // An n8n that was adopted has its data where it was.
    for (const device of ["/mnt/hybrid-mcp-data/n8n", "/srv/n8n", ":/export/n8n", "tmpfs"]) {
      expect(privilegeProblems(volume(device))).toEqual([]);
    }
    expect(privilegeProblems(resource("dockerVolume", "backup-work"))).toEqual([]);
  });

  test.each([
    "/",
    "//etc",
    "/mnt/../etc",
    "/var",
    "/var/lib/",
    "/var/lib/docker/x",
    "/home",
    "/dev/sda",
    "srv/backups",
  ])("%s is no folder for backups", (hostPath) => {
    expect(privilegeProblems(container({ ...good, volumes: [{ hostPath }] }, "backup"))).toEqual([
      `It gets ${hostPath} of the machine. Give it a volume with nothing but what it needs.`,
    ]);
  });

  test.each(["/etc", "/mnt/hybrid-mcp-data/../../etc", "//var/lib/docker/volumes", "/dev/sda1"])(
    "a Docker volume does not stand for %s",
    (device) => {
      expect(privilegeProblems(volume(device))).toEqual([expect.stringContaining(`It stands for ${device} of`)]);
      const mounts = [{ type: "volume", volumeOptions: { driverOptions: { type: "none", o: "bind", device } } }];
      expect(privilegeProblems(container({ ...good, mounts }))).toEqual([expect.stringContaining("It stands for")]);
    },
  );

  test("a service of a Swarm is none of the platform's containers", () => {
    expect(privilegeProblems(resource("swarmService", "x"))).toEqual([expect.stringContaining("Docker Swarm")]);
  });

  test.each([
    [{ capabilities: undefined }, "Docker's default capabilities"],
    [{ capabilities: { drops: ["NET_RAW"] } }, "Docker's default capabilities"],
    [{ capabilities: { drops: ["ALL"], adds: ["SYS_ADMIN"] } }, "It gets the capabilities SYS_ADMIN."],
    [{ securityOpts: [] }, "can get more rights"],
    [{ securityOpts: ["no-new-privileges:true", "seccomp=unconfined"] }, "seccomp=unconfined"],
    [{ readOnly: false }, "can write to its own programs"],
    [{ memory: undefined }, "no limit of memory"],
    [{ privileged: true }, "It is privileged"],
    [{ pidMode: "host" }, "pidMode: host"],
    [{ devices: [{ hostPath: "/dev/sda" }] }, "devices of the machine"],
    [{ gpus: "all" }, "GPUs of the machine"],
    [{ volumes: [{ fromContainer: "n8n" }] }, "It gets all volumes of n8n"],
    [{ volumes: [{ hostPath: "/var/run/docker.sock" }] }, "It gets /var/run/docker.sock"],
    [{ mounts: [{ type: "bind", source: "/" }] }, "It gets / of the machine"],
    [{ volumes: [{ hostPath: "/srv/backups" }] }, "It gets /srv/backups of the machine"],
    [{ volumes: [{ hostPath: "/var/lib" }] }, "It gets /var/lib of the machine"],
    [{ volumes: [{ volumeName: "//etc" }] }, "It gets //etc of the machine"],
    [{ volumes: [{ hostPath: "/dev/null" }] }, "It gets /dev/null of the machine"],
  ])("%j is refused", (change, problem) => {
    expect(privilegeProblems(container({ ...good, ...change }))).toEqual([expect.stringContaining(problem)]);
  });
});
