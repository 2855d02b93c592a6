import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ServiceStatus, StatusReport } from "../local/cli/status-report.ts";
import { startCaller, summary, type Traffic, toolRequest } from "./support/callers.ts";
import { eventually } from "./support/eventually.ts";
import { ONLY_CODA, TestStack } from "./support/test-stack.ts";

/** What the commands say of a stack that is looked after, moved back, and meddled with. */

let stack: TestStack;
let token: string;

beforeAll(async () => {
  stack = await TestStack.create({ ...ONLY_CODA, "cutover.keepStandby": true });
  await stack.must("up");
  token = await stack.token();
});
afterAll(() => stack?.destroy());

/** The report, and what it says of Coda; without drift, which takes longest, unless it is asked for. */
async function status(...args: string[]): Promise<StatusReport & { coda: ServiceStatus }> {
  const report = JSON.parse((await stack.must("status", "--json", ...args)).output) as StatusReport;
  return { ...report, coda: report.services.find(({ service }) => service === "coda")! };
}

async function call(name: string, args: object, bearer = token): Promise<number> {
  const response = await fetch(`${stack.codaUrl}/mcp`, toolRequest(bearer, { name, arguments: args }));
  await response.text();
  return response.status;
}

/** Changes something at the local cloud as a person would in the dashboard. */
async function meddle(method: "POST" | "PUT" | "DELETE", path: string, body?: object): Promise<void> {
  const json = body && !(body instanceof FormData);
  const response = await fetch(`http://127.0.0.1:${stack.stack.ports.api}/client/v4${path}`, {
    method,
    headers: {
      authorization: `Bearer ${stack.stack.identity.cloudflareToken}`,
      ...(json && { "content-type": "application/json" }),
    },
    ...(body && { body: json ? JSON.stringify(body) : (body as FormData) }),
  });
  expect(response.status, await response.text()).toBe(200);
}

test("a stack that is as wanted: tables that fit 120 columns, no drift, exit code 0", async () => {
  const { output, seconds } = await stack.must("status");
  process.stdout.write(`status in ${seconds.toFixed(1)} s\n${output}`);
  expect(output).toMatch(/^coda +workers +workers +ok +0\.1\.0\+[0-9a-f]{8} +http/m);
  expect(output).toMatch(/^coda +droplet ok +\d+ +\d+ +\d+ +none +none +-$/m);
  expect(output).toMatch(/\nAll is as wanted\.\n$/);
  for (const line of output.split("\n")) expect(line.length, line).toBeLessThanOrEqual(120);

  const state = stack.stack.path("state", ".pulumi", "stacks", "hybrid-mcp", "local.json");
  const before = readFileSync(state, "utf8");
  expect((await stack.must("drift")).output).toContain("Nothing was changed outside of Pulumi.");
  expect(readFileSync(state, "utf8")).toBe(before);
});

test("calls of the last hour are counted, those that failed and those that were denied among them", async () => {
  const { coda: before } = await status("--no-drift");
  const reader = await stack.token("coda", { scopes: ["coda:read"] });
  for (let i = 0; i < 3; i++) expect(await call("list_docs", {})).toBe(200);
  await call("list_rows", { doc: "no-such-doc", table: "Tasks" });
  expect(await call("upsert_rows", { doc: "pT7kXw2LmQ", table: "Tasks", rows: [] }, reader)).toBe(403);
  await eventually(async () => {
    const { calls } = (await status("--no-drift")).coda;
    expect(calls).toEqual({
      calls: before.calls!.calls + 5,
      failed: before.calls!.failed + 1,
      denied: before.calls!.denied + 1,
    });
  }, 20);
});

