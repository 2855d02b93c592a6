import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import type { Report } from "../local/preview/report.ts";
import { copyCheckout } from "./support/checkout-copy.ts";
import { ONLY_CODA, TestStack } from "./support/test-stack.ts";

/** What `npm run preview` tells before a change, by the real engine on a stack with n8n; nothing is changed by it. */

let stack: TestStack;
let folder: string;
let before: string;
/** Everything that a preview has printed or written. */
const told: string[] = [];

const state = async () => (await stack.must("pulumi", "stack", "export", "--stack", "local")).output;
const filesOf = () =>
  ["flags.yaml", "settings.yaml", "project/Pulumi.local.yaml"].map((file) =>
    readFileSync(stack.stack.path(file), "utf8"),
  );

/** Runs a preview and answers with what it printed, wrote as a comment, and would hand to a program. */
async function preview(...args: string[]) {
  const file = join(folder, "comment.md");
  rmSync(file, { force: true });
  const { code, output } = await stack.run("preview", ...args, "--markdown", file);
  const markdown = readFileSync(file, "utf8");
  told.push(output, markdown);
  return { code, output, markdown };
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "hybrid-mcp-preview-test-"));
  stack = await TestStack.create({ ...ONLY_CODA, "services.n8n.enabled": true });
  await stack.must("up");
  before = await state();
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await stack?.destroy();
});

test("a stack that is as its config says: nothing changes, and what it costs", async () => {
  const files = filesOf();
  const { code, output } = await stack.run("preview", "--json");
  told.push(output);
  expect(code).toBe(0);
  const report = JSON.parse(output.slice(output.indexOf("{"))) as Report;
  expect(report).toMatchObject({ ok: true, changes: [], blocked: [], errors: [], cost: { before: 12, after: 12 } });
  expect(filesOf()).toEqual(files);
});

test("the comments on three changes say what moves, what fails, what is at risk, how long it takes, and what it costs", async () => {
  const files = filesOf();
  const flip = await preview("--set", "services.coda.placement=droplet");
  expect(flip.output).toContain("One change, about");
  expect(flip.output).toContain("Coda moves from Workers to the droplet");
  expect(flip.output).toMatch(/calls +no call fails/);
  expect(flip.output).toContain("$12.00 a month, as before");

  const resize = await preview("--set", "droplet.size=s-2vcpu-4gb");
  expect(resize.output).toContain("The droplet gets another size: s-1vcpu-2gb → s-2vcpu-4gb");
  expect(resize.output).toContain("n8n does not answer while it is off");
  expect(resize.output).toContain("$12.00 → $24.00 a month (+$12.00)");

  const image = "n8nio/n8n:2.41.1@sha256:0000000000000000000000000000000000000000000000000000000000000000";
  const upgrade = await preview("--set", `droplet.images.n8n=${image}`);
  expect(upgrade.output).toContain("n8n changes its version: 2.40.7 → 2.41.1");
  expect(upgrade.output).toContain("n8n does not answer for about 30–60 s");
  expect(upgrade.output).toMatch(/data +kept: a backup is made first/);

  const examples = [
    ["A flip", "services.coda.placement: droplet", flip],
    ["A larger droplet", "droplet.size: s-2vcpu-4gb", resize],
    ["Another version of n8n", "droplet.images.n8n: n8nio/n8n:2.41.1@sha256:…", upgrade],
  ] as const;
  for (const [, , { code, markdown }] of examples) {
    expect(code).toBe(0);
    expect(markdown.split("\n")[0]).toBe("<!-- hybrid-mcp preview: local -->");
  }
  const page = [
    "<!-- written by e2e/preview.test.ts: npx vitest run --project e2e e2e/preview.test.ts -u -->",
    "# What a preview says\n",
    "`npm run preview -- --markdown <file>` writes a comment for a pull request. Three of them, about a local stack with Coda on Workers and n8n on the droplet.\n",
    ...examples.map(([title, change, { markdown }]) => `## ${title}\n\n\`hybrid-mcp:${change}\`\n\n${markdown}`),
  ];
  await expect(page.join("\n")).toMatchFileSnapshot("../docs/preview-examples.md");
  expect(filesOf()).toEqual(files);
}, 600_000);

