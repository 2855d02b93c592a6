import { afterAll, beforeAll, expect, test } from "vitest";
import { account_id, type TestApi, zone_id } from "../../cloud/api/test-api.ts";
import { createEdgeStack, type EdgeStack } from "../testing/edge-stack.ts";
import { programOf } from "../testing/program-of.ts";
import type { TestStack } from "../testing/stack.ts";

// The program's own hostnames and what stands before them, by the real engine, while the config turns it on and off.
let edge: EdgeStack;
let cloud: TestApi;
let stack: TestStack;
const api = "/client/v4";

const program = (access?: object) =>
  programOf(
    {
      services: { n8n: { enabled: true, ...(access && { access }) } },
      droplet: { dockerHost: "unix:///var/run/docker.sock" },
    },
    { "edge/tunnel.ts": "Tunnel", "protected.ts": "deployProtected" },
    "deployProtected(config, new Tunnel(config));",
  );

const record = async () =>
  (await cloud.request("GET", `${api}/zones/${zone_id}/dns_records?name=n8n.example.com`)).body.result;
const applications = async () =>
  (await cloud.request("GET", `${api}/accounts/${account_id}/access/apps`)).body.result as { domain: string }[];

beforeAll(async () => {
  edge = await createEdgeStack();
  ({ cloud, stack } = edge);
});
afterAll(() => edge[Symbol.asyncDispose]());

test("Access before n8n is turned on and off: its hostname leads into the tunnel all the while, by the same record", async () => {
  await stack.program(program());
  await stack.up();
  const before = await record();
  expect(before).toMatchObject([{ name: "n8n.example.com", type: "CNAME" }]);

  await stack.program(program({ emails: ["ada@example.com"] }));
  expect((await stack.preview()).filter(({ op }) => op !== "create")).toEqual([]);
  await stack.up();
  expect(await record()).toEqual(before);
  expect((await applications()).map(({ domain }) => domain)).toContain("n8n.example.com");
  expect(await stack.preview()).toEqual([]);

  await stack.program(program());
  await stack.up();
  expect(await record()).toEqual(before);
  expect(await applications()).toEqual([]);
  expect(cloud.log).toEqual([]);
}, 180_000);