describe("a rollback", () => {
  test("of a service that has not moved is refused in one sentence", async () => {
    const { code, output } = await stack.run("rollback", "coda");
    expect([code, output]).toEqual([
      1,
      'Coda has not been moved in the history of the stack "local": there is no earlier place to go back to.\n',
    ]);
  });

  /** Rolls back while Coda is called 10 times a second. */
  async function underLoad(to: string): Promise<{ output: string; traffic: Traffic }> {
    const caller = startCaller({
      url: `${stack.codaUrl}/mcp`,
      token,
      rate: 10,
      call: { name: "list_docs", arguments: {} },
    });
    const { output } = await stack.must("rollback", "coda");
    const traffic = await caller.stop();
    const told = /Clients were served by \w+ after [\d.]+ s\. The rollback took [\d.]+ s in all/.exec(output)?.[0];
    process.stdout.write(summary(`rollback to ${to}: ${told}`, traffic));
    expect(told).toContain(`Clients were served by ${to} after`);
    expect(traffic.failures, stack.cloudLog).toEqual([]);
    expect(traffic.servedBy[to]).toBeGreaterThan(0);
    return { output, traffic };
  }

  test("goes back to where the service was before its last flip, and fails no call", async () => {
    await stack.must("flip", "coda", "droplet");
    const flipped = (await status("--no-drift")).coda;
    expect(flipped).toMatchObject({ placement: "droplet", servedBy: "droplet" });
    expect(flipped.lastFlip).toMatchObject({ from: "workers", to: "droplet", seconds: expect.any(Number) });

    const { output } = await underLoad("workers");
    expect(output).toMatch(/^Coda goes back from droplet to workers: its last flip was (just now|\d+ min ago), 2/);
    expect((await status("--no-drift")).coda).toMatchObject({
      placement: "workers",
      servedBy: "workers",
      lastFlip: { from: "droplet", to: "workers" },
      sides: { workers: { health: "ok" }, droplet: { health: "ok" } },
    });
  });

  test("of a rollback goes forth again", async () => {
    await underLoad("droplet");
    expect((await status("--no-drift")).coda).toMatchObject({ placement: "droplet", servedBy: "droplet" });
  });

  test("of a flip that was killed goes back to where that one began", async () => {
    await stack.killWhen("job", /asking the new side/, "flip", "coda", "workers");
    const { output } = await stack.must("rollback", "coda");
    expect(output).toContain("Coda goes back from workers to droplet: a flip to workers has not come to its end.\n");
    expect((await status("--no-drift")).coda).toMatchObject({ placement: "droplet", servedBy: "droplet", pending: [] });
  });

  test("that begins while a flip runs waits for it, and undoes it", async () => {
    const flip = await stack.runUntil(/Updating/, "flip", "coda", "workers");
    const { output } = await stack.must("rollback", "coda");
    expect((await flip.finished).code).toBe(0);
    expect(output).toContain("Coda goes back from workers to droplet: its last flip was just now");
    expect((await status("--no-drift")).coda).toMatchObject({ placement: "droplet", servedBy: "droplet" });
  });
});

describe("--watch", () => {
  test("in a terminal draws one picture again and again, and ends at Ctrl-C", async () => {
    const command = [process.execPath, join(stack.checkout, "local/cli/status.ts"), "--watch", "1", "--no-drift"];
    // A terminal of its own: util-linux' script(1). `exec`: dash would wait beside the command, and end by Ctrl-C itself.
    const exec = `exec ${command.join(" ")}`;
    const terminal = spawn("script", ["--quiet", "--return", "--flush", "--command", exec, "/dev/null"], {
      env: { ...process.env, HYBRID_MCP_LOCAL_DIR: stack.stack.dir, TERM: "xterm", SHELL: "/bin/sh" },
      stdio: ["pipe", "pipe", "inherit"],
    });
    let drawn = "";
    terminal.stdout.setEncoding("utf8").on("data", (text: string) => {
      drawn += text;
    });
    const ended = once(terminal, "exit");
    await eventually(async () => {
      const pictures = drawn.split("\x1b[H").slice(1);
      expect(pictures.length).toBeGreaterThanOrEqual(3);
      expect(pictures.at(-1)).toMatch(/coda +droplet +droplet +ok/);
    }, 60);
    terminal.stdin.write("\x03");
    expect((await ended)[0]).toBe(0);
    expect(stack.processes().filter((each) => each.includes("status.ts"))).toEqual([]);
  });

  test("elsewhere writes a line whenever one has become another", async () => {
    const watching = stack.start("status", "--watch", "1", "--no-drift");
    let written = "";
    watching.stdout!.setEncoding("utf8").on("data", (text: string) => {
      written += text;
    });
    const ended = once(watching, "exit");
    const lines = () => written.split("\n").filter((line) => line.includes(" coda: "));
    await eventually(async () => expect(lines()).toHaveLength(1), 60);
    expect(lines()[0]).toMatch(
      /^\d{4}-.*Z coda: on droplet, served by droplet, ok, 0\.1\.0\+[0-9a-f]{8}, \d+ calls\/h/,
    );
    await call("list_docs", {});
    await eventually(async () => expect(lines().length).toBeGreaterThan(1), 30);
    expect(written).not.toContain("\x1b");
    watching.kill("SIGINT");
    expect((await ended)[0]).toBe(0);
  });
});

