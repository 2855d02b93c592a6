import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { of, one, originRequest, type Registered, run, secret } from "../testing/program.ts";

const coda = { coda: { placement: "droplet" } };
const stateless = { ...coda, n8n: { enabled: false } };
const stateful = { ...coda, n8n: { enabled: true } };
const overSsh = { sshPublicKey: "ssh-ed25519 AAAA me", sshAllow: ["198.51.100.1/32"] };
// A preview: nobody waits for the droplet of the mocks.
const withDroplet = (droplet: object, services: object = stateless) => run({ services, droplet }, { preview: true });

const digitalOcean = (resources: Registered[]) =>
  resources
    .filter(({ type }) => type.startsWith("digitalocean:"))
    .map(({ type, name }) => `${type.split(":").at(-1)} ${name}`);
const provider = (resources: Registered[]) => resources.find(({ type }) => type === "pulumi:providers:docker")!.inputs;
/** Provider settings are JSON text on the wire. */
const sshOpts = (resources: Registered[]): string[] => JSON.parse(provider(resources).sshOpts);

describe("a droplet without state", () => {
  test("is a machine with its key, network and firewall, and nothing else", async () => {
    const resources = await withDroplet(overSsh);
    expect(digitalOcean(resources)).toEqual(["SshKey deploy-key", "Vpc vpc", "Droplet droplet", "Firewall firewall"]);
    expect(one(resources, "Droplet", "droplet").inputs).toMatchObject({
      monitoring: true,
      backups: false,
      gracefulShutdown: true,
      image: "debian-12-x64",
      vpcUuid: "vpc-id",
    });
  });

  test("its host key is a secret in its user data, and what the Docker provider pins", async () => {
    const resources = await withDroplet(overSsh);
    const userData = parse(secret<string>(one(resources, "Droplet", "droplet").inputs.userData));
    expect(userData.ssh_keys.ed25519_private).toMatch(/^-----BEGIN OPENSSH PRIVATE KEY-----\n/);
    expect(provider(resources).host).toBe("ssh://root@203.0.113.10");
    expect(sshOpts(resources)).toContain(`KnownHostsCommand=/bin/echo %H ${userData.ssh_keys.ed25519_public.trim()}`);
    expect(sshOpts(resources)).toContain("StrictHostKeyChecking=yes");
  });
});

test("the host key's seed is there without a droplet, too: one that is made anew has the same key", async () => {
  const seed = (resources: Registered[]) => one(resources, "RandomBytes", "host-key-seed").inputs;
  const without = await run({});
  expect(digitalOcean(without)).toEqual([]);
  expect(seed(without)).toEqual(seed(await withDroplet(overSsh)));
});

describe("a droplet with state", () => {
  test("has a volume, attached by a resource of its own, which user data mounts", async () => {
    const resources = await withDroplet({ ...overSsh, volumeGb: 50 }, stateful);
    expect(one(resources, "Volume", "data").inputs).toMatchObject({
      name: "hybrid-mcp-data",
      size: 50,
      region: "fra1",
      initialFilesystemType: "ext4",
    });
    expect(one(resources, "VolumeAttachment", "data-attachment").inputs).toEqual({
      dropletId: 1001,
      volumeId: "data-id",
    });
    expect(secret(one(resources, "Droplet", "droplet").inputs.userData)).toContain("scsi-0DO_Volume_hybrid-mcp-data");
  });

  test("keeps it in the engine's volumes where the config says so", async () => {
    const resources = await withDroplet({ ...overSsh, storage: "engine" }, stateful);
    expect(digitalOcean(resources).filter((each) => each.startsWith("Volume"))).toEqual([]);
    expect(secret(one(resources, "Droplet", "droplet").inputs.userData)).not.toContain("DO_Volume");
  });
});

describe("a droplet that goes with data is protected, so that nothing replaces it", () => {
  const isProtected = async (droplet: object, services: object = stateful, more: object = {}) =>
    one(await run({ services, droplet, ...more }, { preview: true }), "Droplet", "droplet").protect;
  const adopt = { volume: "n8n_data", databaseVolume: "n8n_db", databaseName: "n8n", databaseUser: "n8n" };
  const moved = { ...coda, n8n: { enabled: true, adopt } };

  test("where volumes of the engine have it: all of them, or those of an n8n that was there already", async () => {
    expect(await isProtected({ ...overSsh, storage: "engine" })).toBe(true);
    expect(await isProtected({ ...overSsh, storage: "engine", dockerHost: "ssh://root@droplet.example.com" })).toBe(
      true,
    );
    expect(await isProtected(overSsh, moved, { n8nEncryptionKey: "of-the-old-n8n" })).toBe(true);
  });

  test("not where the data volume has it, where there is none, or where another machine's engine stands for it", async () => {
    expect(await isProtected(overSsh)).toBe(false);
    expect(await isProtected({ ...overSsh, storage: "engine" }, stateless)).toBe(false);
    expect(await isProtected({ storage: "engine", dockerHost: "unix:///var/run/docker.sock" })).toBe(false);
  });
});

