import { describe, expect, test } from "vitest";
import { type Digest, resourcesOf } from "./digest.ts";
import { droplets } from "./prices.ts";
import { renderMarkdown } from "./render-markdown.ts";
import { renderText } from "./render-text.ts";
import { reportOf } from "./report.ts";
import { valuesOf } from "./set-values.ts";
import { step, urnOf } from "./testing.ts";
import { ASSUMED_CALLS, usageOf } from "./usage.ts";

const usage = { calls: 10_000, source: "given" };
const report = (digest: Digest, code = 0, violations: Parameters<typeof reportOf>[0]["preview"]["violations"] = []) =>
  reportOf({ stack: "dev", preview: { digest, code, violations, stderr: "" }, state: [], allowed: [], usage });

test("what no rule explains is told by its name and type, as what it may be at worst", () => {
  const told = report({
    steps: [step("delete", "acme:index/thing:Thing", "odd"), step("frob", "acme:index/thing:Thing", "strange")],
  });
  expect(told.changes.map(({ title, calls }) => [title, calls.fail])).toEqual([
    ["odd (acme:index/thing:Thing): delete", true],
    ["strange (acme:index/thing:Thing): frob", false],
  ]);
  expect(told.changes.map(({ data }) => data.risk)).toEqual([true, false]);
  expect(renderText(told)).toContain("not known here: no rule of this preview explains it");
});

test("a replacement comes as three steps and is one; components are nothing by themselves", () => {
  const thing = "acme:index/thing:Thing";
  const steps = ["create-replacement", "replace", "delete-replaced"].map((op) => step(op, thing, "one"));
  const component = { ...step("create", "hybrid-mcp:edge:Tunnel", "tunnel") };
  component.newState = { ...component.newState!, custom: false };
  expect(resourcesOf({ steps }).map(({ op }) => op)).toEqual(["replace"]);
  expect(report({ steps: [...steps, component] }).changes).toHaveLength(1);
});

test("an n8n that is told to begin anew is told so: it has none of its data from then on", () => {
  const container = (generation: string) => ({
    urn: urnOf("docker:index/container:Container", "n8n"),
    type: "docker:index/container:Container",
    custom: true,
    inputs: { labels: [{ label: "hybrid-mcp-generation", value: generation }] },
  });
  const volume = { ...step("same", "docker:index/volume:Volume", "postgres-data") };
  const begun = {
    ...step("replace", "", "n8n"),
    urn: container("1").urn,
    oldState: container("1"),
    newState: container("2"),
  };
  const [told] = report({ steps: [begun, volume] }).changes;
  expect(told).toMatchObject({
    title: "n8n begins again with an empty database: generation 1 → 2",
    calls: { fail: true },
    data: { risk: true },
  });
  const [withoutData] = report({ steps: [begun] }).changes;
  expect(withoutData).toMatchObject({ title: told!.title, data: { risk: false } });
  const [same] = report({ steps: [{ ...begun, newState: container("1") }, volume] }).changes;
  expect(same).toMatchObject({ title: "n8n gets other settings", data: { risk: false } });
});

