import * as pulumi from "@pulumi/pulumi";
import { expect, test, vi } from "vitest";
import { retentionOf } from "./retention.ts";
import { configWith, type Values } from "./testing/config.ts";

const configOf = (auth: object, more: Values = {}) =>
  configWith({
    auth: { providers: ["github"], github: { clientId: "Iv1.abc" }, ...auth },
    services: { n8n: { enabled: true } },
    droplet: { dockerHost: "unix:///var/run/docker.sock" },
    ...more,
  });

/** What becomes of an update after one that left these outputs. */
async function update(config: ReturnType<typeof configOf>, outputs: object, preview = false): Promise<void> {
  const newResource = ({ inputs }: pulumi.runtime.MockResourceArgs) => ({
    id: "last",
    state: { ...(inputs as object), outputs },
  });
  await pulumi.runtime.setMocks({ newResource, call: () => ({}) }, "hybrid-mcp", "test", preview, "organization");
  // What was read once is kept.
  vi.resetModules();
  const { refuseToKeepLess } = await import("./retention.ts");
  await refuseToKeepLess(config);
}

const before = { retention: retentionOf(configOf({})) };

test("an update that would keep less ends before it changes anything, and says how to allow it", async () => {
  const lower = configOf({ auditRetentionDays: 1 }, { backup: { keep: { daily: 2, weekly: 5 } } });
  const refused = update(lower, before);
  await expect(refused).rejects.toThrow("hybrid-mcp:auth.auditRetentionDays: 90 → 1");
  await expect(refused).rejects.toThrow("hybrid-mcp:backup.keep.daily: 7 → 2");
  await expect(refused).rejects.toThrow("hybrid-mcp:allowDataLoss: [audit, backups-data]");
  await expect(refused).rejects.not.toThrow("weekly");
});

test("what is allowed by name, raised, of what is not there any more, not known of before, or only looked at, goes on", async () => {
  const lower = { auditRetentionDays: 1 };
  await update(configOf(lower, { allowDataLoss: ["audit"] }), before);
  await update(configOf({ auditRetentionDays: 91 }), before);
  await update(configOf({}, { services: {}, backup: { keep: { daily: 1 } } }), before);
  await update(configOf(lower), {});
  await update(configOf(lower), before, true);
});
