import { expect, test } from "vitest";
import type { Drift } from "./drift-events.ts";
import type { Update } from "./placement-history.ts";
import type { StackView } from "./stack-view.ts";
import { type Answers, type DriftFound, type Facts, type Health, report } from "./status-report.ts";
import { statusLines, statusTables } from "./status-table.ts";

const NOW = Date.parse("2026-01-05T12:30:00Z");
const view = { name: "dev", running: true } as StackView;
const config = (services: object): Update["config"] => ({
  "hybrid-mcp:domain": { value: "example.com", secret: false },
  "hybrid-mcp:services": { objectValue: services, secret: false },
});
const ok = (servedBy: string, version = "1.0"): Health => ({ health: "ok", servedBy, version });

const facts: Facts = {
  deployed: {
    authUrl: "https://auth.example.com",
    gatewayUrl: "https://mcp.example.com/mcp",
    versions: { "oauth-broker": "1.0", "mcp-gateway": "1.0" },
    services: {
      coda: {
        title: "Coda",
        placement: "workers",
        version: "1.0",
        url: "https://coda-mcp.example.com/mcp",
        sides: { workers: "https://w.example.com", droplet: "https://gate-coda.example.com" },
      },
      firecrawl: {
        title: "Firecrawl",
        placement: "droplet",
        version: "1.0",
        url: "https://firecrawl-mcp.example.com/mcp",
        sides: { workers: "https://f.example.com", droplet: "https://gate-firecrawl.example.com" },
      },
    },
  },
  updates: [{ kind: "update", startTime: "", config: config({ coda: { placement: "workers" } }) }],
  flips: { coda: { from: "droplet", to: "workers", at: "2026-01-05T12:18:00Z", seconds: 9 } },
  unknown: {},
};
const answers = (over: Partial<Answers> = {}): Answers => ({
  config: config({ coda: { placement: "workers" } }),
  public: {
    "oauth-broker": ok("workers"),
    "mcp-gateway": ok("workers"),
    coda: ok("workers"),
    firecrawl: ok("droplet"),
  },
  sides: {
    coda: { workers: ok("workers"), droplet: ok("droplet") },
    firecrawl: { workers: ok("workers"), droplet: ok("droplet") },
  },
  calls: { coda: { calls: 12, failed: 1, denied: 2 } },
  unknown: {},
  ...over,
});
const drifted = (name: string): Drift => ({ urn: "", name, type: "Thing", what: "gone", changes: [] });
const made = (over: Partial<Answers> = {}, drift: DriftFound = [], changed: Partial<Facts> = {}) =>
  report(view, { ...facts, ...changed }, answers(over), drift);
const problems = (...args: Parameters<typeof made>) => {
  const { services, platform, asWanted } = made(...args);
  const all = [...services.flatMap((each) => each.problems), ...platform.problems];
  expect(asWanted).toBe(all.length === 0);
  return all;
};

test("a stack that is as wanted has no problem", () => {
  expect(problems()).toEqual([]);
});

test("somebody else who answers, no answer, and another version are problems", () => {
  const said = problems({
    public: {
      "oauth-broker": { health: "HTTP 500: no", servedBy: "workers", version: null },
      "mcp-gateway": ok("workers", "0.9"),
      coda: ok("droplet"),
      firecrawl: { health: "unreachable: refused", servedBy: null, version: null },
    },
  });
  expect(said).toEqual([
    "oauth-broker does not answer as it should at https://auth.example.com: HTTP 500: no",
    "mcp-gateway answers in version 0.9, and the last update was for 1.0",
    "coda is placed on workers, and droplet answers at https://coda-mcp.example.com/mcp",
    "firecrawl does not answer as it should at https://firecrawl-mcp.example.com/mcp: unreachable: refused",
  ]);
});

test("a side that a flip would need, and that does not answer, is a problem", () => {
  const sides = { coda: { workers: ok("workers"), droplet: { health: "HTTP 502: x", servedBy: null, version: null } } };
  expect(problems({ sides })).toEqual(["coda could not be moved to droplet now: that side says HTTP 502: x"]);
});

test("what was changed outside and what is not applied yet are told apart", () => {
  const placed = { config: config({ coda: { placement: "droplet" }, github: { enabled: false } }) };
  const { services, platform } = made(
    placed,
    ["coda-route", "coda", "gate-firecrawl.example.com", "ingress"].map(drifted),
  );
  const [coda, firecrawl] = ["coda", "firecrawl"].map((name) => services.find(({ service }) => service === name)!);
  expect(coda).toMatchObject({ placement: "droplet", servedBy: "workers" });
  expect(coda!.drift!.map(({ name }) => name)).toEqual(["coda-route", "coda"]);
  expect(coda!.pending).toEqual([{ key: "services.coda.placement", now: "droplet", applied: "workers" }]);
  expect(firecrawl!.drift!.map(({ name }) => name)).toEqual(["gate-firecrawl.example.com"]);
  expect(platform.problems).toEqual([
    "platform changed outside of Pulumi: Thing ingress is gone",
    'platform config not applied yet: services.github is {"enabled":false}, and was not set at the last update',
  ]);
});

test.each([
  ["coda-mcp.example.com", "coda"],
  ["auth.example.com", "oauth-broker"],
  ["mcp-gateway-route", "mcp-gateway"],
  ["mcp.example.com", "mcp-gateway"],
  ["firecrawl-container", "firecrawl"],
  ["tunnel", undefined],
])("%s belongs to %s", (resource, service) => {
  const { services, platform } = made({}, [drifted(resource)]);
  const owners = services.filter(({ drift }) => drift!.length > 0).map((each) => each.service);
  expect([owners, platform.drift!.length]).toEqual(service ? [[service], 0] : [[], 1]);
});

test("what cannot be asked is said, and is no problem", () => {
  const { calls: _, ...without } = answers();
  const status = report(view, facts, { ...without, unknown: { calls: "no-token" } }, { unknown: "busy" });
  expect(status.asWanted).toBe(true);
  const text = statusTables(status, NOW);
  expect(text).toMatch(/coda +droplet ok +\? +\? +\? +\? +none/);
  expect(text).toContain("Drift is not known: busy\nCalls are not known: no-token (set CLOUDFLARE_API_TOKEN");
});

test("the tables fit into 120 columns", () => {
  const text = statusTables(made({}, ["coda-route"].map(drifted)), NOW);
  for (const line of text.split("\n")) expect(line.length, line).toBeLessThanOrEqual(120);
  expect(text).toMatch(/^SERVICE +PLACEMENT +SERVED BY +HEALTH +VERSION +URL$/m);
  expect(text).toMatch(/^coda +workers +workers +ok +1\.0 +https:\/\/coda-mcp\.example\.com\/mcp$/m);
  expect(text).toMatch(/^coda +droplet ok +12 +1 +2 +1 +none +droplet → workers, 12 min ago \(9 s\)$/m);
  expect(text).toContain("Not as wanted:\n  coda changed outside of Pulumi: Thing coda-route is gone");
  expect(statusTables(made(), NOW)).toMatch(/\nAll is as wanted\.$/);
});

test("a log has a line for each service", () => {
  expect(statusLines(report(view, facts, answers(), undefined))).toContain(
    "coda: on workers, served by workers, ok, 1.0, 12 calls/h, 1 failed, 2 denied, drift ?",
  );
});