describe("what goes and nothing says what it keeps", () => {
  const bucket = step("delete", "cloudflare:index/r2Bucket:R2Bucket", "archive");
  const allowing = (...names: string[]) => ({ "hybrid-mcp:allowDataLoss": JSON.stringify(names) });

  test.each([
    ["a bucket", bucket],
    ["a volume that is not the stack's own", step("replace", "digitalocean:index/volume:Volume", "archive")],
    ["a droplet besides", step("delete", "digitalocean:index/droplet:Droplet", "archive")],
    ["another Docker volume", step("delete", "docker:index/volume:Volume", "archive")],
    ["another namespace", step("replace", "cloudflare:index/workersKvNamespace:WorkersKvNamespace", "archive")],
    ["a password", step("replace", "random:index/randomPassword:RandomPassword", "archive")],
  ])("may have been data: %s", (_, gone) => {
    const told = report({ steps: [gone] });
    expect(told).toMatchObject({ ok: false, blocked: [{ name: "unlisted:archive", certain: false }] });
    for (const text of [renderText(told), renderMarkdown(told)]) {
      expect(text).toContain("NOT KNOWN WHETHER DATA WOULD BE LOST");
      expect(text).toMatch(/not known whether data is lost:/);
      expect(text).toContain("hybrid-mcp:allowDataLoss: [unlisted:archive]");
      expect(text).not.toContain("no data is at risk");
    }
    expect(report({ steps: [gone], config: allowing("archive") }).ok).toBe(false);
    const allowed = report({ steps: [gone], config: allowing("unlisted:archive") });
    expect(allowed.ok).toBe(true);
    expect(renderText(allowed)).toContain("not known whether data is lost, as allowed");
  });

  test("comes after what is lost for certain, and before calls that fail", () => {
    const steps = [
      step("delete", "cloudflare:index/dnsRecord:DnsRecord", "coda.example.com"),
      bucket,
      step("delete", "cloudflare:index/d1Database:D1Database", "audit"),
    ];
    const told = report({ steps });
    expect(told.changes.map(({ resources }) => resources[0]!.name)).toEqual(["audit", "archive", "coda.example.com"]);
    expect(renderText(told)).toContain("DATA WOULD BE LOST");
  });

  test.each([
    ["cloudflare:index/dnsRecord:DnsRecord", "coda.example.com"],
    ["cloudflare:index/workersRoute:WorkersRoute", "coda-route"],
    ["cloudflare:index/zeroTrustAccessPolicy:ZeroTrustAccessPolicy", "ssh-people"],
    ["digitalocean:index/firewall:Firewall", "firewall"],
    ["digitalocean:index/volumeAttachment:VolumeAttachment", "data-attachment"],
    ["docker:index/container:Container", "coda"],
    ["docker:index/remoteImage:RemoteImage", "coda-image"],
    ["docker:index/volume:Volume", "backup-work"],
    ["random:index/randomPassword:RandomPassword", "shop-product-secret"],
  ])("is no question of %s", (type, name) => {
    expect(report({ steps: [step("delete", type, name)] })).toMatchObject({ ok: true, blocked: [] });
  });

  test("but for the classes of a Worker of any name: what its objects have stored is lost", () => {
    const update = step("update", "cloudflare:index/workersScript:WorkersScript", "coda-script");
    const inputs = { migrations: { newTag: "v2", deletedClasses: ["Locks"] } };
    const told = report({ steps: [{ ...update, newState: { ...update.newState!, inputs } }] });
    expect(told).toMatchObject({ ok: false, blocked: [{ name: "unlisted:coda-script", certain: true }] });
    expect(told.changes[0]!.data).toEqual({ risk: true, text: "lost: all that its Durable Objects have stored" });
  });
});

describe("an engine that fails", () => {
  test("says one message, without traces and what it says of itself", () => {
    const told = report(
      {
        steps: [step("create", "acme:index/thing:Thing", "one")],
        diagnostics: [
          {
            severity: "error",
            urn: urnOf("acme:index/thing:Thing", "one"),
            message: "error: \u001b[31mno such region\u001b[0m\n    at create (main.js:1:2)",
          },
          { severity: "error", message: "error: preview failed" },
        ],
      },
      1,
    );
    expect(told).toMatchObject({ ok: false, changes: [], errors: ["one: no such region"] });
    expect(renderText(told)).toContain("would fail; what would change is not known");
    expect(renderMarkdown(told)).toContain("no such region");
  });

  test("without a document is told by what it printed", () => {
    const preview = { digest: {}, code: 255, violations: [], stderr: "error: no stack named 'dev' found" };
    const told = reportOf({ stack: "dev", preview, state: [], allowed: [], usage });
    expect(told).toMatchObject({ ok: false, errors: ["no stack named 'dev' found"] });
  });
});

