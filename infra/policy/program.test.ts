import { Secret } from "@pulumi/policy";
import * as pulumi from "@pulumi/pulumi";
import { describe, expect, test, vi } from "vitest";
import { PolicyInput } from "../policy-input.ts";
import { configWith } from "../testing/config.ts";
import { type Registered, run } from "../testing/program.ts";
import { movableCustomDomain } from "./hostnames.ts";
import { publishedPorts } from "./inbound.ts";
import { privilegeProblems } from "./privileges.ts";
import { unprotected } from "./protection.ts";
import { type Inspected, types } from "./resource.ts";
import { openSecrets, secretPaths } from "./secrets.ts";

/** The program beside the pack: whatever a config turns on keeps to the rules, and what it allows is told to them. */

const SECRET = "4dabf18193072939515e22adb298388d";

/** Inputs with `Secret`s for what is secret, or, as rules see them, with the values. */
function withSecrets(value: unknown, make: (value: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map((each) => withSecrets(each, make));
  if (typeof value !== "object" || value === null) return value;
  if (SECRET in value) return make(withSecrets((value as unknown as { value: unknown }).value, make));
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, withSecrets(each, make)]));
}

const inspect = ({ type, name, inputs, protect }: Registered): Inspected => ({
  type,
  name,
  props: withSecrets(inputs, (value) => value) as Record<string, unknown>,
  opts: { protect },
});

const everything = {
  services: {
    coda: { placement: "droplet" },
    github: { placement: "droplet", enabled: true },
    firecrawl: { enabled: true, engine: "self-hosted" },
    n8n: { enabled: true, access: { emailDomains: ["example.com"] } },
  },
  auth: {
    providers: ["github"],
    github: { clientId: "Iv1.abc" },
    connections: { github: { clientId: "Iv1.def" }, google: { clientId: "google" } },
    products: [{ name: "crm", clientIds: ["crm"], services: ["coda"] }],
  },
  clientSecrets: { github: "client-secret", githubConnection: "connection-secret", googleConnection: "google-secret" },
  gateway: {
    servers: [
      {
        name: "wiki",
        title: "Wiki",
        url: "https://wiki.example.org/mcp",
        auth: { kind: "header" },
        scopes: [{ name: "wiki:read", description: "Read" }],
      },
    ],
  },
  serverSecrets: { wiki: "Bearer wiki" },
  telemetry: { tracesUrl: "https://traces.example.com/v1/traces" },
  telemetryHeaders: { authorization: "Bearer traces" },
};
const ssh = { sshPublicKey: "ssh-ed25519 AAAA me", sshAllow: ["198.51.100.1/32"], size: "s-8vcpu-16gb" };

describe.each([
  ["backups in a folder", { droplet: ssh, backup: { repository: "/srv/backups" } }],
  [
    "backups in S3-compatible storage",
    {
      droplet: { ...ssh, dockerHost: "ssh://root@droplet.example.com", storage: "engine" },
      backup: { repository: "s3:https://s3.example.com/backups" },
      backupSecrets: { accessKeyId: "id", secretAccessKey: "key" },
    },
  ],
])("everything, with %s", (_, config) => {
  test("breaks no rule", async () => {
    const registered = await run(
      { ...everything, ...config, sharedConnections: { coda: "coda-token" } },
      { preview: true },
    );
    expect(registered.filter(({ type }) => type === types.container).length).toBeGreaterThan(8);
    const found = registered.flatMap((resource) => {
      const each = inspect(resource);
      const paths = secretPaths(withSecrets(resource.inputs, (value) => new Secret(value)));
      const problems = [
        ...openSecrets(each, paths),
        ...privilegeProblems(each),
        movableCustomDomain(each) ?? [],
      ].flat();
      return [...problems, ...(each.type === types.container ? publishedPorts(each) : [])].map(
        (problem) => `${each.name}: ${problem}`,
      );
    });
    expect(found).toEqual([]);
    expect(unprotected(registered.map(inspect), []).map(([{ name }, problem]) => `${name}: ${problem}`)).toEqual([]);
  });
});

test.each([
  ["unix:///var/run/docker.sock", undefined, { engineIsLocal: true, adoptsDroplet: false }],
  ["tcp://192.0.2.1:2375", undefined, { engineIsLocal: false, adoptsDroplet: false }],
  [undefined, undefined, { engineIsLocal: false, adoptsDroplet: false }],
  [undefined, { id: 123, hostKey: "ssh-ed25519 AAAA" }, { engineIsLocal: false, adoptsDroplet: true }],
])(
  "the pack is told where the engine is (%s) and whether the droplet was there (%j)",
  async (dockerHost, adopt, told) => {
    await pulumi.runtime.setMocks({ newResource: () => ({ id: "id", state: {} }), call: () => ({}) });
    const { auth, clientSecrets } = everything;
    const config = configWith({ auth, clientSecrets, droplet: { ...ssh, dockerHost, adopt } });
    const component = pulumi.ComponentResource.prototype as unknown as { registerOutputs(outputs: object): void };
    const outputs = vi.spyOn(component, "registerOutputs");
    new PolicyInput(config);
    await pulumi.runtime.disconnect();
    expect(outputs).toHaveBeenCalledWith(expect.objectContaining(told));
    outputs.mockRestore();
  },
);
