import type { components } from "@octokit/openapi-types";
import { z } from "zod";
import { defineTool } from "../api.ts";
import { cursorPageInput } from "../page-input.ts";
import { beginning, beginningInput, beginningOutput, part, partInput, partOutput } from "./body-text.ts";
import { pageOutput } from "./page-output.ts";
import { repositoryInput } from "./repository-input.ts";

type Schemas = components["schemas"];
type Advisory = Schemas["global-advisory"] | Schemas["repository-advisory"];

const toolset = "security_advisories";

const GHSA = /^GHSA(?:-[23456789cfghjmpqrvwx]{4}){3}$/;

const advisory = z.object({
  ghsa_id: z.string(),
  cve_id: z.string().optional(),
  summary: z.string(),
  severity: z.string().optional(),
  cvss: z.number().optional(),
  state: z.string().optional(),
  type: z.string().optional(),
  affects: z.array(
    z.object({
      package: z.string().optional(),
      ecosystem: z.string().optional(),
      vulnerable_versions: z.string().optional(),
      patched_versions: z.string().optional(),
    }),
  ),
  more_affected: z.int().optional().describe("How many more packages it affects than are listed"),
  published_at: z.string().optional(),
  updated_at: z.string().optional(),
  withdrawn_at: z.string().optional(),
  url: z.string(),
});

function advisoryOf(from: Advisory, mostPackages: number): z.input<typeof advisory> {
  const affected = from.vulnerabilities ?? [];
  const more = affected.length - mostPackages;
  return {
    ghsa_id: from.ghsa_id,
    cve_id: from.cve_id ?? undefined,
    summary: from.summary,
    severity: from.severity ?? undefined,
    cvss: from.cvss?.score ?? undefined,
    ...("state" in from ? { state: from.state } : { type: from.type }),
    affects: affected.slice(0, mostPackages).map((each) => ({
      package: each.package?.name ?? undefined,
      ecosystem: each.package?.ecosystem,
      vulnerable_versions: each.vulnerable_version_range ?? undefined,
      patched_versions: ("patched_versions" in each ? each.patched_versions : each.first_patched_version) ?? undefined,
    })),
    ...(more > 0 && { more_affected: more }),
    published_at: from.published_at ?? undefined,
    updated_at: from.updated_at ?? undefined,
    withdrawn_at: from.withdrawn_at ?? undefined,
    url: from.html_url,
  };
}

const advisoriesOutput = z.object({ advisories: z.array(advisory.extend(beginningOutput)), ...pageOutput });

/** Packages that a list shows of each advisory. */
const LISTED_PACKAGES = 5;

const listedOf = (from: Advisory, body_length: number) => ({
  ...advisoryOf(from, LISTED_PACKAGES),
  ...beginning(from.description, body_length),
});

const ECOSYSTEMS = [
  ...(["rubygems", "npm", "pip", "maven", "nuget", "composer", "go", "rust"] as const),
  ...(["erlang", "actions", "pub", "swift", "other"] as const),
];

export const listGlobalSecurityAdvisories = defineTool({
  name: "list_global_security_advisories",
  title: "Search security advisories",
  description:
    "Finds known vulnerabilities in GitHub's advisory database, by package, CVE, ecosystem or severity. The whole text of one: get_global_security_advisory.",
  scope: "github:read",
  toolset,
  readOnly: true,
  input: z.strictObject({
    affects: z
      .array(z.string().regex(/^[!-+.-~-]{1,214}$/, "must be a package, with its version if you want"))
      .max(100)
      .default([])
      .describe('Only what affects these packages, or versions of them: ["express", "lodash@4.17.20"]'),
    ecosystem: z.enum(ECOSYSTEMS).optional().describe("Only packages of this ecosystem"),
    severity: z
      .enum(["critical", "high", "medium", "low", "unknown"])
      .optional()
      .describe("Only advisories of this severity"),
    cve_id: z
      .string()
      .regex(/^CVE-\d{4}-\d{4,19}$/, "must be the id of a CVE")
      .optional()
      .describe('Only this CVE: "CVE-2021-44228"'),
    type: z.enum(["reviewed", "malware", "unreviewed"]).default("reviewed").describe("Which part of the database"),
    body_length: beginningInput(300),
    ...cursorPageInput,
  }),
  output: advisoriesOutput,
  async run({ affects, body_length, limit, cursor, ...filters }, { upstream, signal }) {
    const query = { ...filters, ...(affects.length > 0 && { affects: affects.join(",") }) };
    const { data, nextCursor } = await upstream.page("GET /advisories", query, { limit, cursor }, signal);
    return {
      advisories: data.map((each) => listedOf(each, body_length)),
      next_cursor: nextCursor,
    };
  },
});

