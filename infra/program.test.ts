import { beforeAll, describe, expect, test } from "vitest";
import { BASE_IMAGE, CLOUDFLARED_IMAGE } from "./droplet/images.ts";
import { cloudflare } from "./testing/config.ts";
import { of, one, originRequest, type Registered, run, secret } from "./testing/program.ts";

/** Where the tunnel leads for Coda. */
const originOf = (resources: Registered[]) =>
  of(resources, "ZeroTrustTunnelCloudflaredConfig")[0]!.inputs.config.ingresses[0].service as string;
const droplet = { dockerHost: "unix:///var/run/docker.sock" };

describe("Coda on Workers, nothing on the droplet", () => {
  let resources: Registered[];
  beforeAll(async () => {
    resources = await run({});
  });

  test("the route puts the Worker in front of the hostname", () => {
    expect(one(resources, "WorkersRoute", "coda-route").inputs).toEqual({
      zoneId: cloudflare.zoneId,
      pattern: "coda-mcp.example.com/*",
      script: "hybrid-mcp-coda",
    });
  });

  test("no droplet, no container and no connector is made", () => {
    expect(resources.filter(({ type }) => /^(digitalocean|docker):/.test(type))).toEqual([]);
  });

  test("the hostname leads into the tunnel all the same, for ever", () => {
    expect(of(resources, "DnsRecord").map(({ inputs }) => [inputs.name, inputs.content, inputs.proxied])).toEqual([
      ["coda-mcp.example.com", "tunnel-id.cfargotunnel.com", true],
      ["gate-coda.example.com", "tunnel-id.cfargotunnel.com", true],
      ["auth.example.com", "tunnel-id.cfargotunnel.com", true],
      ["mcp.example.com", "tunnel-id.cfargotunnel.com", true],
    ]);
    expect(of(resources, "ZeroTrustTunnelCloudflaredConfig")[0]!.inputs.config.ingresses).toEqual([
      {
        hostname: "coda-mcp.example.com",
        service: expect.stringMatching(/^http:\/\/coda-mcp-[0-9a-f]{8}:8085$/),
        originRequest,
      },
      {
        hostname: "gate-coda.example.com",
        service: expect.stringMatching(/^http:\/\/coda-mcp-[0-9a-f]{8}:8085$/),
        originRequest,
      },
      { service: "http_status:404" },
    ]);
  });

  test("KV and D1 are made", () => {
    expect(of(resources, "WorkersKvNamespace")[0]!.inputs.title).toBe("hybrid-mcp-sessions");
    expect(of(resources, "D1Database")[0]!.inputs.name).toBe("hybrid-mcp-audit");
  });

  test("the Worker has no secret of its own: it asks the broker over a service binding; bindings are in the order of names", () => {
    const { bindings } = one(resources, "WorkersScript", "coda-script").inputs;
    expect(bindings.map(({ name, type }: { name: string; type: string }) => `${name} ${type}`)).toEqual([
      "BROKER service",
      "CODA_API_URL plain_text",
      "ISSUER plain_text",
      "PLACEMENT plain_text",
      "PUBLIC_URL plain_text",
      "VERSION plain_text",
    ]);
    expect(bindings.find(({ name }: { name: string }) => name === "PLACEMENT").text).toBe("workers");
    expect(bindings.find(({ name }: { name: string }) => name === "BROKER").service).toBe("hybrid-mcp-oauth-broker");
  });

  test("the Worker answers at its workers.dev address, where the gate asks", () => {
    expect(one(resources, "WorkersScriptSubdomain", "coda-workers-dev").inputs).toMatchObject({
      scriptName: "hybrid-mcp-coda",
      enabled: true,
    });
  });
});

