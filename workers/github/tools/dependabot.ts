import { ToolError } from "@hybrid-mcp/service-kit/tool";
import type { components } from "@octokit/openapi-types";
import { z } from "zod";
import { defineTool } from "../api.ts";
import { cursorPageInput } from "../page-input.ts";
import { alertInput } from "./alert-input.ts";
import { part, partInput, partOutput } from "./body-text.ts";
import { pageOutput } from "./page-output.ts";
import { repositoryInput } from "./repository-input.ts";

const toolset = "dependabot";

const alert = z.object({
  number: z.int(),
  state: z.string(),
  package: z.string(),
  ecosystem: z.string(),
  manifest: z.string().optional(),
  scope: z.string().optional(),
  severity: z.string(),
  summary: z.string(),
  ghsa_id: z.string(),
  cve_id: z.string().optional(),
  vulnerable_versions: z.string(),
  first_patched_version: z.string().optional(),
  dismissed_by: z.string().optional(),
  dismissed_reason: z.string().optional(),
  dismissed_comment: z.string().optional(),
  created_at: z.string(),
  fixed_at: z.string().optional(),
  url: z.string(),
});

function alertOf(from: components["schemas"]["dependabot-alert"]): z.input<typeof alert> {
  const { dependency, security_advisory: advisory, security_vulnerability: vulnerability } = from;
  return {
    number: from.number,
    state: from.state,
    package: vulnerability.package.name,
    ecosystem: vulnerability.package.ecosystem,
    manifest: dependency.manifest_path,
    scope: dependency.scope ?? undefined,
    severity: vulnerability.severity,
    summary: advisory.summary,
    ghsa_id: advisory.ghsa_id,
    cve_id: advisory.cve_id ?? undefined,
    vulnerable_versions: vulnerability.vulnerable_version_range,
    first_patched_version: vulnerability.first_patched_version?.identifier,
    dismissed_by: from.dismissed_by?.login,
    dismissed_reason: from.dismissed_reason ?? undefined,
    dismissed_comment: from.dismissed_comment ?? undefined,
    created_at: from.created_at,
    fixed_at: from.fixed_at ?? undefined,
    url: from.html_url,
  };
}

const severity = z.enum(["critical", "high", "medium", "low"]);

export const listDependabotAlerts = defineTool({
  name: "list_dependabot_alerts",
  title: "List Dependabot alerts",
  description:
    "Lists the dependencies of a repository that have known vulnerabilities, and which version mends each. More about one: get_dependabot_alert.",
  scope: "github:read",
  toolset,
  readOnly: true,
  input: z.strictObject({
    ...repositoryInput,
    state: z
      .enum(["open", "dismissed", "fixed", "auto_dismissed"])
      .default("open")
      .describe("Only alerts in this state"),
    severity: z.array(severity).max(4).default([]).describe("Only alerts of these severities"),
    package: z
      .string()
      .regex(/^[!-+.-~-]{1,214}$/, "must be the name of one package")
      .optional()
      .describe("Only alerts about this package"),
    ...cursorPageInput,
  }),
  output: z.object({ alerts: z.array(alert), ...pageOutput }),
  async run({ limit, cursor, severity, ...filters }, { upstream, signal }) {
    const query = { ...filters, ...(severity.length > 0 && { severity: severity.join(",") }) };
    const route = "GET /repos/{owner}/{repo}/dependabot/alerts";
    const { data, nextCursor } = await upstream.page(route, query, { limit, cursor }, signal);
    return { alerts: data.map(alertOf), next_cursor: nextCursor };
  },
});

export const getDependabotAlert = defineTool({
  name: "get_dependabot_alert",
  title: "Get a Dependabot alert",
  description: "Reads one alert about a vulnerable dependency, with the advisory's text and links.",
  scope: "github:read",
  toolset,
  readOnly: true,
  input: z.strictObject({ ...alertInput("list_dependabot_alerts"), ...partInput }),
  output: alert.extend({
    cvss: z.number().optional(),
    cwes: z.array(z.string()),
    references: z.array(z.string()),
    ...partOutput,
  }),
  async run({ owner, repo, alert_number, ...text }, { upstream, signal }) {
    const route = "GET /repos/{owner}/{repo}/dependabot/alerts/{alert_number}";
    const found = await upstream.request(route, { owner, repo, alert_number }, signal);
    const { cvss, cwes, references, description } = found.security_advisory;
    return {
      ...alertOf(found),
      cvss: cvss.score,
      cwes: cwes.map(({ cwe_id, name }) => `${cwe_id}: ${name}`),
      references: references.slice(0, 50).map(({ url }) => url),
      ...part(description, text),
    };
  },
});

export const updateDependabotAlert = defineTool({
  name: "update_dependabot_alert",
  title: "Dismiss or reopen a Dependabot alert",
  description: "Dismisses an alert about a vulnerable dependency, with the reason, or opens it again.",
  scope: "github:write",
  toolset,
  readOnly: false,
  idempotent: true,
  input: z.strictObject({
    ...alertInput("list_dependabot_alerts"),
    state: z.enum(["dismissed", "open"]).describe("dismissed needs a reason"),
    reason: z
      .enum(["fix_started", "inaccurate", "no_bandwidth", "not_used", "tolerable_risk"])
      .optional()
      .describe("Why it is dismissed"),
    comment: z.string().min(1).max(280).optional().describe("A word on that, for others"),
  }),
  output: alert,
  async run({ state, reason, comment, ...name }, { upstream, signal }) {
    if (state === "dismissed" && !reason) throw new ToolError("Give the reason for which the alert is dismissed.");
    if (state === "open" && (reason || comment)) throw new ToolError("reason and comment go with dismissed only.");
    const route = "PATCH /repos/{owner}/{repo}/dependabot/alerts/{alert_number}";
    const change = reason ? { state, dismissed_reason: reason, dismissed_comment: comment } : { state };
    return alertOf(await upstream.request(route, { ...name, ...change }, signal));
  },
});

export const dependabotTools = [listDependabotAlerts, getDependabotAlert, updateDependabotAlert];
