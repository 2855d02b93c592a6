import { Secret, unknownCheckingProxy } from "@pulumi/policy";
import { describe, expect, test } from "vitest";
import { serviceTools } from "../service-tools.ts";
import { withoutHealthcheck } from "./healthchecks.ts";
import { movableCustomDomain } from "./hostnames.ts";
import { unpinnedImages } from "./images.ts";
import { publicInbound, publishedPorts } from "./inbound.ts";
import { privilegeProblems } from "./privileges.ts";
import { unprotected } from "./protection.ts";
import { type Inspected, readable, types, UNKNOWN } from "./resource.ts";
import { openSecrets, secretPaths } from "./secrets.ts";
import { toolNameProblems } from "./tools.ts";

/** Each rule by itself: what it finds, and what it leaves alone. The engine runs them in policy-pack.test.ts. */

const DIGEST = `@sha256:${"a".repeat(64)}`;

const resource = (type: keyof typeof types, name: string, props: object = {}, opts = {}): Inspected => ({
  type: types[type],
  name,
  props: props as Record<string, unknown>,
  opts: { protect: false, ignoreChanges: [], ...opts },
});
const container = (props: object, name = "coda") => resource("container", name, props);
/** What is said about which resource. */
const said = (found: [Inspected | undefined, string][]) => found.map(([each, problem]) => `${each?.name}: ${problem}`);

test("what a preview cannot know is read as unknown, however deep it is", () => {
  const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"; // Pulumi's own mark of a string that is not known
  const props = unknownCheckingProxy({ a: 1, envs: ["A=1", unknown], deep: { list: [{ id: unknown }] } });
  expect(readable(props)).toEqual({ a: 1, envs: ["A=1", UNKNOWN], deep: { list: [{ id: UNKNOWN }] } });
});

describe("no-public-inbound", () => {
  const firewall = (...inboundRules: object[]) => [resource("firewall", "firewall", { inboundRules })];
  const ssh = (...sourceAddresses: unknown[]) => ({ protocol: "tcp", portRange: "22", sourceAddresses });
  const found = (resources: Inspected[], allow = ["203.0.113.7/32"]) => said(publicInbound(resources, allow));

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

  test.each(["0.0.0.0/0", "::/0"])("an allow-list of everybody, %s, is none", (everybody) => {
    expect(found(firewall(ssh(everybody)), [everybody])[0]).toContain("that is everybody");
  });

  test("a droplet without a firewall is open; one that was adopted is left alone", () => {
    expect(found([resource("droplet", "droplet")])[0]).toContain("droplet: It has no firewall");
    expect(found([resource("droplet", "droplet", {}, { ignoreChanges: ["userData"] })])).toEqual([]);
    expect(found([resource("droplet", "droplet"), ...firewall()])).toEqual([]);
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
  const found = (resources: Inspected[], local: string[] = []) => said(unpinnedImages(resources, local));

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
    expect(found(container({ mustRun: false }))).toEqual([]);
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
  ])("of a Worker: %s", (_, each, problem) => {
    expect(found("script", { bindings: [each] })).toEqual([expect.stringContaining(problem)]);
  });

  test("of a Worker: what is bound as it should be", () => {
    const bindings = [
      binding("VAULT_KEYS", "secret_text", new Secret("k")),
      binding("TOOLS", "plain_text", '{"readOnly":true}'),
      binding("ISSUER", "plain_text", "https://auth.example.com"),
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
  ])("of a container: %s in clear is found, and not where it is secret", (env) => {
    expect(found("container", { envs: ["PORT=1", env] })[0]).toContain(
      `Its variable ${env.split("=")[0]} is not marked`,
    );
    expect(found("container", { envs: ["PORT=1", new Secret(env)] })).toEqual([]);
  });

  test("of a container: what looks like none is left alone", () => {
    const envs = ["N8N_SECURE_COOKIE=true", "BROKER_URL=http://10.0.0.1:8789", "REVISION=abc", "TOOLS={}"];
    expect(found("container", { envs })).toEqual([]);
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

  test.each(stateful.map((each) => [each.name, each] as const))("%s has to be protected", (name, each) => {
    const found = said(unprotected([each], []));
    expect(found).toEqual([expect.stringContaining(`hybrid-mcp:allowDataLoss: [${name}]`)]);
    expect(unprotected([{ ...each, opts: { ...each.opts, protect: true } }], [])).toEqual([]);
    expect(unprotected([each], [name])).toEqual([]);
    expect(unprotected([each], ["another"])).toHaveLength(1);
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
    volumes: [{ volumeName: "x", containerPath: "/data" }, { hostPath: "/srv/backups" }, { hostPath: "/dev/null" }],
  };

  test("what the platform gives its containers is good", () => {
    expect(privilegeProblems(container(good))).toEqual([]);
    const postgres = { ...good, capabilities: { drops: ["ALL"], adds: ["CHOWN", "CAP_SETUID"] } };
    expect(privilegeProblems(container(postgres))).toEqual([]);
    expect(privilegeProblems(container({ ...good, readOnly: false }, "firecrawl-api"))).toEqual([]);
    expect(privilegeProblems(container({ ...good, memory: UNKNOWN }))).toEqual([]);
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
    [{ volumes: [{ hostPath: "/var/run/docker.sock" }] }, "It gets /var/run/docker.sock"],
    [{ mounts: [{ type: "bind", source: "/" }] }, "It gets / of the machine"],
  ])("%j is refused", (change, problem) => {
    expect(privilegeProblems(container({ ...good, ...change }))).toEqual([expect.stringContaining(problem)]);
  });
});
