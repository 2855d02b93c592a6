import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { parseConfig } from "../config.ts";
import { Access, N8N_OPEN_PATHS } from "../edge/access.ts";
import { Tunnel } from "../edge/tunnel.ts";
import { deployProtected } from "../protected.ts";
import { Containers } from "./containers.ts";
import { FirecrawlEngine, firecrawlEngineRules } from "./firecrawl-engine.ts";
import type { Host } from "./host.ts";
import { ENGINE_MB } from "./memory.ts";

interface Registered {
  type: string;
  name: string;
  // biome-ignore lint/suspicious/noExplicitAny: inputs of any resource
  inputs: Record<string, any>;
  protect: boolean;
  dependencies: string[];
}

const configOf = (more: object) => {
  const { config, errors } = parseConfig({
    "hybrid-mcp:domain": "example.com",
    "hybrid-mcp:cloudflare": JSON.stringify({
      accountId: "0123456789abcdef0123456789abcdef",
      zoneId: "fedcba9876543210fedcba9876543210",
      workersSubdomain: "acme",
    }),
    "hybrid-mcp:services": '{"github":{"enabled":false},"firecrawl":{"engine":"self-hosted","placement":"workers"}}',
    "hybrid-mcp:auth": '{"providers":["github"],"github":{"clientId":"Iv1.abc"}}',
    "hybrid-mcp:clientSecrets": '{"github":"s3cr3t"}',
    "hybrid-mcp:droplet": JSON.stringify(more),
  });
  expect(errors).toBeUndefined();
  return config!;
};
const byDockerHost = { dockerHost: "unix:///var/run/docker.sock" };

/** The part of a registration that the mocks do not hand on. */
interface Registration {
  getName(): string;
  getProtect(): boolean;
  getDependenciesList(): string[];
}

/** Registers resources against Pulumi's mocks. */
async function registered(program: () => unknown): Promise<Registered[]> {
  const found: Omit<Registered, "protect" | "dependencies">[] = [];
  const asked = new Map<string, Registration>();
  await pulumi.runtime.setMocks(
    {
      newResource: ({ type, name, inputs }) => {
        found.push({ type, name, inputs });
        const outputs: Record<string, unknown> = { ...inputs };
        if (type.endsWith(":RandomPassword")) outputs.result = `secret-of-${name}`;
        if (type.endsWith(":RemoteImage")) outputs.imageId = `sha256:${inputs.name}`;
        if (type.endsWith(":ZeroTrustAccessServiceToken")) {
          Object.assign(outputs, { clientId: `${name}.access`, clientSecret: `secret-of-${name}` });
        }
        return { id: `${name}-id`, state: outputs };
      },
      call: () => ({ token: "tunnel-token" }),
    },
    "hybrid-mcp",
    "test",
    false,
  );
  const monitor = pulumi.runtime.getMonitor() as unknown as {
    registerResource(request: Registration, done: unknown): unknown;
  };
  // Mocks know no hooks.
  const registerHook = (_: unknown, done: (error: null, reply: object) => void) => done(null, {});
  Object.assign(monitor, { registerResourceHook: registerHook, registerErrorHook: registerHook });
  const register = monitor.registerResource.bind(monitor);
  monitor.registerResource = (request, done) => {
    asked.set(request.getName(), request);
    return register(request, done);
  };
  program();
  await pulumi.runtime.disconnect();
  return found.map((each) => {
    const registration = asked.get(each.name)!;
    return { ...each, protect: registration.getProtect(), dependencies: registration.getDependenciesList() };
  });
}

const of = (resources: Registered[], type: string) => resources.filter((each) => each.type.endsWith(`:${type}`));

/** What a secret input holds; fails when it is not marked as a secret. */
function secret<T>(input: { value: T } & Record<string, unknown>): T {
  expect(input["4dabf18193072939515e22adb298388d"]).toBe("1b47061264138c4ac30d75fd1eb44270");
  return input.value;
}

async function engine(droplet: object = byDockerHost): Promise<Registered[]> {
  const config = configOf(droplet);
  return registered(() => {
    const provider = new docker.Provider("docker", {});
    const host = { docker: provider, options: (parent: pulumi.Resource) => ({ parent, provider }) } as unknown as Host;
    new FirecrawlEngine({ config, host, containers: new Containers(config, host) });
  });
}

