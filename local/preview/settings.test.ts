import { execFile } from "node:child_process";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { programOf } from "../providers/testing/program-of.ts";
import { createTestStack, type TestStack } from "../providers/testing/stack.ts";
import type { DigestStep } from "./digest.ts";
import { enginePreview, type RunPulumi } from "./engine-preview.ts";
import { renderMarkdown } from "./render-markdown.ts";
import { renderText } from "./render-text.ts";
import { reportOf } from "./report.ts";
import { step } from "./testing.ts";

const usage = { calls: 10_000, source: "given" };
const SCRIPT = "cloudflare:index/workersScript:WorkersScript";
const CONTAINER = "docker:index/container:Container";
const HIDDEN = "[secret]";

/** A Worker with secrets among its bindings, some of which differ. */
const hidden = (name: string) => {
  const update = step("update", SCRIPT, `${name}-script`, { diffReasons: ["bindings"] });
  const inputs = { bindings: HIDDEN, contentSha256: "same" };
  return { ...update, oldState: { ...update.oldState!, inputs }, newState: { ...update.newState!, inputs } };
};
const broker = hidden("oauth-broker");
const gateway = hidden("mcp-gateway");
const github = hidden("github");
/** There, and as it was. */
const sameGateway = step("same", SCRIPT, "mcp-gateway-script");

interface Told {
  steps: DigestStep[];
  before?: object;
  after?: object;
  config?: Record<string, string>;
  allowed?: string[];
}

function told({ steps, before, after, config = {}, allowed = [] }: Told) {
  const settings = before &&
    after && { before: before as Record<string, unknown>, after: after as Record<string, unknown> };
  const preview = { digest: { steps, config }, code: 0, violations: [], stderr: "", ...(settings && { settings }) };
  const report = reportOf({ stack: "dev", preview, state: [], allowed, usage });
  return { ...report, text: renderText(report).replaceAll(/\s+/g, " ") };
}

describe("a setting that is lowered, and with it what is kept", () => {
  const shorter = {
    steps: [broker, sameGateway],
    before: { auth: { auditRetentionDays: 90, policy: [] } },
    after: { auth: { auditRetentionDays: 1, policy: [] } },
  };

  test("loses data: it has to be allowed by name", () => {
    const { ok, blocked, changes, text } = told(shorter);
    expect(ok).toBe(false);
    expect(blocked.map(({ name }) => name)).toEqual(["audit"]);
    expect(changes).toHaveLength(1);
    expect(changes[0]!.title).toBe("OAuth broker gets other settings: auth.auditRetentionDays: 90 → 1");
    expect(changes[0]!.data).toEqual({ risk: true, text: expect.stringContaining("older than 1 day is deleted") });
    expect(text).toContain("DATA WOULD BE LOST");
    expect(text).toContain("hybrid-mcp:allowDataLoss: [audit]");
  });

  test("is told, and goes on, once it is allowed", () => {
    const { ok, blocked, changes } = told({ ...shorter, allowed: ["audit"] });
    expect({ ok, blocked }).toEqual({ ok: true, blocked: [] });
    expect(changes[0]!.losses).toMatchObject([{ name: "audit", allowed: true }]);
  });

  test("backups: alone, and where n8n changes as well", () => {
    const settings = { before: { backup: { keep: { daily: 7 } } }, after: { backup: { keep: { daily: 1 } } } };
    const backup = step("replace", CONTAINER, "backup", { diffReasons: ["envs"] });
    const alone = told({ steps: [backup], ...settings });
    expect(alone.changes.map(({ title }) => title)).toEqual([
      "n8n's backups get other settings: backup.keep.daily: 7 → 1",
    ]);
    expect(alone.blocked.map(({ name }) => name)).toEqual(["backups-data"]);
    const both = told({ steps: [backup, step("replace", CONTAINER, "n8n")], ...settings });
    expect(both.changes.map(({ title }) => title)).toEqual([
      "A setting: backup.keep.daily: 7 → 1",
      "n8n gets other settings",
    ]);
    expect(both.ok).toBe(false);
  });

  test("one that is raised loses nothing", () => {
    const { ok, changes } = told({ ...shorter, before: shorter.after, after: shorter.before });
    expect(ok).toBe(true);
    expect(changes[0]).toMatchObject({ calls: { fail: false }, data: { risk: false, text: "not touched" } });
  });
});

const rule = (who: string) => ({ people: [`github:${who}`, `${who}@example.com`], scopes: ["coda:*"] });

