import { expect, test } from "vitest";
import { openSettings } from "./settings.ts";
import { configWith, type Values } from "./testing/config.ts";

const shown = (more: Values = {}, secretKeys: string[] = []) => openSettings(configWith(more), secretKeys);

test("settings are shown by their keys, with defaults", () => {
  expect(shown()).toMatchObject({
    domain: "example.com",
    auth: { auditRetentionDays: 90, grantIdleDays: 30, policy: [] },
    backup: { keep: { daily: 7, weekly: 4, monthly: 6 } },
    gateway: { callsPerMinute: 120 },
  });
});

test("secrets, and what lets in somewhere in a URL, are not among them", () => {
  const all = shown({
    sharedConnections: { coda: "hush-shared" },
    telemetry: { tracesUrl: "https://otlp.example.com/v1/traces?key=hush-query" },
    telemetryHeaders: { authorization: "hush-header" },
    serverSecrets: { wiki: "hush-server" },
    n8nEncryptionKey: "hush-encryption",
    backupSecrets: { passphrase: "hush-passphrase" },
    droplet: { alerts: { slack: { channel: "#ops", url: "https://hooks.example.com/hush-slack" } } },
    gateway: {
      servers: [
        {
          name: "wiki",
          title: "Wiki",
          url: "https://wiki.example.com/mcp",
          auth: { kind: "header" },
          scopes: [{ name: "wiki:read", description: "Read" }],
        },
      ],
    },
    services: {
      coda: { upstreamUrl: "https://ada:hush-password@coda.example.com/apis/v1" },
      github: { enabled: false },
      firecrawl: { enabled: false },
    },
  });
  expect(JSON.stringify(all)).not.toContain("hush");
  expect(all).toMatchObject({
    telemetry: { tracesUrl: "https://otlp.example.com/v1/traces" },
    services: { coda: { upstreamUrl: "https://coda.example.com/apis/v1" } },
  });
});

test("a key that the stack config has as a secret, whole or in part, is left out", () => {
  const all = shown({}, ["hybrid-mcp:backup", "hybrid-mcp:clientSecrets"]);
  expect(Object.keys(all)).not.toContain("backup");
  expect(Object.keys(all)).toContain("auth");
});