describe("a Firecrawl engine on the droplet", () => {
  let resources: Registered[];
  beforeAll(async () => {
    resources = await engine();
  });
  const container = (role: string) => of(resources, "Container").find(({ name }) => name === role)!.inputs;
  const roles = ["redis", "rabbitmq", "postgres", "playwright", "api"].map((part) => `firecrawl-${part}`);

  test("has five containers, of images that are pinned by digest", () => {
    expect(
      of(resources, "Container")
        .map(({ name }) => name)
        .sort(),
    ).toEqual(roles.toSorted());
    for (const role of roles) {
      expect(container(role).image).toMatch(/^sha256:.*@sha256:[0-9a-f]{64}$/);
      expect(container(role).name).toBe(`hybrid-mcp-${role}`);
    }
  });

  test.each(roles)("%s is confined, limited, watched, and started again", (role) => {
    const inputs = container(role);
    expect(inputs).toMatchObject({
      restart: "unless-stopped",
      capabilities: { drops: ["ALL"] },
      securityOpts: ["no-new-privileges:true"],
      logOpts: { "max-size": "10m", "max-file": "3" },
      wait: true,
      waitTimeout: 300,
      healthcheck: { retries: 5 },
      labels: [
        { label: "hybrid-mcp", value: "hybrid-mcp" },
        { label: "hybrid-mcp-role", value: role },
      ],
    });
    expect(inputs.ports).toBeUndefined();
    expect(inputs.memory).toBeGreaterThan(0);
    expect(Number(inputs.cpus)).toBeGreaterThan(0);
    expect(inputs.healthcheck.tests.length).toBeGreaterThan(1);
    // Those two write where their images say; everything else has a root that cannot be written.
    expect(inputs.readOnly).toBe(!["firecrawl-api", "firecrawl-playwright"].includes(role));
    const root = ["firecrawl-postgres", "firecrawl-playwright", "firecrawl-api"].includes(role);
    expect(inputs.user === undefined).toBe(root);
    const { adds } = inputs.capabilities;
    expect(adds === undefined).toBe(role !== "firecrawl-postgres");
  });

  test("its parts use no more memory together than the refusal of small droplets reckons with", () => {
    expect(roles.reduce((sum, role) => sum + container(role).memory, 0)).toBe(ENGINE_MB);
  });

  test("only the API is in the platform's network; the stores have no way out, and the browser no way to them", () => {
    const networks = Object.fromEntries(of(resources, "Network").map(({ inputs }) => [inputs.name, inputs.internal]));
    expect(networks).toEqual({
      "hybrid-mcp": undefined,
      "hybrid-mcp-firecrawl": true,
      "hybrid-mcp-firecrawl-browser": false,
    });
    const joined = Object.fromEntries(
      roles.map((role) => [
        role,
        container(role).networksAdvanced.map(({ name, aliases = [] }: { name: string; aliases?: string[] }) =>
          [name, ...aliases].join(" "),
        ),
      ]),
    );
    expect(joined).toEqual({
      "firecrawl-redis": ["hybrid-mcp-firecrawl redis"],
      "firecrawl-rabbitmq": ["hybrid-mcp-firecrawl rabbitmq"],
      "firecrawl-postgres": ["hybrid-mcp-firecrawl nuq-postgres"],
      "firecrawl-playwright": ["hybrid-mcp-firecrawl-browser playwright-service"],
      "firecrawl-api": ["hybrid-mcp firecrawl-engine", "hybrid-mcp-firecrawl", "hybrid-mcp-firecrawl-browser"],
    });
  });

  test("its passwords are generated, protected and secret, and the parts have the same ones", () => {
    expect(of(resources, "RandomPassword").map(({ name, protect }) => [name, protect])).toEqual([
      ["firecrawl-postgres-password", true],
      ["firecrawl-rabbitmq-password", true],
      ["firecrawl-bull-auth-key", true],
    ]);
    expect(secret(container("firecrawl-postgres").envs)).toContain(
      "POSTGRES_PASSWORD=secret-of-firecrawl-postgres-password",
    );
    expect(secret(container("firecrawl-rabbitmq").envs)).toContain(
      "RABBITMQ_DEFAULT_PASS=secret-of-firecrawl-rabbitmq-password",
    );
    expect(secret<string[]>(container("firecrawl-api").envs)).toEqual(
      expect.arrayContaining([
        "NUQ_DATABASE_URL=postgresql://postgres:secret-of-firecrawl-postgres-password@nuq-postgres:5432/postgres",
        "NUQ_RABBITMQ_URL=amqp://firecrawl:secret-of-firecrawl-rabbitmq-password@rabbitmq:5672",
        "BULL_AUTH_KEY=secret-of-firecrawl-bull-auth-key",
        "PLAYWRIGHT_MICROSERVICE_URL=http://playwright-service:3000/scrape",
        "USE_DB_AUTHENTICATION=false",
      ]),
    );
  });

  test("it reads no private addresses: nothing allows it", () => {
    for (const role of ["firecrawl-api", "firecrawl-playwright"]) {
      expect(JSON.stringify(container(role).envs)).not.toContain("ALLOW_LOCAL_WEBHOOKS");
    }
  });

  test("the API's own log, which grows for ever, goes nowhere", () => {
    expect(container("firecrawl-api").volumes).toEqual([
      { hostPath: "/dev/null", containerPath: "/app/firecrawl.log" },
    ]);
  });

  test("its database is in a folder of the data volume, or in a protected volume of the engine", async () => {
    const [volume] = of(resources, "Volume");
    expect(volume).toMatchObject({
      inputs: {
        name: "hybrid-mcp-firecrawl-postgres",
        driverOpts: { type: "none", o: "bind", device: "/mnt/hybrid-mcp-data/firecrawl-postgres" },
        labels: [{ label: "hybrid-mcp", value: "hybrid-mcp" }],
      },
    });
    expect(container("firecrawl-postgres").volumes).toEqual([
      { volumeName: "hybrid-mcp-firecrawl-postgres", containerPath: "/var/lib/postgresql/data" },
    ]);
    const local = await engine({ ...byDockerHost, storage: "engine" });
    expect(of(local, "Volume")[0]).toMatchObject({ protect: true });
    expect(of(local, "Volume")[0]!.inputs.driverOpts).toBeUndefined();
  });

  test("images can be others", async () => {
    const images = {
      firecrawl: "own/api",
      firecrawlPlaywright: "own/browser",
      firecrawlPostgres: "own/postgres",
      redis: "own/redis",
      rabbitmq: "own/rabbitmq",
    };
    const own = await engine({ ...byDockerHost, images });
    const named = of(own, "RemoteImage").map(({ inputs }) => inputs.name);
    expect(named).toEqual(expect.arrayContaining(Object.values(images)));
  });
});

