import type { Person } from "@hybrid-mcp/service-kit/broker-contract";
import { expect, test } from "vitest";
import type { BrokerConfig, BrokerEnv } from "../config.ts";
import { listConnections } from "./list.ts";
import type { ConnectionRecord } from "./record.ts";

const ada: Person = {
  id: "github-1815",
  name: "Ada",
  accounts: ["github-1815"],
  login: "ada",
  emails: [],
  organizations: [],
  teams: [],
};

/** What the keepers have, by place. */
const kept: Record<string, Partial<ConnectionRecord>> = {
  "connection:github-1815:coda": { status: "ok", account: "ada@example.com", connectedAt: 1_700_000_000 },
  "connection:github-1815:github": { status: "broken", account: "ada", connectedAt: 1_700_000_001 },
  "connection:github-1906:n8n": { status: "ok", connectedAt: 1_700_000_002 },
};

const env = (scopes: string[]) =>
  ({
    BROKER_CONFIG: {
      policy: [{ people: ["github:ada"], scopes }],
      connections: {
        n8n: { mcpUrl: "https://n8n.example.com/mcp-server/http" },
        coda: { apiUrl: "https://coda.io/apis/v1" },
        github: { clientId: "c", siteUrl: "https://github.com", apiUrl: "https://api.github.com" },
        firecrawl: { apiUrl: "https://api.firecrawl.dev" },
      },
    } as Partial<BrokerConfig> as BrokerConfig,
    SHARED_CONNECTIONS: JSON.stringify({ firecrawl: "the organisation's", coda: "the organisation's" }),
    CONNECTIONS: { idFromName: (name: string) => name, get: (id: unknown) => ({ look: async () => kept[String(id)] }) },
  }) as Partial<BrokerEnv> as BrokerEnv;

test("every connection that the policy opens to a person is listed, made or not, and nobody else's", async () => {
  expect(await listConnections(env(["coda:read", "github:*", "firecrawl:read", "n8n:connect"]), ada)).toEqual([
    {
      service: "coda",
      title: "Coda",
      kind: "token",
      status: "connected",
      account: "ada@example.com",
      connectedAt: 1_700_000_000,
    },
    {
      service: "github",
      title: "GitHub",
      kind: "oauth",
      status: "broken",
      account: "ada",
      connectedAt: 1_700_000_001,
    },
    { service: "firecrawl", title: "Firecrawl", kind: "token", status: "shared" },
    { service: "n8n", title: "n8n", kind: "token", status: "none" },
  ]);
});

test("what the policy does not open, or the stack has not configured, is not listed", async () => {
  expect((await listConnections(env(["coda:read", "google:connect"]), ada)).map(({ service }) => service)).toEqual([
    "coda",
  ]);
  expect(await listConnections(env([]), ada)).toEqual([]);
});