describe("the broker", () => {
  let resources: Registered[];
  // biome-ignore lint/suspicious/noExplicitAny: as the mocks hand them over
  let bindings: any[];
  beforeAll(async () => {
    resources = await run({
      auth: {
        providers: ["github"],
        github: { clientId: "Iv1.abc" },
        keys: ["new", "old"],
        policy: [{ people: ["github:ada"], scopes: ["coda:*"] }],
        products: [{ name: "crm", clientIds: ["https://crm.example.com/client.json"], services: ["coda"] }],
      },
    });
    bindings = secret(one(resources, "WorkersScript", "oauth-broker-script").inputs.bindings);
  });
  const text = (name: string) => bindings.find((binding) => binding.name === name).text;

  test("is a Worker at auth.<domain>, with KV, D1, a Durable Object and a cron trigger", () => {
    expect(one(resources, "WorkersRoute", "oauth-broker-route").inputs).toMatchObject({
      pattern: "auth.example.com/*",
      script: "hybrid-mcp-oauth-broker",
    });
    expect(bindings.map(({ name, type }) => `${name} ${type}`)).toEqual([
      "AUDIT d1",
      "BROKER_CONFIG json",
      "CONNECTIONS durable_object_namespace",
      "CONNECTION_CLIENT_SECRETS secret_text",
      "CONSENT_SECRET secret_text",
      "GITHUB_CLIENT_SECRET secret_text",
      "GOOGLE_CLIENT_SECRET secret_text",
      "OAUTH_KV kv_namespace",
      "PRODUCT_SECRETS secret_text",
      "SERVICE_SECRETS secret_text",
      "SHARED_CONNECTIONS secret_text",
      "SIGNING_KEYS secret_text",
      "VAULT_KEYS secret_text",
      "VERSION plain_text",
    ]);
    expect(of(resources, "WorkersCronTrigger")[0]!.inputs.schedules).toEqual([{ cron: "17 * * * *" }]);
  });

  test("is told the issuer, every service's resource, the policy and the products, and no secret", () => {
    const { json } = bindings.find(({ name }) => name === "BROKER_CONFIG");
    expect(JSON.parse(json)).toMatchObject({
      issuer: "https://auth.example.com",
      resources: { coda: "https://coda-mcp.example.com/mcp" },
      providers: { github: { clientId: "Iv1.abc", siteUrl: "https://github.com" } },
      policy: [{ people: ["github:ada"], scopes: ["coda:*"] }],
      products: [{ name: "crm", services: ["coda"] }],
    });
    expect(json).not.toMatch(/secret|coda-token/);
  });

  test("has a secret for every service and product, and keys of every name in their order", () => {
    expect(JSON.parse(text("SERVICE_SECRETS")).coda).toBe("secret-of-coda-service-secret");
    expect(JSON.parse(text("PRODUCT_SECRETS"))).toEqual({ crm: "secret-of-crm-product-secret" });
    expect(JSON.parse(text("VAULT_KEYS")).map(({ id }: { id: string }) => id)).toEqual(["new", "old"]);
    expect(JSON.parse(text("SHARED_CONNECTIONS"))).toEqual({ coda: "coda-token" });
  });

  test("signs with keys of the curve P-256", async () => {
    const [jwk] = JSON.parse(text("SIGNING_KEYS"));
    const key = await crypto.subtle.importKey("jwk", jwk, { name: "ECDSA", namedCurve: "P-256" }, true, ["sign"]);
    expect(key.type).toBe("private");
  });
});

describe("the gateway", () => {
  test("is a Worker at mcp.<domain> that knows every server, the config's own too, and asks the broker", async () => {
    const resources = await run({
      gateway: {
        callsPerMinute: 30,
        servers: [
          {
            name: "wiki",
            title: "Wiki",
            url: "https://wiki.example.com/mcp",
            auth: { kind: "header", header: "x-api-key" },
            scopes: [{ name: "wiki:read", description: "Read the wiki" }],
          },
        ],
      },
      serverSecrets: { wiki: "wiki-secret" },
      services: { n8n: { upstreamUrl: "https://n8n.example.com/" } },
    });
    expect(one(resources, "WorkersRoute", "mcp-gateway-route").inputs).toMatchObject({
      pattern: "mcp.example.com/*",
      script: "hybrid-mcp-mcp-gateway",
    });
    // biome-ignore lint/suspicious/noExplicitAny: as the mocks hand them over
    const bindings: any[] = secret(one(resources, "WorkersScript", "mcp-gateway-script").inputs.bindings);
    expect(bindings.map(({ name, type }) => `${name} ${type}`)).toEqual([
      "BROKER service",
      "CALL_LIMIT ratelimit",
      "GATEWAY_CONFIG json",
      "ISSUER plain_text",
      "PUBLIC_URL plain_text",
      "SERVER_SECRETS secret_text",
      "VERSION plain_text",
    ]);
    const config = JSON.parse(bindings.find(({ name }) => name === "GATEWAY_CONFIG").json);
    expect(config.servers.map(({ name, url, auth }: Record<string, unknown>) => [name, url, auth])).toEqual([
      ["coda", "https://coda-mcp.example.com/mcp", { kind: "service" }],
      ["n8n", "https://n8n.example.com/mcp-server/http", { kind: "connection", of: "n8n" }],
      ["wiki", "https://wiki.example.com/mcp", { kind: "header", header: "x-api-key" }],
    ]);
    expect(JSON.stringify(config)).not.toContain("wiki-secret");
    expect(bindings.find(({ name }) => name === "CALL_LIMIT").simple).toEqual({ limit: 30, period: 60 });
  });
});

