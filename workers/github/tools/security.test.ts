import { describe, expect, test } from "vitest";
import { LEAKED_SECRET } from "../../../local/standins/github/alerts-state.ts";
import { githubService } from "../testing/github-service.ts";

interface Alerts {
  alerts: { number: number; state: string }[];
  next_cursor?: string;
}
interface Advisories {
  advisories: { ghsa_id: string; body?: string; next_body_offset?: number }[];
  next_cursor?: string;
}

const orchard = { owner: "ada", repo: "orchard" };
const numbers = ({ alerts }: Alerts) => alerts.map(({ number }) => number);

describe("for who may push", () => {
  const { call, refusal } = githubService();
  const list = (name: string, args: object = {}) => call<Alerts>(name, { ...orchard, ...args });

  test("list_code_scanning_alerts: lists alerts by state and tool, by pages", async () => {
    const first = await list("list_code_scanning_alerts", { limit: 2 });
    expect(first.alerts[0]).toMatchObject({
      ...{ number: 5, rule: "js/apple-injection-5", severity: "critical", tool: "CodeQL" },
      ...{ path: "src/count.ts", line: 5, message: "Apples from outside are counted unwashed here." },
    });
    const rest = await list("list_code_scanning_alerts", { cursor: first.next_cursor, limit: 2 });
    expect(numbers(rest)).toEqual([3, 1]);
    expect(numbers(await list("list_code_scanning_alerts", { state: "dismissed" }))).toEqual([2]);
    expect(numbers(await list("list_code_scanning_alerts", { tool: "Other" }))).toEqual([]);
  });

  test("get_code_scanning_alert: reads the place and the rule's advice, in parts", async () => {
    const alert = { ...orchard, alert_number: 1 };
    const whole = `# Apples from outside are counted unwashed\n\n${"Wash apples before they are counted. ".repeat(50)}`;
    expect(await call("get_code_scanning_alert", alert)).toMatchObject({
      ...{ number: 1, end_line: 2, tags: ["security"], body: whole },
    });
    expect(await call("get_code_scanning_alert", { ...alert, body_length: 1000, body_offset: 2 })).toMatchObject({
      ...{ body: whole.slice(2, 1002), next_body_offset: 1002 },
    });
  });

  test("list_secret_scanning_alerts: shows that there are secrets, and none of them", async () => {
    const found = await list("list_secret_scanning_alerts");
    expect(found.alerts).toMatchObject([
      { number: 2, state: "open", type: "GitHub Personal Access Token", validity: "active" },
      { number: 1, state: "resolved", resolution: "revoked" },
    ]);
    expect(JSON.stringify(found)).not.toContain(LEAKED_SECRET);
    expect(numbers(await list("list_secret_scanning_alerts", { resolution: ["revoked", "wont_fix"] }))).toEqual([1]);
    const kinds = { secret_type: ["github_personal_access_token"], state: "open", validity: "active" };
    expect(numbers(await list("list_secret_scanning_alerts", kinds))).toEqual([2]);
  });

  test("get_secret_scanning_alert: tells where a secret is, and not what it is", async () => {
    const alert = await call("get_secret_scanning_alert", { ...orchard, alert_number: 2 });
    expect(alert).toMatchObject({
      locations: [
        { type: "commit", path: "src/count.ts", line: 3 },
        { type: "issue_body", url: expect.stringMatching(/\/issues\/7$/) },
      ],
    });
    expect(JSON.stringify(alert)).not.toContain(LEAKED_SECRET);
  });

  test("list_dependabot_alerts: goes on by its cursor, and selects", async () => {
    const first = await list("list_dependabot_alerts", { limit: 3 });
    expect(first.alerts[0]).toMatchObject({
      ...{ number: 4, package: "apple-picker", ecosystem: "npm", severity: "high", first_patched_version: "2.0.0" },
      ...{ ghsa_id: "GHSA-2345-6789-cfgh", cve_id: "CVE-2026-10001", manifest: "package-lock.json" },
    });
    expect(numbers(await list("list_dependabot_alerts", { limit: 3, cursor: first.next_cursor }))).toEqual([1]);
    expect(numbers(await list("list_dependabot_alerts", { severity: ["high", "critical"] }))).toEqual([4]);
    expect(numbers(await list("list_dependabot_alerts", { package: "pear" }))).toEqual([1]);
  });

  test("get_dependabot_alert: reads the advisory", async () => {
    expect(await call("get_dependabot_alert", { ...orchard, alert_number: 4 })).toMatchObject({
      ...{ cvss: 7.5, cwes: ["CWE-20: Improper Input Validation"] },
      references: ["https://github.com/advisories/GHSA-2345-6789-cfgh"],
      body: expect.stringContaining("### Impact"),
    });
  });

  test("update_dependabot_alert: dismisses with a reason, and opens again", async () => {
    const update = (args: object) => ({ ...orchard, alert_number: 2, ...args });
    const dismissed = update({ state: "dismissed", reason: "not_used", comment: "Nobody picks" });
    expect(await call("update_dependabot_alert", dismissed)).toMatchObject({ state: "dismissed", dismissed_by: "ada" });
    expect(await list("list_dependabot_alerts", { state: "dismissed" })).toMatchObject({
      alerts: [{ number: 2, dismissed_reason: "not_used", dismissed_comment: "Nobody picks" }],
    });
    expect(await call("update_dependabot_alert", update({ state: "open" }))).toMatchObject({ state: "open" });
    expect(numbers(await list("list_dependabot_alerts"))).toContain(2);
    const without = await refusal("update_dependabot_alert", update({ state: "dismissed" }));
    expect(without).toBe("Give the reason for which the alert is dismissed.");
  });

  test("list_global_security_advisories: searches by package, CVE and severity", async () => {
    const search = async (args: object) =>
      (await call<Advisories>("list_global_security_advisories", { ...args })).advisories.map(({ ghsa_id }) => ghsa_id);
    expect(await search({ affects: ["apple-picker@1.0.0", "plum"] })).toEqual(["GHSA-2345-6789-cfgh"]);
    expect(await search({ cve_id: "CVE-2026-10001" })).toEqual(["GHSA-2345-6789-cfgh"]);
    expect(await search({ severity: "low", ecosystem: "npm" })).toEqual(["GHSA-rvwx-2345-6789"]);
    const first = await call<Advisories>("list_global_security_advisories", { limit: 2 });
    expect(first.advisories[1]).toMatchObject({ more_affected: 1, body_truncated: true });
    expect(await search({ limit: 2, cursor: first.next_cursor })).toEqual(["GHSA-rvwx-2345-6789"]);
  });

  test("get_global_security_advisory: reads the whole, a long text in parts", async () => {
    const id = { ghsa_id: "GHSA-2345-6789-jmpq" };
    const first = await call<Advisories["advisories"][number]>("get_global_security_advisory", id);
    expect(first).toMatchObject({ severity: "critical", cvss: 7.5, next_body_offset: 30_000 });
    const rest = await call("get_global_security_advisory", { ...id, body_offset: first.next_body_offset });
    expect(rest).toMatchObject({ body: "x".repeat(5_000) });
    expect(await refusal("get_global_security_advisory", { ghsa_id: "GHSA-2345-6789-2345" })).toContain("404");
  });

  test("list_repository_security_advisories: lists what maintainers wrote", async () => {
    const { advisories } = await call<Advisories>("list_repository_security_advisories", orchard);
    expect(advisories).toMatchObject([
      { state: "draft" },
      { state: "published", affects: [{ patched_versions: "2.0.0" }] },
    ]);
    const args = { ...orchard, state: "published", body_length: 0 };
    const [one] = (await call<Advisories>("list_repository_security_advisories", args)).advisories;
    expect(one).toMatchObject({ summary: "Trees can be uprooted" });
    expect(one).not.toHaveProperty("body");
  });

  test("list_org_repository_security_advisories: lists those of an organisation, for its owners", async () => {
    const list = (org: string) => ({ org, state: "draft" });
    const found = await call<Advisories>("list_org_repository_security_advisories", list("analytical-engines"));
    expect(found.advisories).toMatchObject([{ summary: "A draft" }]);
    expect(await refusal("list_org_repository_security_advisories", list("pomology"))).toContain("404");
  });
});

describe("for others", () => {
  const { call, refusal } = githubService({ account: { login: "grace" } });

  test.each(["list_code_scanning_alerts", "list_dependabot_alerts"])("alerts are not shown: %s", async (name) => {
    expect(await refusal(name, orchard)).toMatch(/^GitHub answered 403: You are not authorized.*Ask the person/s);
  });

  test("list_repository_security_advisories: shows no drafts", async () => {
    const { advisories } = await call<Advisories>("list_repository_security_advisories", orchard);
    expect(advisories).toMatchObject([{ state: "published" }]);
  });
});