test("a droplet whose memory is not known gets a warning, not a refusal", async () => {
  const warn = vi.spyOn(pulumi.log, "warn").mockResolvedValue();
  const ssh = { sshPublicKey: "ssh-ed25519 AAAA me", sshAllow: ["203.0.113.7/32"] };
  await engine({ ...ssh, size: "gpu-h100x1-80gb" });
  expect(warn.mock.calls.map(([message]) => message)).toEqual([
    'droplet.size: how much memory "gpu-h100x1-80gb" has is not known here; a Firecrawl engine needs 4096 MB for itself.',
  ]);
  warn.mockClear();
  await engine({ ...ssh, size: "s-4vcpu-8gb" });
  await engine({ ...byDockerHost, size: "gpu-h100x1-80gb" });
  expect(warn).not.toHaveBeenCalled();
  warn.mockRestore();
});

describe("the way to the engine from Cloudflare", () => {
  test("is a hostname into the tunnel behind Access, which only a service token passes; it comes after Access", async () => {
    const config = configOf(byDockerHost);
    const resources = await registered(() => deployProtected(config, new Tunnel(config)));
    const host = "firecrawl-engine.example.com";
    expect(firecrawlEngineRules(config)).toEqual([{ hostname: host, service: "http://firecrawl-engine:3002" }]);
    expect(of(resources, "ZeroTrustAccessServiceToken")[0]!.inputs).toMatchObject({
      duration: "forever",
      clientSecretVersion: 1,
    });
    expect(of(resources, "ZeroTrustAccessPolicy").map(({ inputs }) => [inputs.decision, inputs.includes])).toEqual([
      ["non_identity", [{ serviceToken: { tokenId: "firecrawl-engine-token-id" } }]],
    ]);
    expect(of(resources, "ZeroTrustAccessApplication").map(({ inputs }) => inputs)).toMatchObject([
      {
        domain: host,
        type: "self_hosted",
        serviceAuth401Redirect: true,
        policies: [{ id: "firecrawl-engine-machines-id", precedence: 1 }],
      },
    ]);
    const record = of(resources, "DnsRecord").find(({ inputs }) => inputs.name === host)!;
    expect(record.inputs).toMatchObject({ proxied: true, content: "tunnel-id.cfargotunnel.com" });
    expect(record.dependencies).toContainEqual(expect.stringContaining("firecrawl-engine-application"));
  });

  test("there is none to Firecrawl's cloud", () => {
    const config = configOf(byDockerHost);
    config.services.firecrawl.engine = "cloud";
    expect(firecrawlEngineRules(config)).toEqual([]);
  });
});

test("Access lets people in by address and domain, and leaves paths open that others call", async () => {
  const config = configOf(byDockerHost);
  const people = { emails: ["ada@example.com"], emailDomains: ["example.org"] };
  const resources = await registered(
    () => new Access("n8n", { config, title: "n8n", hostname: "n8n.example.com", people, open: N8N_OPEN_PATHS }),
  );
  const policies = Object.fromEntries(of(resources, "ZeroTrustAccessPolicy").map(({ name, inputs }) => [name, inputs]));
  expect(policies).toMatchObject({
    "n8n-people": {
      decision: "allow",
      includes: [{ email: { email: "ada@example.com" } }, { emailDomain: { domain: "example.org" } }],
    },
    "n8n-everyone": { decision: "bypass", includes: [{ everyone: {} }] },
  });
  const applications = of(resources, "ZeroTrustAccessApplication").map(({ inputs }) => [
    inputs.domain,
    inputs.policies[0].id,
  ]);
  expect(applications.sort()).toEqual(
    [
      ["n8n.example.com", "n8n-people-id"],
      ...N8N_OPEN_PATHS.map((path) => [`n8n.example.com/${path}`, "n8n-everyone-id"]),
    ].sort(),
  );
  expect(N8N_OPEN_PATHS.some((path) => path.startsWith("rest") || path.startsWith("api"))).toBe(false);
  expect(of(resources, "ZeroTrustAccessServiceToken")).toEqual([]);
});
