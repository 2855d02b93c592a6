import type { components } from "@octokit/openapi-types";
import { z } from "zod";
import { defineTool } from "../api.ts";
import { pageInput } from "../page-cursor.ts";
import { numberedPageInput } from "../page-input.ts";
import { alertInput } from "./alert-input.ts";
import { pageOutput } from "./page-output.ts";
import { repositoryInput } from "./repository-input.ts";

const toolset = "secret_protection";

const alert = z.object({
  number: z.int(),
  state: z.string().optional(),
  type: z.string().optional(),
  validity: z.string().optional().describe("Whether the secret works: active, inactive or unknown"),
  publicly_leaked: z.boolean().optional(),
  resolution: z.string().optional(),
  resolved_by: z.string().optional(),
  resolution_comment: z.string().optional(),
  push_protection_bypassed_by: z.string().optional().describe("Who pushed it although GitHub warned"),
  created_at: z.string().optional(),
  resolved_at: z.string().optional(),
  url: z.string().optional(),
});

/** Takes over what is told of the secret, never the secret itself. */
function alertOf(from: components["schemas"]["secret-scanning-alert"]): z.input<typeof alert> {
  return {
    number: from.number ?? 0,
    state: from.state,
    type: from.secret_type_display_name ?? from.secret_type,
    validity: from.validity,
    publicly_leaked: from.publicly_leaked ?? undefined,
    resolution: from.resolution ?? undefined,
    resolved_by: from.resolved_by?.login,
    resolution_comment: from.resolution_comment ?? undefined,
    push_protection_bypassed_by: from.push_protection_bypassed_by?.login,
    created_at: from.created_at,
    resolved_at: from.resolved_at ?? undefined,
    url: from.html_url,
  };
}

export const listSecretScanningAlerts = defineTool({
  name: "list_secret_scanning_alerts",
  title: "List secret scanning alerts",
  description:
    "Lists the secrets that GitHub found in a repository: of what kind, and whether they still work. The secrets themselves are never shown.",
  scope: "github:read",
  toolset,
  readOnly: true,
  input: z.strictObject({
    ...repositoryInput,
    state: z.enum(["open", "resolved"]).optional().describe("Only alerts in this state"),
    secret_type: z
      .array(z.string().regex(/^[a-z0-9_]{1,100}$/, "must be a kind as GitHub names it"))
      .max(20)
      .default([])
      .describe('Only these kinds: ["github_personal_access_token"]'),
    resolution: z
      .array(z.enum(["false_positive", "wont_fix", "revoked", "pattern_edited", "pattern_deleted", "used_in_tests"]))
      .max(6)
      .default([])
      .describe("Only alerts that were resolved so"),
    validity: z.enum(["active", "inactive", "unknown"]).optional().describe("Only secrets of this validity"),
    ...pageInput,
  }),
  output: z.object({ alerts: z.array(alert), ...pageOutput }),
  async run({ limit, cursor, secret_type, resolution, ...filters }, { upstream, signal }) {
    const query = {
      ...filters,
      ...(secret_type.length > 0 && { secret_type: secret_type.join(",") }),
      ...(resolution.length > 0 && { resolution: resolution.join(",") }),
      hide_secret: true,
    };
    const route = "GET /repos/{owner}/{repo}/secret-scanning/alerts";
    const { data, nextCursor } = await upstream.page(route, query, { limit, cursor }, signal);
    return { alerts: data.map(alertOf), next_cursor: nextCursor };
  },
});

export const getSecretScanningAlert = defineTool({
  name: "get_secret_scanning_alert",
  title: "Get a secret scanning alert",
  description:
    "Reads one alert of secret scanning with the places in which the secret is; the secret itself is never shown.",
  scope: "github:read",
  toolset,
  readOnly: true,
  input: z.strictObject({ ...alertInput("list_secret_scanning_alerts"), ...numberedPageInput }),
  output: alert.extend({
    locations: z.array(
      z.object({
        type: z.string().optional(),
        path: z.string().optional(),
        line: z.int().optional(),
        commit: z.string().optional(),
        url: z.string().optional().describe("Of the issue, comment or page, in the API"),
      }),
    ),
    next_cursor: z.string().optional().describe("For more locations"),
  }),
  async run({ limit, cursor, ...name }, { upstream, signal }) {
    const alertRoute = "GET /repos/{owner}/{repo}/secret-scanning/alerts/{alert_number}";
    const found = await upstream.request(alertRoute, { ...name, hide_secret: true }, signal);
    const { data, nextCursor } = await upstream.page(`${alertRoute}/locations`, name, { limit, cursor }, signal);
    return {
      ...alertOf(found),
      locations: data.map(({ type, details }) => ({ type, ...placeOf(details ?? {}) })),
      next_cursor: nextCursor,
    };
  },
});

/** A place in a file, or a link to it: the link's name goes by what it leads to. */
function placeOf(details: object) {
  const { path, start_line, commit_sha } = details as Partial<components["schemas"]["secret-scanning-location-commit"]>;
  const link = Object.entries(details).find(
    ([name]) => name.endsWith("_url") && name !== "blob_url" && name !== "commit_url",
  );
  const file = { path, line: start_line, commit: commit_sha };
  return { ...file, url: path === undefined && link ? String(link[1]) : undefined };
}

export const secretProtectionTools = [listSecretScanningAlerts, getSecretScanningAlert];