test("what the engine refuses and no loss explains makes the update fail, and what would change is shown all the same", () => {
  const record = step("delete", "cloudflare:index/dnsRecord:DnsRecord", "coda.example.com");
  const message = `error: resource "${record.urn}" cannot be deleted\nbecause it is protected.`;
  const told = report({ steps: [record], diagnostics: [{ severity: "error", urn: record.urn, message }] }, 1);
  expect(told).toMatchObject({ ok: false, changes: [{ title: "Hostnames go (coda.example.com)" }], blocked: [] });
  for (const text of [renderText(told), renderMarkdown(told)]) {
    expect(text).toMatch(/The update would fail/i);
    expect(text).toContain("because it is protected");
    expect(text).toContain("Hostnames go (coda.example.com)");
  }
});

test("a policy that is broken stands against the update; one that only advises does not", () => {
  const broken = { policy: "pinned-digests", message: "image has no digest", resource: "n8n-image", advisory: false };
  const told = report({ steps: [] }, 1, [broken]);
  expect(told.ok).toBe(false);
  expect(renderText(told)).toContain("POLICY BROKEN   pinned-digests (n8n-image): image has no digest");
  expect(renderMarkdown(told)).toContain("**Broken**: `pinned-digests` (`n8n-image`): image has no digest");
  expect(report({ steps: [] }, 0, [{ ...broken, advisory: true }]).ok).toBe(true);
});