describe("what is not as wanted", () => {
  /** The status of a stack with something wrong, as people see it. */
  async function wrong(...args: string[]): Promise<string> {
    const { code, output } = await stack.run("status", ...args);
    process.stdout.write(output);
    expect(code).toBe(1);
    return output;
  }

  test("a config that no update has been given is told apart from a change outside", async () => {
    stack.stack.setFlag(["services", "coda", "placement"], "workers");
    const output = await wrong();
    expect(output).toMatch(/^coda +workers +droplet +ok/m);
    expect(output).toMatch(/^coda +workers ok +\d+ +\d+ +\d+ +none +1 +workers → droplet/m);
    expect(output).toContain("  coda is placed on workers, and droplet answers at http");
    expect(output).toContain(
      "  coda config not applied yet: services.coda.placement is workers, and was droplet at the last update\n",
    );
    stack.stack.setFlag(["services", "coda", "placement"], "droplet");
  });

  test("a route that leads clients elsewhere is seen, where the service's health is not", async () => {
    const routes = `/zones/${stack.stack.identity.zoneId}/workers/routes`;
    type Route = { id: string; pattern: string };
    const own = (await stack.cloudflare<Route[]>(routes)).find((each) => each.pattern.startsWith("coda-mcp."))!;
    const pattern = own.pattern.replace("/*", "/mcp*");
    await meddle("POST", routes, { pattern, script: `${stack.stack.name}-oauth-broker` });
    const output = await wrong("--no-drift");
    expect(output).toMatch(/^coda +(workers|droplet) +\1 +HTTP 404 at \/mcp/m);
    expect(output).toMatch(/ {2}coda does not answer as it should at http\S+: HTTP 404 at \/mcp: without a token it/);
    const route = (await stack.cloudflare<Route[]>(routes)).find((each) => each.pattern === pattern)!;
    await meddle("DELETE", `${routes}/${route.id}`);
    const looked = await stack.must("status", "--no-drift");
    expect(looked.output).toMatch(/\nAll is as wanted\.\n$/);
  });

  test("changes outside of Pulumi are told property by property; looking changes nothing", async () => {
    const { zoneId } = stack.stack.identity;
    const routes = await stack.cloudflare<{ id: string; pattern: string }[]>(`/zones/${zoneId}/workers/routes`);
    const route = routes.find(({ pattern }) => pattern.startsWith("coda-mcp."))!;
    const script = `${stack.stack.name}-coda`;
    const records = await stack.cloudflare<{ id: string; name: string }[]>(`/zones/${zoneId}/dns_records`);
    const record = records.find(({ name }) => name.startsWith("gate-coda."))!;
    await meddle("PUT", `/zones/${zoneId}/workers/routes/${route.id}`, { pattern: route.pattern, script });
    await meddle("DELETE", `/zones/${zoneId}/dns_records/${record.id}`);

    const state = stack.stack.path("state", ".pulumi", "stacks", "hybrid-mcp", "local.json");
    const before = readFileSync(state, "utf8");
    const markdown = join(stack.stack.dir, "drift.md");
    const { code, output, seconds } = await stack.run("drift", "--markdown", markdown);
    process.stdout.write(`drift in ${seconds.toFixed(1)} s\n`);
    expect(code).toBe(2);
    expect(output).toContain(`DnsRecord ${record.name} is gone\n`);
    expect(output).toContain(`WorkersRoute coda-route was changed\n  script: not set → "${script}"\n`);
    expect(readFileSync(state, "utf8")).toBe(before);
    const written = readFileSync(markdown, "utf8");
    rmSync(markdown);
    expect(written).toMatch(/^<!-- hybrid-mcp drift: local -->\n/);
    expect(written).toContain(`| DnsRecord \`${record.name}\` | | there | **gone** |`);

    const { services, unknown } = await status();
    const [coda] = services.filter(({ drift }) => drift!.length > 0);
    expect(unknown).toEqual({});
    expect(coda).toMatchObject({ service: "coda", placement: "droplet", servedBy: "workers", pending: [] });
    expect(coda!.drift!.map(({ name, what }) => [name, what])).toEqual([
      ["coda-route", "changed"],
      [record.name, "gone"],
    ]);
  });

  test("a flip does not say that a service runs where it does not", async () => {
    const { code, output } = await stack.run("flip", "coda", "droplet");
    expect(code).toBe(1);
    expect(output).toContain(
      `\nCoda is placed on droplet, and does not run there: ${stack.codaUrl}: served by workers, not by droplet. ` +
        "To put that right: npm run pulumi -- up --refresh --stack local\n",
    );
  });

  test("a service whose Worker is broken is down; nothing that is secret is shown", async () => {
    const { accountId, codaToken, cloudflareToken } = stack.stack.identity;
    const worker = new FormData();
    worker.set("metadata", JSON.stringify({ main_module: "worker.js", compatibility_date: "2026-01-01" }));
    const code = "export default { fetch() { throw new Error('broken'); } }";
    worker.set("worker.js", new File([code], "worker.js", { type: "application/javascript+module" }));
    await meddle("PUT", `/accounts/${accountId}/workers/scripts/${stack.stack.name}-coda`, worker);
    const output = await wrong();
    expect(output).toMatch(/^coda +droplet +- +HTTP 500 +-/m);
    expect(output).toMatch(/ {2}coda does not answer as it should at http\S+: HTTP 500/);
    expect(output).toContain("  coda changed outside of Pulumi: WorkersScript coda-script was changed: ");
    const drift = await stack.run("drift", "--json");
    expect(drift.code).toBe(2);
    for (const secret of [codaToken, cloudflareToken]) expect(drift.output).not.toContain(secret);
  });

  test("what the drift's own words say puts everything back", async () => {
    await stack.must("pulumi", "up", "--refresh", "--yes", "--skip-preview", "--suppress-outputs", "--stack", "local");
    expect((await stack.must("status")).output).toMatch(/\nAll is as wanted\.\n$/);
  });

  test("drift ends with 1 when it cannot be told", async () => {
    process.kill(stack.cloudPid!, "SIGKILL");
    await eventually(async () => expect(stack.cloudPid).toBeUndefined());
    const { code, output } = await stack.run("drift");
    expect(code).toBe(1);
    expect(output).toMatch(/The local cloud does not run: npm run up\n$/);
  });
});
