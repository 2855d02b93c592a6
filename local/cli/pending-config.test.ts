import { expect, test } from "vitest";
import { pendingConfig } from "./pending-config.ts";
import type { ConfigValue } from "./placement-history.ts";

const plain = (value: unknown): ConfigValue =>
  typeof value === "object" ? { objectValue: value, secret: false } : { value: String(value), secret: false };
const secret: ConfigValue = { secret: true };
const pending = (now: Record<string, ConfigValue>, applied: Record<string, ConfigValue>) =>
  pendingConfig(now, { config: applied });

test("the same config, whatever the order of its keys, is applied", () => {
  const [one, other] = [plain({ a: { b: 1, c: [{ x: 1, y: 2 }] } }), plain({ a: { c: [{ y: 2, x: 1 }], b: 1 } })];
  expect(pending({ "hybrid-mcp:services": one }, { "hybrid-mcp:services": other })).toEqual([]);
});

test("each key that differs is told by its path, with both values", () => {
  expect(
    pending(
      {
        "hybrid-mcp:services": plain({ coda: { placement: "droplet" }, github: { tools: { readOnly: true } } }),
        "hybrid-mcp:domain": plain("example.org"),
      },
      {
        "hybrid-mcp:services": plain({ coda: { placement: "workers" }, github: {} }),
        "hybrid-mcp:domain": plain("example.com"),
        "hybrid-mcp:name": plain("gone"),
      },
    ),
  ).toEqual([
    { key: "services.coda.placement", now: "droplet", applied: "workers" },
    { key: "services.github.tools", now: '{"readOnly":true}', applied: undefined },
    { key: "domain", now: "example.org", applied: "example.com" },
    { key: "name", now: undefined, applied: "gone" },
  ]);
});

test("of a secret only whether it is set can be told", () => {
  expect(pending({ "hybrid-mcp:clientSecrets": secret }, { "hybrid-mcp:clientSecrets": secret })).toEqual([]);
  expect(pending({ "hybrid-mcp:clientSecrets": secret }, {})).toEqual([
    { key: "clientSecrets", now: "a secret", applied: undefined },
  ]);
});

test("other programs' keys do not matter", () => {
  expect(pending({ "cloudflare:apiToken": secret }, {})).toEqual([]);
});