test.each([
  ["auth.policy is emptied", { auth: { policy: [rule("ada")] } }, { auth: { policy: [] } }, "oauth-broker", "denied"],
  ["sign-ins end sooner", { auth: { grantIdleDays: 30 } }, { auth: { grantIdleDays: 1 } }, "oauth-broker", "1 day is"],
  ["fewer calls", { gateway: { callsPerMinute: 120 } }, { gateway: { callsPerMinute: 1 } }, "mcp-gateway", "beyond 1"],
  [
    "fewer tools",
    { services: { github: { placement: "workers" } } },
    { services: { github: { placement: "workers", tools: { toolsets: ["repos"] } } } },
    "github",
    "left out",
  ],
  [
    "another upstream",
    { services: { coda: {} } },
    { services: { coda: { upstreamUrl: "https://nowhere.example.com" } } },
    "coda",
    "address is wrong",
  ],
])("calls can fail: %s", (_, before, after, part, words) => {
  const { ok, changes } = told({ steps: [hidden(part), sameGateway], before, after });
  expect(ok).toBe(true);
  expect(changes[0]!.calls).toEqual({ fail: true, text: expect.stringContaining(words) });
  expect(changes[0]!.title).toMatch(/gets other settings: (auth|gateway|services)\.[\w.]+: .* → /);
});

test.each([
  ["a rule more", { auth: { policy: [rule("ada")] } }, { auth: { policy: [rule("ada"), rule("grace")] } }],
  ["a longer life", { auth: { grantIdleDays: 1 } }, { auth: { grantIdleDays: 30 } }],
  ["administrators", { auth: { administrators: {} } }, { auth: { administrators: { people: ["github:ada"] } } }],
])("no call fails: %s", (_, before, after) => {
  const { changes } = told({ steps: [broker, sameGateway], before, after });
  expect(changes[0]).toMatchObject({ calls: { fail: false }, data: { risk: false } });
  expect(changes[0]!.notes).toEqual(["Whether a secret changes as well is not known: secrets are not compared."]);
});

test("of a long list it is said what is taken out and put in, and long values are cut", () => {
  const { changes } = told({
    steps: [broker, sameGateway],
    before: { auth: { policy: [rule("ada"), rule("grace-brewster-murray-hopper")] } },
    after: { auth: { policy: [rule("ada"), rule("joan")] } },
  });
  expect(changes[0]!.title).toBe(
    "OAuth broker gets other settings: auth.policy: without {people:[github:grace-brewster-murray-hopper, " +
      "grace-brewster-murray-hopper@example.com], scopes:[c …, with {people:[github:joan, joan@example.com], scopes:[coda:*]}",
  );
});

test("what a setting means is told with a flip as well", () => {
  const route = step("update", "cloudflare:index/workersRoute:WorkersRoute", "github-route");
  const { changes } = told({
    steps: [
      {
        ...route,
        oldState: { ...route.oldState!, inputs: { script: "github" } },
        newState: { ...route.newState!, inputs: {} },
      },
      github,
      step("create", CONTAINER, "github"),
    ],
    before: { services: { github: { placement: "workers" } } },
    after: { services: { github: { placement: "droplet", tools: { readOnly: true } } } },
  });
  expect(changes.map(({ title, calls }) => [title, calls.fail])).toEqual([
    ["A setting: services.github.tools.readOnly: not set → true", true],
    ["GitHub moves from Workers to the droplet", false],
  ]);
});

test("a consolidated broker has the gateway's settings; each part tells its own", () => {
  const settings = { before: { gateway: { callsPerMinute: 120 } }, after: { gateway: { callsPerMinute: 1 } } };
  expect(told({ steps: [broker], ...settings }).changes[0]!.title).toContain("gateway.callsPerMinute: 120 → 1");
  const separate = told({ steps: [broker, gateway], ...settings });
  expect(separate.changes.map(({ title }) => title).sort()).toEqual([
    "MCP gateway gets other settings: gateway.callsPerMinute: 120 → 1",
    "OAuth broker gets other settings: what changes is secret",
  ]);
});

test("where only a secret can have changed, nothing is promised", () => {
  const { changes } = told({ steps: [broker, sameGateway], before: { auth: {} }, after: { auth: {} } });
  expect(changes[0]).toMatchObject({
    title: "OAuth broker gets other settings: what changes is secret",
    calls: { fail: true, text: "calls can fail if what changes is wrong: it is secret" },
  });
});

test("after an update that registered no settings it is said that they are not known", () => {
  const { changes, text } = told({ steps: [broker, sameGateway] });
  expect(changes[0]!.calls.fail).toBe(true);
  expect(text).toContain("the last update did not register what the settings were");
  expect(text).not.toContain("data not touched");
});