test("another account would lose what the edge keeps: it is said first, refused, and how to allow it is told", async () => {
  const { code, output, markdown } = await preview("--set", "cloudflare.accountId=0123456789abcdef0123456789abcdef");
  expect(code).toBe(1);
  expect(output).toMatch(/^Stack local: .*DATA WOULD BE\s+LOST/m);
  expect(output.indexOf("DATA IS LOST")).toBeLessThan(output.indexOf("CALLS CAN FAIL"));
  for (const title of ["The KV namespace with sign-ins", "The D1 database with the audit trail", "The tunnel"]) {
    expect(output).toContain(`${title} is replaced by a new`);
    expect(markdown).toContain(`⛔ **${title} is replaced by a new`);
  }
  expect(output).toContain("everybody is signed out");
  expect(markdown).toMatch(/The update would refuse: .*sessions.* are protected/);
  for (const name of ["sessions", "audit", "tunnel", "oauth-broker-script"]) {
    expect(markdown).toMatch(new RegExp(`npm run up -- .*--allow-data-loss ${name}`));
  }
});

test("an n8n that is taken away goes with its volumes and its key, if each is named", async () => {
  const without = await preview("--set", "services.n8n.enabled=false");
  expect(without.code).toBe(1);
  expect(without.output).toContain("n8n is taken away from the droplet");
  expect(without.output).toContain("n8n's workflows, executions and credentials are gone");
  const command = /npm run up -- (.*)/.exec(without.markdown)![1]!;
  const names = [...command.matchAll(/--allow-data-loss (\S+)/g)].map(([, name]) => name!);
  expect(names.sort()).toEqual(
    ["n8n-data", "postgres-data", "n8n-encryption-key", "n8n-database-password", "backup-passphrase"].sort(),
  );
  const allowed = await preview(
    "--set",
    "services.n8n.enabled=false",
    ...names.flatMap((name) => ["--allow-data-loss", name]),
  );
  expect(allowed.code).toBe(0);
  expect(allowed.output).toContain("data is lost, as allowed");
});

test("what a person has set wrong is one message, and nothing is asked", async () => {
  const wrong = ["--set", "services.coda.placement=moon", "--allow-data-loss", "sesions"];
  const { code, output } = await stack.run("preview", ...wrong);
  told.push(output);
  expect(code).toBe(1);
  expect(output).toContain('hybrid-mcp:services.coda.placement: "moon" is not allowed; allowed: workers, droplet');
  expect(output).toContain('"sesions" names nothing that is protected; allowed: sessions, audit,');
  expect(output).not.toContain("Asking the engine");
  expect(output).not.toMatch(/\n\s+at /);
});

test("no preview has changed the stack, or told a secret", async () => {
  expect(await state()).toBe(before);
  const { codaToken, firecrawlKey, clientSecrets, passphrase, cloudflareToken } = stack.stack.identity;
  for (const secret of [codaToken, firecrawlKey, passphrase, cloudflareToken, ...Object.values(clientSecrets)]) {
    expect(told.join("\n")).not.toContain(secret);
  }
});

test("what is named may be lost by one update, and what takes its place is protected again", async () => {
  const copy = copyCheckout();
  onTestFinished(copy.remove);
  copy.edit("infra/edge/storage.ts", "-audit`", "-trail`");
  stack.checkout = copy.path;
  const refused = await stack.run("up");
  expect(refused.code).toBe(1);
  expect(refused.output).toMatch(/unable to replace resource "[^"]*::audit"/);
  const databases = async () => {
    const { accountId } = stack.stack.identity;
    return (await stack.cloudflare<{ name: string }[]>(`/accounts/${accountId}/d1/database`)).map(({ name }) => name);
  };
  expect(await databases()).toEqual([`${stack.stack.name}-audit`]);

  const { output } = await stack.must("up", "--allow-data-loss", "audit");
  expect(output).toContain("The D1 database with the audit trail is replaced by a new, empty one");
  expect(await databases()).toEqual([`${stack.stack.name}-trail`]);
  const { deployment } = JSON.parse(await state()) as {
    deployment: { resources: { urn: string; protect?: boolean }[] };
  };
  expect(deployment.resources.find(({ urn }) => urn.endsWith("::audit"))?.protect).toBe(true);
  expect(filesOf().join("\n")).not.toContain("allowDataLoss");
});
