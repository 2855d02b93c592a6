import { beforeAll, describe, expect, test } from "vitest";
import { of, one, originRequest, type Registered, run, secret } from "../testing/program.ts";

const droplet = { dockerHost: "unix:///var/run/docker.sock" };
const container = (resources: Registered[], name: string) => one(resources, "Container", name).inputs;
/** Environment of a container, by name; all of it is secret when a part is. */
const env = (inputs: Registered["inputs"]) =>
  Object.fromEntries(secret<string[]>(inputs.envs).map((line) => line.split(/=(.*)/s).slice(0, 2)));

describe("n8n on the droplet", () => {
  let resources: Registered[];
  beforeAll(async () => {
    resources = await run({ services: { coda: { enabled: false }, n8n: { enabled: true } }, droplet });
  });

  test("leads its hostname into the tunnel, to its container", () => {
    expect(of(resources, "ZeroTrustTunnelCloudflaredConfig")[0]!.inputs.config.ingresses).toEqual([
      { hostname: "n8n.example.com", service: "http://n8n:5678", originRequest },
      { service: "http_status:404" },
    ]);
    expect(one(resources, "DnsRecord", "n8n.example.com").inputs.proxied).toBe(true);
    expect(container(resources, "n8n").networksAdvanced).toEqual([
      { name: "hybrid-mcp", aliases: ["n8n"] },
      { name: "hybrid-mcp-n8n" },
    ]);
  });

  test("knows its public URL, the one proxy in front of it, and that its cookies are for https", () => {
    expect(env(container(resources, "n8n"))).toMatchObject({
      N8N_HOST: "n8n.example.com",
      N8N_PROTOCOL: "https",
      N8N_EDITOR_BASE_URL: "https://n8n.example.com/",
      N8N_WEBHOOK_URL: "https://n8n.example.com/",
      N8N_PROXY_HOPS: "1",
      N8N_SECURE_COOKIE: "true",
      N8N_MCP_ACCESS_ENABLED: "true",
    });
  });

  test("has a generated encryption key and database password that nothing deletes, secret wherever they are", () => {
    expect(env(container(resources, "n8n"))).toMatchObject({
      N8N_ENCRYPTION_KEY: "secret-of-n8n-encryption-key",
      DB_POSTGRESDB_PASSWORD: "secret-of-n8n-database-password",
    });
    expect(env(container(resources, "n8n-prepare")).DATABASE_PASSWORD).toBe("secret-of-n8n-database-password");
  });

  test("has its database in a network of its own that leads nowhere", () => {
    expect(one(resources, "Network", "n8n-network").inputs.internal).toBe(true);
    expect(container(resources, "n8n-database").networksAdvanced).toEqual([
      { name: "hybrid-mcp-n8n", aliases: ["n8n-database"] },
    ]);
  });

  test("every container of it is confined, limited, watched, and publishes no port", () => {
    for (const name of ["n8n", "n8n-database"]) {
      const inputs = container(resources, name);
      expect(inputs, name).toMatchObject({
        readOnly: true,
        capabilities: { drops: ["ALL"] },
        securityOpts: ["no-new-privileges:true"],
        restart: "unless-stopped",
        memory: expect.any(Number),
        cpus: expect.any(String),
        logOpts: { "max-size": "10m", "max-file": "3" },
        healthcheck: expect.anything(),
        wait: true,
      });
      expect(inputs.ports, name).toBeUndefined();
    }
  });

  test("is prepared by a container that runs once, without a network", () => {
    expect(container(resources, "n8n-prepare")).toMatchObject({
      networkMode: "none",
      restart: "no",
      mustRun: false,
      attach: true,
      capabilities: { drops: ["ALL"], adds: expect.not.arrayContaining(["SYS_ADMIN", "NET_ADMIN"]) },
    });
  });

  test("keeps its data in folders of the data volume, and with storage: engine in volumes of Docker", async () => {
    const device = (all: Registered[]) => of(all, "Volume").map(({ inputs }) => inputs.driverOpts?.device);
    expect(device(resources.filter(({ type }) => type.startsWith("docker:")))).toEqual(
      expect.arrayContaining(["/mnt/hybrid-mcp-data/n8n", "/mnt/hybrid-mcp-data/postgres"]),
    );
    const engine = await run({
      services: { coda: { enabled: false }, n8n: { enabled: true } },
      droplet: { ...droplet, storage: "engine" },
    });
    expect(new Set(device(engine))).toEqual(new Set([undefined]));
    expect(engine.some(({ type }) => type === "digitalocean:index/volume:Volume")).toBe(false);
  });

  test("is behind the gateway at its own MCP endpoint", () => {
    const { bindings } = one(resources, "WorkersScript", "mcp-gateway-script").inputs;
    const config = secret<{ name: string; json: string }[]>(bindings).find(({ name }) => name === "GATEWAY_CONFIG")!;
    expect(JSON.parse(config.json).servers).toEqual([
      expect.objectContaining({
        name: "n8n",
        url: "https://n8n.example.com/mcp-server/http",
        auth: { kind: "connection", of: "n8n" },
      }),
    ]);
  });
});

test("what changes a container changes its name, so that the new one starts beside the old one", async () => {
  const name = async (n8n: object) => {
    const resources = await run({ services: { coda: { enabled: false }, n8n: { enabled: true, ...n8n } }, droplet });
    return container(resources, "n8n").name;
  };
  const before = await name({});
  expect(before).toMatch(/^hybrid-mcp-n8n-[0-9a-f]{8}$/);
  expect(await name({})).toBe(before);
  expect(await name({ timezone: "Europe/Berlin" })).not.toBe(before);
});

test("its pages are behind Access where the config says so, and what others call stays open", async () => {
  const access = { emailDomains: ["example.com"] };
  const resources = await run({ services: { coda: { enabled: false }, n8n: { enabled: true, access } }, droplet });
  const domains = of(resources, "ZeroTrustAccessApplication").map(({ inputs }) => inputs.domain);
  expect(domains).toEqual(
    expect.arrayContaining(["n8n.example.com", "n8n.example.com/webhook", "n8n.example.com/mcp-server"]),
  );
  expect(domains).not.toContain("n8n.example.com/rest");
  // Once: it comes after its Access application.
  expect(of(resources, "DnsRecord").filter(({ name }) => name === "n8n.example.com")).toHaveLength(1);
});

test("volumes of an n8n that the droplet has already are used as they are, with its key and its database's names", async () => {
  const adopt = {
    volume: "n8n_data",
    databaseVolume: "pg_data",
    databaseName: "automations",
    databaseUser: "postgres",
  };
  const resources = await run({
    services: { coda: { enabled: false }, n8n: { enabled: true, adopt } },
    n8nEncryptionKey: "the-key-of-the-old-one",
    droplet: { ...droplet, storage: "engine" },
  });
  expect(of(resources, "Volume").map(({ inputs }) => inputs.name)).toEqual(
    expect.arrayContaining(["n8n_data", "pg_data"]),
  );
  expect(container(resources, "n8n").volumes).toEqual([{ volumeName: "n8n_data", containerPath: "/home/node/.n8n" }]);
  expect(env(container(resources, "n8n"))).toMatchObject({
    N8N_ENCRYPTION_KEY: "the-key-of-the-old-one",
    DB_POSTGRESDB_DATABASE: "automations",
    DB_POSTGRESDB_USER: "postgres",
  });
});
