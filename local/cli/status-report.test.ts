import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, test } from "vitest";
import type { Drift } from "./drift-events.ts";
import type { Update } from "./placement-history.ts";
import type { StackView } from "./stack-view.ts";
import { type Answers, askAll, type DriftFound, type Facts, type Health, NOT_ASKED, report } from "./status-report.ts";
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

test("what cannot be asked is said; that all is as wanted is not", () => {
  const { calls: _, ...without } = answers();
  const status = report(view, facts, { ...without, unknown: { calls: "no-token" } }, { unknown: "busy" });
  expect(status.asWanted).toBeNull();
  const text = statusTables(status, NOW);
  expect(text).toMatch(/\nNothing wrong was found; not known: calls, drift\.$/);
  expect(text).toMatch(/coda +droplet ok +\? +\? +\? +\? +none/);
  expect(text).toContain("Drift is not known: busy\nCalls are not known: no-token (set CLOUDFLARE_API_TOKEN");
});

test.each<[string, [Partial<Answers>?, (DriftFound | null)?, Partial<Facts>?], boolean | null]>([
  ["all is known", [], true],
  ["nobody asked for drift", [{}, { unknown: NOT_ASKED }], true],
  ["drift is not known", [{}, { unknown: "busy" }], null],
  ["drift is still being looked for", [{}, null], null],
  ["the history cannot be read", [{}, [], { unknown: { history: "no" } }], null],
  ["something is wrong, whatever is not known", [{ public: {} }, { unknown: "busy" }], false],
])("asWanted where %s", (_, args, expected) => {
  const [over, drift, changed] = args;
  expect(
    report(view, { ...facts, ...changed }, answers(over), drift === null ? undefined : (drift ?? [])).asWanted,
  ).toBe(expected);
});

describe("an MCP endpoint", () => {
  /** A stack whose URLs all lead here: what answers at `/health` is right, and at `/mcp` it is this. */
  async function asked(mcp: { status: number; servedBy?: string } | undefined): Promise<Health> {
    const server = createServer(({ method, url }, response) => {
      const health = url === "/health";
      if (!health && (method !== "POST" || !mcp)) return void response.destroy();
      const servedBy = health ? "workers" : mcp!.servedBy;
      response.writeHead(health ? 200 : mcp!.status, servedBy === undefined ? {} : { "x-served-by": servedBy });
      response.end(JSON.stringify({ status: "ok", version: "1.0" }));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`;
    const coda = { title: "Coda", placement: "workers", version: "1.0", url } as const;
    const asking = {
      dial: undefined,
      config: async () => ({}),
      cloudflare: async () => ({ baseUrl: "", token: undefined }),
    } as unknown as StackView;
    const { public: found } = await askAll(asking, { deployed: { services: { coda } }, flips: {}, unknown: {} });
    server.close();
    return found.coda!;
  }

  test.each([
    [{ status: 401, servedBy: "workers" }, "ok"],
    [{ status: 404 }, "HTTP 404 at /mcp: without a token it has to be 401"],
    [{ status: 401, servedBy: "droplet" }, "mixed: droplet answers at /mcp, and workers at /health"],
    [{ status: 401 }, "mixed: something else answers at /mcp, and workers at /health"],
    [undefined, "unreachable at /mcp: socket hang up"],
  ])("that answers %j", async (mcp, health) => {
    expect(await asked(mcp)).toEqual({ health, servedBy: "workers", version: "1.0" });
  });
});

test("drift that was looked for earlier is shown with its age", () => {
  const status = { ...made({}, ["coda-route"].map(drifted)), driftAt: "2026-01-05T12:28:30.000Z" };
  expect(statusTables(status, NOW)).toContain("\nDrift is what was found 90 s ago.\n");
  expect(statusLines(status).find((line) => line.startsWith("coda:"))).toContain("drift 1 as of 2026-01-05T12:28:30Z;");
});

test("a flip that took several updates is shown without how long the last one took", () => {
  const flips = { coda: { ...facts.flips.coda!, seconds: null } };
  expect(statusTables(made({}, [], { flips }), NOW)).toMatch(/^coda .+ droplet → workers, 12 min ago$/m);
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