test("a standby is a container that is made, or goes: nothing starts beside an old one", () => {
  const settings = { before: { cutover: { keepStandby: false } }, after: { cutover: { keepStandby: true } } };
  const made = told({ steps: [step("create", CONTAINER, "coda")], ...settings }).changes[0]!;
  const gone = told({ steps: [step("delete", CONTAINER, "coda")], ...settings }).changes[0]!;
  expect(made.title).toBe("Coda gets a standby on the droplet: a container");
  expect(gone.title).toBe("Coda has no standby on the droplet any more: its container goes");
  expect([made.calls.text, gone.calls.text].join()).not.toContain("old one");
});

test("what the config allows to be lost, without a loss, is warned of in every report", () => {
  const config = { "hybrid-mcp:allowDataLoss": '["audit","sessions","tunnel"]' };
  const nothing = told({ steps: [], config });
  expect(nothing.warnings).toEqual([
    "hybrid-mcp:allowDataLoss lifts the protection of audit, sessions and tunnel, of which this update loses nothing: take them out of the config.",
  ]);
  expect(nothing.text).toContain("take them out of the config");
  expect(renderMarkdown(nothing)).not.toMatch(/<details>\s*<summary>Warnings/);
  const lost = told({
    steps: [step("delete", "cloudflare:index/d1Database:D1Database", "audit")],
    config,
    allowed: ["tunnel"],
  });
  expect(lost.warnings).toEqual([expect.stringMatching(/protection of sessions, .* take it out/)]);
});

describe("by the real engine", () => {
  let stack: TestStack;
  /** @param length of what is told the settings; one below zero fails */
  const program = (auth: object, length = 8) =>
    programOf(
      { auth: { providers: ["github"], github: { clientId: "Iv1.abc" }, ...auth } },
      { "settings.ts": "Settings" },
      `import * as random from "@pulumi/random";
new Settings(config, [new random.RandomPassword("told", { length: ${length} })]);`,
    );
  beforeAll(async () => {
    stack = await createTestStack({});
  }, 120_000);
  afterAll(() => stack[Symbol.asyncDispose]());

  const run: RunPulumi = (args, env) =>
    new Promise((done) => {
      execFile("pulumi", args, { cwd: stack.dir, env: { ...stack.env, ...env } }, (error, stdout, stderr) =>
        done({ code: error ? 1 : 0, stdout, stderr }),
      );
    });

  test("settings are read as they were and as they will be; what the config has as a secret is not among them", async () => {
    const asked = () => enginePreview(run, { stack: "test", configFile: join(stack.dir, "Pulumi.test.yaml") });
    await stack.run("config", "set", "--secret", "--path", "hybrid-mcp:backup.passphrase", "hush");
    await stack.program(program({}));
    expect((await asked()).settings).toMatchObject({ before: undefined, after: { auth: { grantIdleDays: 30 } } });
    await stack.up();
    await stack.program(program({ grantIdleDays: 1 }));
    const { settings } = await asked();
    expect(settings).toMatchObject({ before: { auth: { grantIdleDays: 30 } }, after: { auth: { grantIdleDays: 1 } } });
    expect(settings!.after).not.toHaveProperty("backup");

    // An update that fails at what is told them has not changed them.
    await stack.program(program({ grantIdleDays: 1 }, -1));
    expect((await stack.run("up", "--yes", "--skip-preview")).code).not.toBe(0);
    await stack.program(program({ grantIdleDays: 1 }, 9));
    expect((await asked()).settings).toMatchObject({ before: { auth: { grantIdleDays: 30 } } });
  }, 180_000);

  test("an update that would keep less is refused before it begins, also by a plan; what is allowed goes on", async () => {
    const keeping = (auditRetentionDays: number, allowDataLoss: string[] = []) =>
      programOf(
        { auth: { providers: ["github"], github: { clientId: "Iv1.abc" }, auditRetentionDays }, allowDataLoss },
        { "retention.ts": "refuseToKeepLess, retentionOf", "last-outputs.ts": "lastEngine" },
        "await refuseToKeepLess(config);\nlastEngine();\nexport const retention = retentionOf(config);",
      );
    await stack.program(keeping(90));
    await stack.up();
    await stack.program(keeping(1));
    const plan = join(stack.dir, "plan.json");
    expect((await stack.run("preview", "--save-plan", plan)).code).toBe(0);
    for (const given of [[], ["--plan", plan]]) {
      const { code, output } = await stack.run("up", "--yes", "--skip-preview", ...given);
      expect(code).not.toBe(0);
      expect(output).toContain("Data would be lost; nothing was changed.");
      expect(output).toContain("hybrid-mcp:auth.auditRetentionDays: 90 → 1: what is older than 1 day");
      expect(output).not.toMatch(/plan|Duplicate|at file:/);
    }
    await stack.program(keeping(1, ["audit"]));
    await stack.run("preview", "--save-plan", plan);
    await stack.up("--plan", plan);
    expect(await stack.outputs()).toMatchObject({ retention: { "auth.auditRetentionDays": 1 } });
  }, 180_000);
});