test("spans are sent from both homes and the gateway, with headers that are secret, to where each can dial", async () => {
  const resources = await run({
    services: { coda: { placement: "droplet", tools: { readOnly: true } } },
    telemetry: { tracesUrl: "https://otlp.example.com/v1/traces", dropletTracesUrl: "http://10.0.0.9:4318/v1/traces" },
    telemetryHeaders: { authorization: "Bearer otlp-secret" },
    droplet,
  });
  for (const name of ["coda-script", "mcp-gateway-script"]) {
    // biome-ignore lint/suspicious/noExplicitAny: as the mocks hand them over
    const bindings: any[] = secret(one(resources, "WorkersScript", name).inputs.bindings);
    const of = (binding: string) => bindings.find((each) => each.name === binding);
    expect(of("OTLP_TRACES_URL")).toMatchObject({ type: "plain_text", text: "https://otlp.example.com/v1/traces" });
    const headers = '{"authorization":"Bearer otlp-secret"}';
    expect(of("OTLP_HEADERS")).toMatchObject({ type: "secret_text", text: headers });
  }
  const envs: string[] = secret(one(resources, "Container", "coda").inputs.envs);
  expect(envs).toContain("OTLP_TRACES_URL=http://10.0.0.9:4318/v1/traces");
  expect(envs).toContain('OTLP_HEADERS={"authorization":"Bearer otlp-secret"}');
  expect(envs).toContain('TOOLS={"readOnly":true}');
});

test("in the consolidated topology one Worker has both hostnames, and the broker's script keeps its name", async () => {
  const resources = await run({
    auth: { topology: "consolidated", providers: ["github"], github: { clientId: "Iv1.abc" } },
  });
  expect(of(resources, "WorkersScript").map(({ inputs }) => inputs.scriptName)).toEqual([
    "hybrid-mcp-oauth-broker",
    "hybrid-mcp-coda",
  ]);
  for (const route of ["oauth-broker-route", "mcp-gateway-route"]) {
    expect(one(resources, "WorkersRoute", route).inputs.script).toBe("hybrid-mcp-oauth-broker");
  }
  const bindings: { name: string }[] = secret(one(resources, "WorkersScript", "oauth-broker-script").inputs.bindings);
  expect(bindings.map(({ name }) => name)).toEqual(
    expect.arrayContaining(["BROKER_CONFIG", "GATEWAY_CONFIG", "CALL_LIMIT", "PUBLIC_URL", "ISSUER"]),
  );
});

