import type { components } from "@octokit/openapi-types";
import { z } from "zod";
import { defineTool } from "../api.ts";
import { numberedPageInput } from "../page-input.ts";
import { alertInput } from "./alert-input.ts";
import { part, partInput, partOutput } from "./body-text.ts";
import { plainText, refName } from "./git-input.ts";
import { pageOutput } from "./page-output.ts";
import { repositoryInput } from "./repository-input.ts";

type Schemas = components["schemas"];

const toolset = "code_security";

const alert = z.object({
  number: z.int(),
  state: z.string().optional(),
  rule: z.string().optional(),
  summary: z.string().optional(),
  severity: z.string().optional().describe("low to critical for security, else note to error"),
  tool: z.string().optional(),
  path: z.string().optional(),
  line: z.int().optional(),
  ref: z.string().optional(),
  message: z.string().optional(),
  dismissed_by: z.string().optional(),
  dismissed_reason: z.string().optional(),
  dismissed_comment: z.string().optional(),
  created_at: z.string(),
  fixed_at: z.string().optional(),
  url: z.string(),
});

function alertOf(from: Schemas["code-scanning-alert-items"] | Schemas["code-scanning-alert"]): z.input<typeof alert> {
  const { rule, tool, most_recent_instance: instance } = from;
  return {
    number: from.number,
    state: from.state ?? undefined,
    rule: rule.id ?? undefined,
    summary: rule.description,
    severity: rule.security_severity_level ?? rule.severity ?? undefined,
    tool: tool.name,
    path: instance.location?.path,
    line: instance.location?.start_line,
    ref: instance.ref,
    message: instance.message?.text,
    dismissed_by: from.dismissed_by?.login,
    dismissed_reason: from.dismissed_reason ?? undefined,
    dismissed_comment: from.dismissed_comment ?? undefined,
    created_at: from.created_at,
    fixed_at: from.fixed_at ?? undefined,
    url: from.html_url,
  };
}

export const listCodeScanningAlerts = defineTool({
  name: "list_code_scanning_alerts",
  title: "List code scanning alerts",
  description:
    "Lists what code scanning (CodeQL and others) found in a repository: rule, severity and place. More about one: get_code_scanning_alert.",
  scope: "github:read",
  toolset,
  readOnly: true,
  input: z.strictObject({
    ...repositoryInput,
    state: z.enum(["open", "dismissed", "fixed"]).default("open").describe("Only alerts in this state"),
    tool: plainText.optional().describe('Only what this tool found: "CodeQL"'),
    ref: refName.optional().describe("Branch that was looked at; the default branch when left out"),
    ...numberedPageInput,
  }),
  output: z.object({ alerts: z.array(alert), ...pageOutput }),
  async run({ tool, limit, cursor, ...filters }, { upstream, signal }) {
    const route = "GET /repos/{owner}/{repo}/code-scanning/alerts";
    const query = { ...filters, tool_name: tool };
    const { data, nextCursor } = await upstream.page(route, query, { limit, cursor }, signal);
    return { alerts: data.map(alertOf), next_cursor: nextCursor };
  },
});

export const getCodeScanningAlert = defineTool({
  name: "get_code_scanning_alert",
  title: "Get a code scanning alert",
  description: "Reads one alert of code scanning: what is wrong, where, and the rule's advice on mending it.",
  scope: "github:read",
  toolset,
  readOnly: true,
  input: z.strictObject({ ...alertInput("list_code_scanning_alerts"), ...partInput }),
  output: alert.extend({
    tags: z.array(z.string()),
    end_line: z.int().optional(),
    commit: z.string().optional(),
    help_url: z.string().optional(),
    ...partOutput,
  }),
  async run({ owner, repo, alert_number, ...text }, { upstream, signal }) {
    const route = "GET /repos/{owner}/{repo}/code-scanning/alerts/{alert_number}";
    const found = await upstream.request(route, { owner, repo, alert_number }, signal);
    const { rule, most_recent_instance: instance } = found;
    return {
      ...alertOf(found),
      tags: rule.tags ?? [],
      end_line: instance.location?.end_line,
      commit: instance.commit_sha,
      help_url: rule.help_uri ?? undefined,
      ...part(rule.help ?? rule.full_description, text),
    };
  },
});

export const codeSecurityTools = [listCodeScanningAlerts, getCodeScanningAlert];
