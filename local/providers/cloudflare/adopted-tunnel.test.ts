import { afterAll, beforeAll, expect, test } from "vitest";
import { account_id, type TestApi } from "../../cloud/api/test-api.ts";
import { createEdgeStack, type EdgeStack } from "../testing/edge-stack.ts";
import { programOf } from "../testing/program-of.ts";
import type { TestStack } from "../testing/stack.ts";

// The program's own tunnel and ingress rules, by the real engine, for a tunnel that somebody else made.
let edge: EdgeStack;
let cloud: TestApi;
let stack: TestStack;
const tunnels = `/client/v4/accounts/${account_id}/cfd_tunnel`;

const program = (adopt: string, rules: { hostname: string; service: string }[]) =>
  programOf(
    { tunnel: { adopt } },
    { "edge/tunnel.ts": "Tunnel", "edge/ingress.ts": "Ingress" },
    `const tunnel = new Tunnel(config);
new Ingress({ config, tunnel, rules: ${JSON.stringify(rules)} }, {});`,
  );

const make = async (config_src: string) =>
  (await cloud.request("POST", tunnels, { name: `old-${config_src}`, config_src })).body.result.id as string;
const coda = { hostname: "coda-mcp.example.com", service: "http://coda-mcp-1:8085" };
const theirs = [
  { hostname: "n8n.example.com", service: "http://10.213.0.1:5678", originRequest: { httpHostHeader: "n8n" } },
  { hostname: "*.example.org", path: "^/api", service: "https://10.0.0.2", originRequest: { noTLSVerify: true } },
];
const theirLast = { service: "http_status:503" };

beforeAll(async () => {
  edge = await createEdgeStack();
  ({ cloud, stack } = edge);
});
afterAll(() => edge[Symbol.asyncDispose]());

test("an adopted tunnel is imported, its rules for other hostnames stay, and later runs change nothing", async () => {
  const id = await make("cloudflare");
  await cloud.request("PUT", `${tunnels}/${id}/configurations`, {
    config: { ingress: [...theirs, theirLast], originRequest: { connectTimeout: 7 } },
  });
  const rules = async () => (await cloud.request("GET", `${tunnels}/${id}/configurations`)).body.result.config;
  const before = (await cloud.request("GET", `${tunnels}/${id}`)).body;

  await stack.program(program(id, [coda]));
  const steps = await stack.preview();
  expect(steps.filter(({ op }) => op !== "create").map(({ op, name }) => `${op} ${name}`)).toEqual(["import tunnel"]);
  await stack.up();
  expect(await rules()).toMatchObject({ ingress: [coda, ...theirs, theirLast], originRequest: { connectTimeout: 7 } });
  expect((await cloud.request("GET", `${tunnels}/${id}`)).body).toEqual(before);
  expect(await stack.preview()).toEqual([]);

  // Ours move and go; theirs stay.
  await stack.program(program(id, [{ ...coda, service: "http://coda-mcp-2:8085" }]));
  await stack.up();
  const moved = { ...coda, service: "http://coda-mcp-2:8085", originRequest: { keepAliveTimeout: 3 } };
  expect((await rules()).ingress).toEqual([moved, ...theirs, theirLast]);
  await stack.program(program(id, []));
  await stack.up();
  expect((await rules()).ingress).toEqual([...theirs, theirLast]);

  await stack.run("state", "unprotect", "--all", "--yes");
  const destroyed = await stack.run("destroy", "--yes", "--skip-preview");
  expect(destroyed.code, destroyed.output).toBe(0);
  expect((await cloud.request("GET", `${tunnels}/${id}`)).body.result.deleted_at).toBeNull();
  expect(cloud.log).toEqual([]);
}, 180_000);

test("a tunnel that is configured by a file is refused: its rules would be out of force", async () => {
  await stack.program(program(await make("local"), [coda]));
  const { code, output } = await stack.run("up", "--yes", "--skip-preview");
  expect(code).not.toBe(0);
  expect(output).toMatch(/The tunnel .* is configured by a file on the machine of its connector/);
  expect(output).not.toMatch(/\.ts:\d|error serializing/);
}, 120_000);