describe("Coda on the droplet", () => {
  let resources: Registered[];
  beforeAll(async () => {
    resources = await run({
      services: { coda: { placement: "droplet", dropletUpstreamUrl: "http://10.0.0.1:8782/coda" } },
      droplet,
      tunnel: { edge: "10.0.0.1:8780" },
    });
  });

  test("the route bypasses Workers, and the Worker stays deployed", () => {
    expect(one(resources, "WorkersRoute", "coda-route").inputs).toEqual({
      zoneId: cloudflare.zoneId,
      pattern: "coda-mcp.example.com/*",
    });
    expect(one(resources, "WorkersScript", "coda-script")).toBeDefined();
  });

  test("the container runs the Worker's bundle without a published port", () => {
    const { inputs } = of(resources, "Container").find(({ name }) => name === "coda")!;
    expect(inputs.ports).toBeUndefined();
    const [{ name, aliases }] = inputs.networksAdvanced;
    expect(name).toBe("hybrid-mcp");
    expect(aliases).toEqual([expect.stringMatching(/^coda-mcp-[0-9a-f]{8}$/)]);
    expect(originOf(resources)).toBe(`http://${aliases[0]}:8085`);
    expect(inputs.image).toBe("sha256:coda-image");
    expect(inputs).toMatchObject({
      readOnly: true,
      capabilities: { drops: ["ALL"] },
      securityOpts: ["no-new-privileges:true"],
      memory: 256,
      logOpts: { "max-size": "10m", "max-file": "3" },
      restart: "unless-stopped",
      wait: true,
    });
  });

  test("the container has the Worker's bindings, with its own placement and upstream address", () => {
    const { inputs } = of(resources, "Container").find(({ name }) => name === "coda")!;
    expect(secret(inputs.envs)).toEqual(
      expect.arrayContaining([
        "PLACEMENT=droplet",
        "PUBLIC_URL=https://coda-mcp.example.com",
        "CODA_API_URL=http://10.0.0.1:8782/coda",
        "ISSUER=https://auth.example.com",
        "BROKER_URL=https://auth.example.com",
        "SERVICE_SECRET=secret-of-coda-service-secret",
      ]),
    );
    const bindings: { name: string; text: string }[] = one(resources, "WorkersScript", "coda-script").inputs.bindings;
    const version = bindings.find(({ name }) => name === "VERSION")!.text;
    expect(secret(inputs.envs)).toContain(`VERSION=${version}`);
  });

  test("the container says of itself which one it is, as it is called in its network, and the Worker says nothing of it", () => {
    const { inputs } = of(resources, "Container").find(({ name }) => name === "coda")!;
    const [alias]: string[] = inputs.networksAdvanced[0].aliases;
    expect(secret(inputs.envs)).toContain(`REVISION=${alias!.replace("coda-mcp-", "")}`);
    const { bindings } = one(resources, "WorkersScript", "coda-script").inputs;
    expect(bindings.map(({ name }: { name: string }) => name)).not.toContain("REVISION");
  });

  test("the connector holds the tunnel's token and dials the edge that the config names", () => {
    const { inputs } = of(resources, "Container").find(({ name }) => name === "cloudflared")!;
    expect(secret(inputs.envs)).toEqual(["TUNNEL_TOKEN=tunnel-token", "TUNNEL_EDGE=10.0.0.1:8780"]);
    expect(inputs.ports).toBeUndefined();
  });

  test("public images are pinned by digest, and containers run image ids", () => {
    expect([BASE_IMAGE, CLOUDFLARED_IMAGE]).toEqual(Array(2).fill(expect.stringMatching(/@sha256:[0-9a-f]{64}$/)));
    for (const { inputs } of of(resources, "Container")) expect(inputs.image).toMatch(/^sha256:/);
  });

  test("the firewall lets nobody in unless the config says so", () => {
    expect(of(resources, "Firewall")[0]!.inputs.inboundRules).toEqual([]);
  });
});