const wholeAdvisory = advisory.extend({ ...partOutput, cwes: z.array(z.string()), references: z.array(z.string()) });

export const getGlobalSecurityAdvisory = defineTool({
  name: "get_global_security_advisory",
  title: "Get a security advisory",
  description:
    "Reads an advisory of GitHub's database: what is vulnerable, since which version it is not, and its text.",
  scope: "github:read",
  toolset,
  readOnly: true,
  input: z.strictObject({
    ghsa_id: z.string().regex(GHSA, "must be an id such as GHSA-jfh8-c2jp-5v3q").describe("Id of the advisory"),
    ...partInput,
  }),
  output: wholeAdvisory,
  async run({ ghsa_id, ...text }, { upstream, signal }) {
    const found = await upstream.request("GET /advisories/{ghsa_id}", { ghsa_id }, signal);
    return {
      ...advisoryOf(found, 100),
      ...part(found.description, text),
      cwes: (found.cwes ?? []).map(({ cwe_id, name }) => `${cwe_id}: ${name}`),
      references: (found.references ?? []).slice(0, 50),
    };
  },
});

const stateInput = z
  .enum(["triage", "draft", "published", "closed"])
  .optional()
  .describe("Only advisories in this state; others than published are seen by those who look after them");

export const listRepositorySecurityAdvisories = defineTool({
  name: "list_repository_security_advisories",
  title: "List a repository's advisories",
  description: "Lists the security advisories that a repository's maintainers wrote about it.",
  scope: "github:read",
  toolset,
  readOnly: true,
  input: z.strictObject({
    ...repositoryInput,
    state: stateInput,
    body_length: beginningInput(300),
    ...cursorPageInput,
  }),
  output: advisoriesOutput,
  async run({ owner, repo, state, body_length, ...page }, { upstream, signal }) {
    const route = "GET /repos/{owner}/{repo}/security-advisories";
    const { data, nextCursor } = await upstream.page(route, { owner, repo, state }, page, signal);
    return {
      advisories: data.map((each) => listedOf(each, body_length)),
      next_cursor: nextCursor,
    };
  },
});

export const listOrgRepositorySecurityAdvisories = defineTool({
  name: "list_org_repository_security_advisories",
  title: "List an organisation's advisories",
  description:
    "Lists the security advisories of all repositories of an organisation, for its owners and security managers.",
  scope: "github:read",
  toolset,
  readOnly: true,
  input: z.strictObject({
    org: repositoryInput.owner.describe("Login of the organisation"),
    state: stateInput,
    body_length: beginningInput(300),
    ...cursorPageInput,
  }),
  output: advisoriesOutput,
  async run({ org, state, body_length, ...page }, { upstream, signal }) {
    const { data, nextCursor } = await upstream.page(
      "GET /orgs/{org}/security-advisories",
      { org, state },
      page,
      signal,
    );
    return {
      advisories: data.map((each) => listedOf(each, body_length)),
      next_cursor: nextCursor,
    };
  },
});

export const securityAdvisoryTools = [
  listGlobalSecurityAdvisories,
  getGlobalSecurityAdvisory,
  listRepositorySecurityAdvisories,
  listOrgRepositorySecurityAdvisories,
];
