import { z } from "zod";
import { mayPush, type Permissions } from "./access.ts";
import { advisories } from "./advisories-state.ts";
import {
  type AlertsState,
  type CodeAlert,
  type DependabotAlert,
  type SecretAlert,
  seedAlerts,
} from "./alerts-state.ts";
import type { AddRoutes, Call } from "./context.ts";
import { cursorPaged } from "./cursor-page.ts";
import { described } from "./described.ts";
import { GithubError } from "./error.ts";
import { bodyOf } from "./issue-edit.ts";

const AT = "2026-02-01T09:00:00Z";

const dependabotChange = z.object({
  state: z.enum(["dismissed", "open"]),
  dismissed_reason: z.enum(["fix_started", "inaccurate", "no_bandwidth", "not_used", "tolerable_risk"]).optional(),
  dismissed_comment: z.string().max(280).optional(),
});

/** Code scanning, secret scanning and Dependabot: https://docs.github.com/en/rest/code-scanning and its neighbours */
export const addAlertRoutes: AddRoutes = (app, { store, as, editor, paged, repositoryOf }) => {
  /** Alerts are for those who may mend what they are about. */
  const stateOf = (c: Call, what: keyof Permissions, refusal: GithubError): AlertsState => {
    const repository = repositoryOf(c, what, c.req.method === "GET" ? "read" : "write");
    if (!mayPush(c.get("access").login, repository)) throw refusal;
    const all = store.area("alerts", seedAlerts);
    const name = `${repository.owner}/${repository.name}`;
    all[name] ??= { code: [], secrets: [], dependabot: [] };
    return all[name];
  };
  const codeOf = (c: Call) =>
    stateOf(c, "security_events", new GithubError(403, "You are not authorized to read code scanning alerts.")).code;
  const secretsOf = (c: Call) => stateOf(c, "secret_scanning_alerts", new GithubError(404, "Not Found")).secrets;
  const dependabotOf = (c: Call) =>
    stateOf(c, "vulnerability_alerts", new GithubError(403, "You are not authorized to perform this operation."))
      .dependabot;

  const numbered = <Alert extends { number: number }>(c: Call, alerts: Alert[]): Alert => {
    const found = alerts.find(({ number }) => String(number) === c.req.param("number"));
    if (!found) throw new GithubError(404, "Not Found");
    return found;
  };
  const allowed = (query: string | undefined, value: string | null) => !query || query.split(",").includes(value ?? "");

  const repo = "/repos/:owner/:repo";
  const links = (c: Call, kind: string, number: number) => {
    const name = `${c.req.param("owner")}/${c.req.param("repo")}`;
    return {
      url: `${c.get("base")}/repos/${name}/${kind}/alerts/${number}`,
      html_url: `https://github.com/${name}/security/${kind}/${number}`,
    };
  };

  const code = (c: Call, each: CodeAlert, whole: boolean) => {
    const { url, html_url } = links(c, "code-scanning", each.number);
    return described(whole ? "code-scanning-alert" : "code-scanning-alert-items", {
      ...{ number: each.number, state: each.state, url, html_url, instances_url: `${url}/instances`, created_at: AT },
      rule: {
        ...{ id: each.rule, name: each.rule, description: each.summary, tags: ["security"] },
        ...{ severity: "error", security_severity_level: each.severity },
        ...(whole && { help: `# ${each.summary}\n\n${"Wash apples before they are counted. ".repeat(50)}` }),
      },
      tool: { name: each.tool, version: "2.20.0", guid: null },
      most_recent_instance: {
        ...{ ref: "refs/heads/main", state: each.state, commit_sha: "6dcb09b5b57875f334f61aebed695e2e4193db5e" },
        message: { text: `${each.summary} here.` },
        location: { path: each.path, start_line: each.line, end_line: each.line + 1, start_column: 1, end_column: 9 },
      },
    });
  };

  app.get(`${repo}/code-scanning/alerts`, (c) => {
    const { state, severity, tool_name, ref } = c.req.query();
    const found = codeOf(c).filter(
      (each) =>
        allowed(state, each.state) &&
        allowed(severity, each.severity) &&
        allowed(tool_name, each.tool) &&
        allowed(ref?.replace(/^refs\/heads\//, ""), "main"),
    );
    return paged(c, found, (each) => code(c, each, false));
  });
  app.get(`${repo}/code-scanning/alerts/:number`, (c) => c.json(code(c, numbered(c, codeOf(c)), true)));

  const secret = (c: Call, each: SecretAlert) => {
    const { url, html_url } = links(c, "secret-scanning", each.number);
    return {
      ...{ number: each.number, state: each.state, url, html_url, locations_url: `${url}/locations`, created_at: AT },
      ...{ secret_type: each.type, secret_type_display_name: each.typeName, validity: each.validity },
      ...{ resolution: each.resolution, publicly_leaked: false },
      ...(c.req.query("hide_secret") !== "true" && { secret: each.secret }),
    };
  };

  app.get(`${repo}/secret-scanning/alerts`, (c) => {
    const { state, secret_type, resolution, validity } = c.req.query();
    const found = secretsOf(c).filter(
      (each) =>
        allowed(state, each.state) &&
        allowed(secret_type, each.type) &&
        allowed(resolution, each.resolution) &&
        allowed(validity, each.validity),
    );
    return paged(c, found, (each) => secret(c, each));
  });
  app.get(`${repo}/secret-scanning/alerts/:number`, (c) => c.json(secret(c, numbered(c, secretsOf(c)))));
  app.get(`${repo}/secret-scanning/alerts/:number/locations`, (c) =>
    paged(c, numbered(c, secretsOf(c)).locations, (place) => {
      if ("issue" in place) {
        const issue_body_url = `${c.get("base")}/repos/${c.req.param("owner")}/${c.req.param("repo")}/issues/${place.issue}`;
        return { type: "issue_body", details: { issue_body_url } };
      }
      const details = described("secret-scanning-location-commit", {
        ...{ path: place.path, start_line: place.line, end_line: place.line, start_column: 1, end_column: 40 },
        commit_sha: "6dcb09b5b57875f334f61aebed695e2e4193db5e",
      });
      return { type: "commit", details };
    }),
  );

  const dependabot = (c: Call, each: DependabotAlert) => {
    const advisory = advisories().find(({ ghsa_id }) => ghsa_id === each.advisory)!;
    const name = { ecosystem: "npm", name: each.package };
    const vulnerability = {
      ...{ package: name, severity: each.severity, vulnerable_version_range: "< 2.0.0" },
      first_patched_version: { identifier: "2.0.0" },
    };
    return described("dependabot-alert", {
      ...{ number: each.number, state: each.state, ...links(c, "dependabot", each.number) },
      ...{ created_at: AT, updated_at: AT, dismissed_at: each.state === "dismissed" ? AT : null },
      ...{ dismissed_reason: each.reason, dismissed_comment: each.comment },
      dismissed_by: each.dismissedBy === null ? null : as(c).simpleUser(each.dismissedBy),
      dependency: { package: name, manifest_path: "package-lock.json", scope: "runtime" },
      security_vulnerability: vulnerability,
      security_advisory: described("dependabot-alert-security-advisory", {
        ...{ ghsa_id: advisory.ghsa_id, cve_id: advisory.cve_id, summary: advisory.summary },
        ...{ description: advisory.description, severity: each.severity, vulnerabilities: [vulnerability] },
        ...{
          cvss: { score: 7.5, vector_string: null },
          cwes: [{ cwe_id: "CWE-20", name: "Improper Input Validation" }],
        },
        references: [{ url: `https://github.com/advisories/${advisory.ghsa_id}` }],
      }),
    });
  };

  app.get(`${repo}/dependabot/alerts`, (c) => {
    const { state, severity, package: name } = c.req.query();
    const found = dependabotOf(c).filter(
      (each) => allowed(state, each.state) && allowed(severity, each.severity) && allowed(name, each.package),
    );
    return cursorPaged(c, found, (each) => dependabot(c, each));
  });
  app.get(`${repo}/dependabot/alerts/:number`, (c) => c.json(dependabot(c, numbered(c, dependabotOf(c)))));

  app.patch(`${repo}/dependabot/alerts/:number`, async (c) => {
    const alert = numbered(c, dependabotOf(c));
    const { state, dismissed_reason = null, dismissed_comment = null } = await bodyOf(c.req, dependabotChange);
    if (state === "dismissed" && !dismissed_reason) throw new GithubError(422, "dismissed_reason is required");
    const isDismissed = state === "dismissed";
    Object.assign(alert, {
      ...{ state, reason: isDismissed ? dismissed_reason : null, comment: isDismissed ? dismissed_comment : null },
      dismissedBy: isDismissed ? editor(c).login : null,
    });
    store.save();
    return c.json(dependabot(c, alert));
  });
};