describe("other shapes", () => {
  test("a flip changes nothing about where the tunnel leads; what changes the container does", async () => {
    const placed = (config: object) => run({ services: { coda: config }, droplet });
    const onWorkers = originOf(await placed({ placement: "workers" }));
    expect(originOf(await placed({ placement: "droplet" }))).toBe(onWorkers);
    expect(originOf(await placed({ placement: "droplet", tools: { readOnly: true } }))).not.toBe(onWorkers);
  });

  test("connectors are as many as the config says, each with a name of its own", async () => {
    const resources = await run({ services: { coda: { placement: "droplet" } }, droplet, tunnel: { replicas: 2 } });
    const names = of(resources, "Container").map(({ inputs }) => inputs.name);
    expect(names).toEqual([
      expect.stringMatching(/^hybrid-mcp-cloudflared-[0-9a-f]{8}$/),
      expect.stringMatching(/^hybrid-mcp-cloudflared-2-[0-9a-f]{8}$/),
      expect.stringMatching(/^hybrid-mcp-coda-[0-9a-f]{8}$/),
    ]);
  });

  test("a standby keeps its container while the Worker answers", async () => {
    const resources = await run({ cutover: { keepStandby: true }, droplet });
    expect(of(resources, "Container").map(({ name }) => name)).toEqual(["cloudflared", "coda"]);
    expect(one(resources, "WorkersRoute", "coda-route").inputs.script).toBe("hybrid-mcp-coda");
  });

  test("a service that is switched off leaves nothing but its secret", async () => {
    const resources = await run({ services: { coda: { enabled: false } } });
    expect(resources.filter(({ name }) => name.includes("coda")).map(({ name }) => name)).toEqual([
      "coda-service-secret",
    ]);
    expect(of(resources, "ZeroTrustTunnelCloudflaredConfig")[0]!.inputs.config.ingresses).toEqual([
      { service: "http_status:404" },
    ]);
  });

  test("over SSH, only the addresses of the allow-list reach port 22", async () => {
    const resources = await run(
      {
        services: { coda: { placement: "droplet" } },
        droplet: { sshPublicKey: "ssh-ed25519 AAAA me", sshAllow: ["198.51.100.1/32"] },
      },
      { preview: true },
    );
    expect(of(resources, "Firewall")[0]!.inputs.inboundRules).toEqual([
      { protocol: "tcp", portRange: "22", sourceAddresses: ["198.51.100.1/32"] },
    ]);
    expect(resources.find(({ type }) => type === "pulumi:providers:docker")!.inputs.host).toBe(
      "ssh://root@203.0.113.10",
    );
  });

  test("with a Firecrawl engine of one's own each home dials it in its own way, and nobody connects a Firecrawl account", async () => {
    const resources = await run({
      services: { coda: { enabled: false }, firecrawl: { engine: "self-hosted", placement: "droplet" } },
      droplet,
    });
    // biome-ignore lint/suspicious/noExplicitAny: as the mocks hand them over
    const bindings: any[] = secret(one(resources, "WorkersScript", "firecrawl-script").inputs.bindings);
    const bound = Object.fromEntries(bindings.map(({ name, type, text }) => [name, [type, text]]));
    expect(bound.FIRECRAWL_API_URL).toEqual(["plain_text", "https://firecrawl-engine.example.com"]);
    expect(bound.FIRECRAWL_ACCESS_CLIENT_ID).toEqual(["secret_text", "engine.access"]);
    expect(bound.FIRECRAWL_ACCESS_CLIENT_SECRET).toEqual(["secret_text", "access-secret"]);
    const envs: string[] = secret(one(resources, "Container", "firecrawl").inputs.envs);
    expect(envs).toContain("FIRECRAWL_API_URL=http://firecrawl-engine:3002");
    expect(envs.join()).not.toContain("ACCESS");
    // biome-ignore lint/suspicious/noExplicitAny: as the mocks hand them over
    const broker: any[] = secret(one(resources, "WorkersScript", "oauth-broker-script").inputs.bindings);
    const { connections } = JSON.parse(broker.find(({ name }) => name === "BROKER_CONFIG").json);
    expect(connections).toEqual({});
    expect(of(resources, "ZeroTrustTunnelCloudflaredConfig")[0]!.inputs.config.ingresses).toContainEqual({
      hostname: "firecrawl-engine.example.com",
      service: "http://firecrawl-engine:3002",
      originRequest,
    });
  });

  test("a config with errors registers nothing", async () => {
    await expect(run({ services: { coda: { placement: "moon" } } })).rejects.toThrow(
      'hybrid-mcp:services.coda.placement: "moon" is not allowed; allowed: workers, droplet',
    );
  });
});

describe("what is protected, because it cannot be made again", () => {
  const services = { n8n: { enabled: true } };
  const protectedNames = async (more: object = {}) =>
    (await run({ services, droplet, ...more })).filter(({ protect }) => protect).map(({ name }) => name);

  test("is what keeps data, the tunnel, and every key that seals or encrypts something kept", async () => {
    expect(await protectedNames()).toEqual(
      expect.arrayContaining([
        "sessions",
        "audit",
        "oauth-broker-script",
        "tunnel",
        "data",
        "vault-key-1",
        "n8n-encryption-key",
        "backup-passphrase",
      ]),
    );
  });

  test("is lifted for exactly those that allowDataLoss names", async () => {
    const all = await protectedNames();
    const rest = await protectedNames({ allowDataLoss: ["audit", "vault-key-1"] });
    expect(rest).toEqual(all.filter((name) => name !== "audit" && name !== "vault-key-1"));
  });
});
