import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { expect, test } from "vitest";
import { type Config, parseConfig } from "../config.ts";
import { Backup, backupFolder } from "./backup.ts";
import type { Containers } from "./containers.ts";
import type { Host } from "./host.ts";

interface Registered {
  type: string;
  name: string;
  // biome-ignore lint/suspicious/noExplicitAny: inputs of any resource
  inputs: Record<string, any>;
}

function configOf(values: Record<string, unknown>): Config {
  const { config, errors } = parseConfig({
    "hybrid-mcp:domain": "example.com",
    "hybrid-mcp:name": "acme",
    "hybrid-mcp:cloudflare": JSON.stringify({
      accountId: "0123456789abcdef0123456789abcdef",
      zoneId: "fedcba9876543210fedcba9876543210",
      workersSubdomain: "acme",
    }),
    "hybrid-mcp:auth": '{"providers":["google"],"google":{"clientId":"x"}}',
    "hybrid-mcp:clientSecrets": '{"google":"s"}',
    "hybrid-mcp:services": '{"github":{"enabled":false},"firecrawl":{"enabled":false}}',
    "hybrid-mcp:droplet": '{"dockerHost":"unix:///var/run/docker.sock"}',
    ...Object.fromEntries(Object.entries(values).map(([key, value]) => [`hybrid-mcp:${key}`, JSON.stringify(value)])),
  });
  if (errors) throw new Error(errors.join("\n"));
  return config;
}

/** Makes the component against Pulumi's mocks. */
async function deploy(values: Record<string, unknown>) {
  const registered: Registered[] = [];
  await pulumi.runtime.setMocks(
    {
      newResource: ({ type, name, inputs }) => {
        registered.push({ type, name, inputs });
        const outputs: Record<string, unknown> = { ...inputs };
        if (type.endsWith(":RandomPassword")) outputs.result = "generated-passphrase";
        if (type.endsWith(":RemoteImage")) outputs.imageId = `sha256:${name}`;
        return { id: `${name}-id`, state: outputs };
      },
      call: () => ({}),
    },
    "hybrid-mcp",
    "test",
    false,
  );
  const provider = new docker.Provider("engine");
  const host = { options: (parent: pulumi.Resource) => ({ parent, provider }) } as unknown as Host;
  const config = configOf(values);
  const folder = backupFolder(config, host, provider);
  const network = (name: string) => new docker.Network(name, { name: `acme-${name}` });
  const backup = new Backup({
    config,
    host,
    containers: { network: network("containers") } as Containers,
    network: network("n8n"),
    database: { host: "n8n-database", name: "n8n", user: "n8n", password: pulumi.secret("database-password") },
    encryptionKey: pulumi.secret("encryption-key"),
    data: new docker.Volume("n8n-data", { name: "acme-n8n" }),
    folder,
    n8nVersion: "2.40.7",
  });
  const passphrase = await new Promise<string>((resolve) => backup.passphrase.apply(resolve));
  await pulumi.runtime.disconnect();
  const one = (type: string, name: string) =>
    registered.find((resource) => resource.type.endsWith(`:${type}`) && resource.name === name)?.inputs;
  const container = one("Container", "backup")!;
  // The signature of a secret in Pulumi's wire format.
  expect(container.envs["4dabf18193072939515e22adb298388d"]).toBe("1b47061264138c4ac30d75fd1eb44270");
  const env: Record<string, string> = Object.fromEntries(
    container.envs.value.map((entry: string) => entry.split(/=(.*)/s).slice(0, 2)),
  );
  return { one, container, env, passphrase };
}

const networks = (container: Registered["inputs"]) =>
  container.networksAdvanced.map(({ name }: { name: string }) => name);

test("by default backups are in a protected volume of their own, encrypted with a passphrase that is generated", async () => {
  const { one, container, env, passphrase } = await deploy({});
  expect(passphrase).toBe("generated-passphrase");
  expect(env).toEqual({
    PGHOST: "n8n-database",
    PGDATABASE: "n8n",
    PGUSER: "n8n",
    PGPASSWORD: "database-password",
    RESTIC_REPOSITORY: "/backups",
    REPOSITORY_NAME: "the volume acme-backups",
    RESTIC_PASSWORD: "generated-passphrase",
    N8N_ENCRYPTION_KEY: "encryption-key",
    N8N_VERSION: "2.40.7",
    STACK: "acme",
    SCHEDULE: "03:15",
    KEEP_DAILY: "7",
    KEEP_WEEKLY: "4",
    KEEP_MONTHLY: "6",
  });
  expect(container.volumes).toEqual([
    { volumeName: "acme-n8n", containerPath: "/data/n8n" },
    { volumeName: "acme-backup-work", containerPath: "/work" },
    { volumeName: "acme-backups", containerPath: "/backups" },
  ]);
  expect(one("Volume", "backups-data")?.driverOpts).toEqual({
    type: "none",
    o: "bind",
    device: "/mnt/acme-data/backups",
  });
  expect(container).toMatchObject({
    name: "acme-backup",
    hostname: "acme-backup",
    image: "sha256:backup-image",
    readOnly: true,
    capabilities: { drops: ["ALL"] },
    // A backup that failed holds no update up.
    wait: false,
    labels: [
      { label: "hybrid-mcp", value: "acme" },
      { label: "hybrid-mcp-role", value: "backup" },
    ],
  });
  expect(container.ports).toBeUndefined();
  // Nothing of it has to leave the machine.
  expect(networks(container)).toEqual(["acme-n8n"]);
  expect(one("RemoteImage", "backup-image")?.build.buildArgs).toEqual({
    POSTGRES: expect.stringMatching(/^postgres:17.*@sha256:/),
    RESTIC: expect.stringMatching(/^restic\/restic:.*@sha256:/),
  });
});

test("S3-compatible storage: its keys, a way out, and no volume", async () => {
  const { one, container, env, passphrase } = await deploy({
    backup: { repository: "s3:https://fra1.digitaloceanspaces.com/acme/n8n", schedule: "23:59", keep: { monthly: 0 } },
    backupSecrets: { passphrase: "our own", accessKeyId: "DO00", secretAccessKey: "secret" },
  });
  expect(passphrase).toBe("our own");
  expect(env).toMatchObject({
    RESTIC_REPOSITORY: "s3:https://fra1.digitaloceanspaces.com/acme/n8n",
    REPOSITORY_NAME: "s3:https://fra1.digitaloceanspaces.com/acme/n8n",
    RESTIC_PASSWORD: "our own",
    AWS_ACCESS_KEY_ID: "DO00",
    AWS_SECRET_ACCESS_KEY: "secret",
    SCHEDULE: "23:59",
    KEEP_MONTHLY: "0",
  });
  expect(networks(container)).toEqual(["acme-n8n", "acme-containers"]);
  expect(container.volumes).toHaveLength(2);
  expect(one("Volume", "backups-data")).toBeUndefined();
});

test("a folder of the machine", async () => {
  const { container, env } = await deploy({ backup: { repository: "/srv/our backups" } });
  expect(container.volumes[2]).toEqual({ hostPath: "/srv/our backups", containerPath: "/backups" });
  expect(env).toMatchObject({ RESTIC_REPOSITORY: "/backups", REPOSITORY_NAME: "/srv/our backups" });
  expect(env.AWS_ACCESS_KEY_ID).toBeUndefined();
});
