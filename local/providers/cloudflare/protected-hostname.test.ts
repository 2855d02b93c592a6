import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { account_id, startTestApi, type TestApi, zone_id } from "../../cloud/api/test-api.ts";
import { createTestStack, type TestStack } from "../testing/stack.ts";

// The program's own hostnames and what stands before them, by the real engine, while the config turns it on and off.
let cloud: TestApi;
let stack: TestStack;
const infra = join(import.meta.dirname, "../../../infra");
const api = "/client/v4";

const program = (access?: object) => {
  const config = {
    "hybrid-mcp:domain": "example.com",
    "hybrid-mcp:cloudflare": JSON.stringify({ accountId: account_id, zoneId: zone_id, workersSubdomain: "test" }),
    "hybrid-mcp:auth": '{"providers":["github"],"github":{"clientId":"Iv1.abc"}}',
    "hybrid-mcp:clientSecrets": '{"github":"secret"}',
    "hybrid-mcp:services": JSON.stringify({
      github: { enabled: false },
      firecrawl: { enabled: false },
      n8n: { enabled: true, ...(access && { access }) },
    }),
    "hybrid-mcp:droplet": '{"dockerHost":"unix:///var/run/docker.sock"}',
  };
  return `
import { parseConfig } from ${JSON.stringify(join(infra, "config.ts"))};
import { Tunnel } from ${JSON.stringify(join(infra, "edge/tunnel.ts"))};
import { deployProtected } from ${JSON.stringify(join(infra, "protected.ts"))};
const { config, errors } = parseConfig(${JSON.stringify(config)});
if (errors) throw new Error(errors.join("\\n"));
deployProtected(config, new Tunnel(config));
`;
};

const record = async () =>
  (await cloud.request("GET", `${api}/zones/${zone_id}/dns_records?name=n8n.example.com`)).body.result;
const applications = async () =>
  (await cloud.request("GET", `${api}/accounts/${account_id}/access/apps`)).body.result as { domain: string }[];

beforeAll(async () => {
  cloud = await startTestApi();
  stack = await createTestStack({
    CLOUDFLARE_BASE_URL: `${cloud.origin}/client/v4`,
    CLOUDFLARE_API_TOKEN: String(cloud.cloudflare.apiToken),
  });
});

afterAll(async () => {
  await stack[Symbol.asyncDispose]();
  await cloud.close();
});

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