describe("by config", () => {
  test("backups: plain, or with a policy", async () => {
    const backups = async (value: unknown) =>
      one(await withDroplet({ ...overSsh, backups: value }), "Droplet", "droplet").inputs;
    expect(await backups(true)).toMatchObject({ backups: true });
    const policy = { plan: "weekly", weekday: "SUN", hour: 4 };
    expect(await backups(policy)).toMatchObject({ backups: true, backupPolicy: policy });
  });

  test("alerts: CPU, memory, disk, and every public URL from outside; the webhook is secret", async () => {
    const slack = { channel: "#ops", url: "https://hooks.slack.com/services/T/B/x" };
    const resources = await withDroplet({ ...overSsh, alerts: { emails: ["ops@example.com"], slack } });
    const monitors = of(resources, "MonitorAlert");
    expect(monitors.map(({ inputs }) => [inputs.type, inputs.value, inputs.entities])).toEqual([
      ["v1/insights/droplet/cpu", 90, ["1001"]],
      ["v1/insights/droplet/memory_utilization_percent", 90, ["1001"]],
      ["v1/insights/droplet/disk_utilization_percent", 85, ["1001"]],
    ]);
    expect(secret<{ emails: string[] }>(monitors[0]!.inputs.alerts).emails).toEqual(["ops@example.com"]);
    expect(of(resources, "UptimeCheck").map(({ inputs }) => inputs.target)).toEqual([
      "https://coda-mcp.example.com/health",
      "https://auth.example.com/.well-known/oauth-authorization-server",
      "https://mcp.example.com/mcp/servers",
    ]);
    expect(of(resources, "UptimeAlert").map(({ inputs }) => inputs.type)).toEqual(Array(3).fill("down_global"));
  });

  test("a project shows droplet and volume together", async () => {
    const resources = await withDroplet({ ...overSsh, project: "Hybrid" }, stateful);
    expect(one(resources, "Project", "project").inputs.name).toBe("Hybrid");
    expect(one(resources, "ProjectResources", "project-resources").inputs.resources).toEqual([
      "do:droplet:1001",
      "do:volume:data-id",
    ]);
  });
});

test("everything in the Docker Engine is tied to the machine, so that it is made anew with it", async () => {
  const resources = await withDroplet(overSsh);
  const docker = resources.filter(({ type }) => type.startsWith("docker:"));
  expect(docker.length).toBeGreaterThan(4);
  for (const { name, type, inputs } of docker) {
    if (type.endsWith(":RemoteImage")) expect(inputs.triggers, name).toMatchObject({ machine: "1001" });
    else expect(inputs.labels, name).toContainEqual({ label: "hybrid-mcp-machine", value: "1001" });
  }
});

describe("over SSH through the tunnel", () => {
  test("while somebody is let in, it is reached directly, and the way through the tunnel is made", async () => {
    const resources = await withDroplet({ ...overSsh, dockerHost: "ssh://deploy@droplet.example.com" });
    expect(provider(resources).host).toBe("ssh://deploy@203.0.113.10");
    expect(sshOpts(resources).join(" ")).not.toContain("ProxyCommand");
    expect(of(resources, "ZeroTrustTunnelCloudflaredConfig")[0]!.inputs.config.ingresses).toContainEqual({
      hostname: "droplet.example.com",
      service: "ssh://10.213.0.1:22",
      originRequest,
    });
  });

  test("no port is open; the tunnel leads to the SSH server, and cloudflared takes us there", async () => {
    const resources = await withDroplet({
      sshPublicKey: overSsh.sshPublicKey,
      dockerHost: "ssh://root@droplet.example.com",
    });
    expect(one(resources, "Firewall", "firewall").inputs.inboundRules).toEqual([]);
    expect(one(resources, "DnsRecord", "droplet.example.com").inputs.proxied).toBe(true);
    expect(of(resources, "ZeroTrustTunnelCloudflaredConfig")[0]!.inputs.config.ingresses).toContainEqual({
      hostname: "droplet.example.com",
      service: "ssh://10.213.0.1:22",
      originRequest,
    });
    expect(provider(resources).host).toBe("ssh://root@droplet.example.com");
    expect(sshOpts(resources)).toContain("ProxyCommand=cloudflared access ssh --hostname %h");
  });
});

describe("an adopted droplet", () => {
  const adopt = { id: 4711, hostKey: "ssh-ed25519 AAAAtheirs root@old" };

  test("gets no key, network, firewall or volume of ours, and its own host key is pinned", async () => {
    const resources = await withDroplet({ adopt }, stateful);
    expect(digitalOcean(resources)).toEqual(["Droplet droplet"]);
    expect(one(resources, "Droplet", "droplet").inputs.userData).toBeUndefined();
    expect(sshOpts(resources)).toContain("KnownHostsCommand=/bin/echo %H ssh-ed25519 AAAAtheirs");
  });

  test("stays known when nothing is placed on it", async () => {
    const resources = await withDroplet({ adopt }, { coda: { placement: "workers" }, n8n: { enabled: false } });
    expect(digitalOcean(resources)).toEqual(["Droplet droplet"]);
  });
});