describe("names that come from elsewhere stay text in a comment", () => {
  const name = "a|b<script>`*x*`";
  const worse = "@x-[click](http://evil) <img src=x> </details> &commat;y";

  test("wherever a resource is named", () => {
    const told = renderMarkdown(report({ steps: [step("create", "acme:index/thing:Thing", name)] }));
    expect(told).toContain("a\\|b&lt;script\\>\\`\\*x\\*\\`");
    const steps = [step("create", `acme:index/thing:${worse}`, worse), step("create", "acme:index/thing:Thing", "two")];
    const comment = renderMarkdown(report({ steps }));
    expect(comment.match(/@&#8203;x-\\\[click\\\]/g)!.length).toBeGreaterThanOrEqual(4);
    for (const raw of ["@x", "[click]", "<img", "</details> ", "&commat;"]) expect(comment).not.toContain(raw);
    expect(comment).toContain("`create` two (acme:index/thing:Thing)");
  });

  test("and a policy", () => {
    const broken = { policy: "p` @x", message: "because of @x", resource: worse, advisory: false };
    const comment = renderMarkdown(report({ steps: [] }, 1, [broken]));
    expect(comment).toContain(`**Broken**: \`\` p\` @x \`\` (\`${worse}\`): because of @&#8203;x`);
  });

  test("an address is no name of anybody", () => {
    const title = (each: string) => renderMarkdown(report({ steps: [step("create", "acme:index/thing:Thing", each)] }));
    expect(title("n8n:2@sha256:0")).toContain("n8n:2@sha256:0");
  });
});

test("a comment names the commit that it is of", () => {
  const told = report({ steps: [] });
  expect(renderMarkdown(told, "0123abc")).toContain("(stack `dev`)\n\nOf commit 0123abc.\n\n");
  expect(renderMarkdown(told)).not.toContain("Of commit");
});

describe("a droplet that is made anew", () => {
  const changed = (
    op: string,
    type: string,
    name: string,
    keys: string[],
    inputs: Record<string, unknown>[] = [{}, {}],
  ) => {
    const told = step(op, type, name, { diffReasons: keys, replaceReasons: op === "replace" ? keys : [] });
    return {
      ...told,
      ...(told.oldState && { oldState: { ...told.oldState, inputs: inputs[0] } }),
      ...(told.newState && { newState: { ...told.newState, inputs: inputs.at(-1) } }),
    };
  };
  const container = (op: string, name: string, keys = ["labels", "image"]) =>
    changed(op, "docker:index/container:Container", name, keys);
  const image = (op: string, name: string, keys: string[], names: string[] = []) =>
    changed(
      op,
      "docker:index/remoteImage:RemoteImage",
      name,
      keys,
      names.map((each) => ({ name: each })),
    );
  const route = (service: string, op: string, scripts: Record<string, unknown>[]) =>
    changed(op, "cloudflare:index/workersRoute:WorkersRoute", `${service}-route`, ["script"], scripts);
  const droplet = changed("replace", "digitalocean:index/droplet:Droplet", "droplet", ["region", "vpcUuid"]);
  const rules = (...sourceAddresses: string[]) => ({ inboundRules: [{ sourceAddresses }] });

  test("does not swallow what changes for other reasons", () => {
    const steps = [
      droplet,
      changed("replace", "digitalocean:index/vpc:Vpc", "vpc", ["region"]),
      changed(
        "update",
        "digitalocean:index/firewall:Firewall",
        "firewall",
        ["dropletIds", "inboundRules"],
        [rules("198.51.100.1/32"), rules("10.0.0.0/8")],
      ),
      changed("replace", "digitalocean:index/volumeAttachment:VolumeAttachment", "data-attachment", []),
      changed("update", "digitalocean:index/volume:Volume", "data", ["size"], [{ size: 20 }, { size: 40 }]),
      changed("update", "digitalocean:index/monitorAlert:MonitorAlert", "cpu-alert", ["entities"]),
      changed("update", "digitalocean:index/monitorAlert:MonitorAlert", "disk-alert", ["alerts", "entities"]),
      container("replace", "coda"),
      image("replace", "coda-image", ["triggers"]),
      container("replace", "n8n"),
      image("replace", "n8n-image", ["name", "triggers"], ["n8nio/n8n:2.40.7", "n8nio/n8n:2.41.1"]),
    ];
    const { changes } = report({ steps });
    expect(changes.map(({ title, resources }) => [title, resources.map(({ name }) => name)])).toEqual([
      [
        "The droplet is replaced (another region): it is deleted, and a new one is made and set up",
        ["droplet", "vpc", "data-attachment", "cpu-alert", "coda", "coda-image"],
      ],
      ["n8n changes its version: 2.40.7 → 2.41.1", ["n8n", "n8n-image"]],
      ["The data volume grows from 20 to 40 GB, while it is used", ["data"]],
      ["SSH to the droplet is open for 10.0.0.0/8 (before: 198.51.100.1/32)", ["firewall"]],
      ["What is watched, and who is told (1 alerts and checks)", ["disk-alert"]],
    ]);
    expect(changes[1]).toMatchObject({
      calls: { fail: true, text: "n8n does not answer until the new droplet has it" },
      data: { text: expect.stringContaining("no backup is made first") },
    });
  });

  test.each([
    ["made anew", droplet],
    [
      "given another size",
      changed(
        "update",
        "digitalocean:index/droplet:Droplet",
        "droplet",
        ["size"],
        [{ size: "s-1vcpu-2gb" }, { size: "s-2vcpu-4gb" }],
      ),
    ],
  ])("lets nobody promise that no call fails that comes from it: %s", (_, machine) => {
    const steps = [
      machine,
      route("firecrawl", "update", [{}, { script: "firecrawl" }]),
      container("delete", "firecrawl"),
      route("coda", "update", [{ script: "coda" }, {}]),
      container("create", "coda"),
      route("github", "same", [{}, {}]),
    ];
    const { changes } = report({ steps });
    const calls = (title: RegExp) => changes.find((each) => title.test(each.title))!.calls;
    expect(calls(/^The droplet/).text).toMatch(/^GitHub does not answer/);
    expect(calls(/^Firecrawl moves from the droplet to Workers/)).toEqual({
      fail: true,
      text: "calls can fail: the droplet may go off before they go to Workers",
    });
    expect(calls(/^Coda moves from Workers to the droplet/)).toMatchObject({ fail: false });
  });

  test("has a new version of what is on it, which is away until then", () => {
    const version = (text: string) => ({ contentSha256: text, bindings: [{ name: "VERSION", text }] });
    const steps = [
      droplet,
      route("coda", "same", [{}, {}]),
      changed(
        "update",
        "cloudflare:index/workersScript:WorkersScript",
        "coda-script",
        ["contentSha256"],
        [version("1"), version("2")],
      ),
      container("replace", "coda"),
      image("replace", "coda-image", ["name", "triggers"], ["coda:1", "coda:2"]),
    ];
    expect(report({ steps }).changes.map(({ title, calls }) => [title, calls])).toEqual([
      [
        expect.stringMatching(/^The droplet is replaced/),
        { fail: true, text: "Coda does not answer for the whole time" },
      ],
      ["Coda gets a new version: 1 → 2", { fail: true, text: "it does not answer until the new droplet has it" }],
    ]);
  });
});

test("--set takes paths and YAML values, and tells what is none", () => {
  expect(
    valuesOf([
      "services.coda.placement=droplet",
      'auth.keys=["2","1"]',
      "droplet.volumeGb=40",
      "hybrid-mcp:domain=a=b",
    ]),
  ).toEqual({
    services: { coda: { placement: "droplet" } },
    auth: { keys: ["2", "1"] },
    droplet: { volumeGb: 40 },
    domain: "a=b",
  });
  expect(() => valuesOf(["services.coda"])).toThrow("--set takes <path>=<value>");
  expect(() => valuesOf(["a=[1"])).toThrow("The value of --set a is not valid YAML");
});

test("usage is what is given, else what was counted, else an assumption that is said", () => {
  expect(usageOf(7, 9)).toMatchObject({ calls: 7 });
  expect(usageOf(undefined, 9)).toMatchObject({ calls: 9, source: expect.stringContaining("counted") });
  expect(usageOf(undefined, 0)).toMatchObject({
    calls: ASSUMED_CALLS,
    source: expect.stringContaining("an assumption"),
  });
});

test("many calls need the paid plan, and pay for what is more than it includes", () => {
  const steps = [step("same", "cloudflare:index/workersScript:WorkersScript", "coda-script")];
  const cost = (calls: number) =>
    reportOf({
      stack: "dev",
      preview: { digest: { steps }, code: 0, violations: [], stderr: "" },
      state: [],
      allowed: [],
      usage: { calls, source: "given" },
    }).cost!;
  expect(cost(10_000).after).toBe(0);
  // 4 a call of KV, beyond 100,000 a day.
  expect(cost(1_000_000).after).toBe(5);
  // 20 million requests (10 included), 200 million ms (30), 40 million reads (10), 80 million rows (50).
  expect(cost(10_000_000).after).toBeCloseTo(5 + 3 + 3.4 + 15 + 30);
});

describe("the cost", () => {
  const machine = (op: string, name: string, sizes: string[]) => {
    const [from, to] = [sizes[0], sizes.at(-1)];
    const made = step(op, "digitalocean:index/droplet:Droplet", name);
    return {
      ...made,
      ...(made.oldState && { oldState: { ...made.oldState, inputs: { size: from } } }),
      ...(made.newState && { newState: { ...made.newState, inputs: { size: to } } }),
    };
  };
  const check = (op: string, name: string) => step(op, "digitalocean:index/uptimeCheck:UptimeCheck", name);

  test.each([
    ["comes", [machine("update", "droplet", ["s-1vcpu-2gb", "s-99vcpu"])], "$12.00 → not known"],
    ["goes", [machine("update", "droplet", ["s-99vcpu", "s-1vcpu-2gb"])], "not known → $12.00"],
    ["is made", [machine("create", "droplet", ["s-99vcpu"])], "$0.00 → not known"],
    ["changes", [machine("update", "droplet", ["s-98vcpu", "s-99vcpu"])], "not known → not known"],
  ])("of what has no price is not known, and is no saving, where that %s", (_, steps, monthly) => {
    const told = report({ steps });
    expect(renderText(told)).toContain(`COST  ${monthly}\n`);
    expect(renderMarkdown(told)).toContain(`Cost: **${monthly}**.`);
    expect(renderMarkdown(told)).not.toContain("−$");
  });

  test("of the rest is told where what has no price stays as it is", () => {
    const steps = [
      machine("same", "other", ["s-99vcpu"]),
      machine("update", "droplet", ["s-1vcpu-2gb", "s-2vcpu-4gb"]),
    ];
    expect(renderText(report({ steps: steps.slice(0, 1) }))).toContain(
      "COST  $0.00 a month, and what has no price here, as before",
    );
    // Both are one line.
    expect(renderText(report({ steps }))).toContain("COST  not known → not known");
  });

  test("counts every droplet, every volume and every uptime check", () => {
    const volume = (op: string, name: string, size: number) => {
      const made = step(op, "digitalocean:index/volume:Volume", name);
      for (const state of [made.oldState, made.newState]) if (state) Object.assign(state, { inputs: { size } });
      return made;
    };
    const steps = [
      machine("same", "droplet", ["s-1vcpu-2gb"]),
      machine("create", "second", ["s-2vcpu-4gb"]),
      volume("same", "data", 20),
      volume("create", "more", 10),
      ...[check("same", "one"), check("create", "two"), check("create", "three")],
    ];
    const { cost } = report({ steps });
    expect(cost).toMatchObject({ before: 12 + 2 + 1, after: 12 + 24 + 3 + 3, complete: true });
    expect(cost!.lines).toContainEqual({
      what: "Uptime checks",
      before: 1,
      after: 3,
      how: "1 of them, $1.00 each → 3 of them, $1.00 each",
    });
  });
});

test("every price of a droplet is one, and a larger machine of a line costs no less", () => {
  for (const [slug, [dollars, disk]] of Object.entries(droplets.sizes)) {
    expect(dollars, slug).toBeGreaterThan(0);
    expect(disk, slug).toBeGreaterThan(0);
  }
  expect(droplets.sizes["s-1vcpu-2gb"]).toEqual([12, 50]);
});

describe("a Worker that deletes a class of its Durable Objects", () => {
  const script = (name: string, before: object, after: object) => {
    const update = step("update", "cloudflare:index/workersScript:WorkersScript", name, {
      diffReasons: ["migrations", "bindings"],
    });
    return {
      ...update,
      oldState: { ...update.oldState!, protect: true, inputs: { migrations: before } },
      newState: { ...update.newState!, protect: true, inputs: { migrations: after } },
    };
  };
  const v1 = { newTag: "v1", newSqliteClasses: ["ConnectionKeeper"] };
  const gone = { newTag: "v2", deletedClasses: ["ConnectionKeeper"] };

  test.each([
    ["at once", v1, gone],
    ["in a step", v1, { newTag: "v3", steps: [{ newSqliteClasses: ["Other"] }, gone] }],
    [
      "once more, after it was made again",
      gone,
      { newTag: "v4", steps: [v1, { deletedClasses: ["ConnectionKeeper"] }] },
    ],
  ])("loses what they have stored, unless that is allowed: %s", (_, before, after) => {
    const steps = [script("oauth-broker-script", before, after)];
    const told = report({ steps });
    expect(told).toMatchObject({ ok: false, blocked: [{ name: "oauth-broker-script", op: "update" }] });
    expect(told.changes).toMatchObject([
      {
        title: "The Durable Objects of ConnectionKeeper are deleted, with their class in oauth-broker-script",
        calls: { fail: true },
        data: { risk: true, text: expect.stringContaining("people's connected accounts are gone") },
        notes: ["also changed: bindings"],
      },
    ]);
    expect(renderText(told)).toContain(
      "Only this preview stops it, here and in CI; the update itself would go through: oauth-broker-script.",
    );
    expect(renderText(told)).not.toContain("would refuse");
    const config = { "hybrid-mcp:allowDataLoss": '["oauth-broker-script"]' };
    expect(report({ steps, config })).toMatchObject({ ok: true, changes: [{ data: { risk: true } }] });
  });

  test.each([
    ["the classes of the tag that it has are gone already", gone, gone],
    [
      "a class that is renamed keeps them",
      v1,
      { newTag: "v2", renamedClasses: [{ from: "ConnectionKeeper", to: "Keeper" }] },
    ],
    [
      "a class that is transferred takes them along",
      v1,
      { newTag: "v2", transferredClasses: [{ from: "Keeper", fromScript: "old", to: "ConnectionKeeper" }] },
    ],
  ])("does not where %s", (_, before, after) => {
    const told = report({ steps: [script("oauth-broker-script", before, after)] });
    expect(told).toMatchObject({ ok: true, changes: [{ data: { risk: false }, losses: [] }] });
  });
});
