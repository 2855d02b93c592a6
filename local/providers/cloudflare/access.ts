import { camelCase, renameKeys, snakeCase } from "../core/casing.ts";
import type { InputRule, Properties, ResourceType } from "../core/resource-type.ts";
import { compact, covers } from "../core/values.ts";
import { cloudflareApi, importParts, orGone, path } from "./client.ts";

/** The SDK's plurals that the API does not have. */
const toApi: Record<string, string> = {
  includes: "include",
  excludes: "exclude",
  requires: "require",
  targetCriterias: "target_criteria",
};
const fromApi = Object.fromEntries(Object.entries(toApi).map(([sdk, api]) => [api, sdk]));

interface Named extends Properties {
  id: string;
  name?: string;
  domain?: string;
}

const applicationInputs: Record<string, InputRule> = {
  accountId: { replaces: true },
  zoneId: { replaces: true },
  name: { computed: true },
  domain: { computed: true },
  type: { default: "self_hosted" },
  destinations: { computed: true },
  selfHostedDomains: { computed: true },
  policies: { same: (wanted, actual) => samePolicies(wanted, actual) },
  sessionDuration: { default: "24h" },
  allowedIdps: { set: true },
  autoRedirectToIdentity: { default: false },
  appLauncherVisible: { default: true },
  tags: { set: true },
  skipAppLauncherLoginPage: { computed: true },
  httpOnlyCookieAttribute: { computed: true },
  enableBindingCookie: { default: false },
  optionsPreflightBypass: { default: false },
  ...Object.fromEntries(
    [
      "allowAuthenticateViaWarp",
      "allowIframe",
      "appLauncherLogoUrl",
      "bgColor",
      "corsHeaders",
      "customDenyMessage",
      "customDenyUrl",
      "customNonIdentityDenyUrl",
      "customPages",
      "footerLinks",
      "headerBgColor",
      "landingPageDesign",
      "logoUrl",
      "mfaConfig",
      "oauthConfiguration",
      "pathCookieAttribute",
      "readServiceTokensFromHeader",
      "saasApp",
      "sameSiteCookieAttribute",
      "scimConfig",
      "serviceAuth401Redirect",
      "skipInterstitial",
      "targetCriterias",
    ].map((key) => [key, { computed: true } satisfies InputRule]),
  ),
};

/** https://developers.cloudflare.com/api/resources/zero_trust/subresources/access/subresources/applications/ */
export const zeroTrustAccessApplication: ResourceType = {
  inputs: applicationInputs,
  outputs: ["aud"],
  check: (inputs) =>
    (inputs.accountId === undefined) === (inputs.zoneId === undefined)
      ? [{ property: "accountId", reason: "Exactly one of accountId and zoneId must be given." }]
      : [],
  importId(importId) {
    const [kind = "", owner = "", id = ""] = importParts(importId, "accounts|zones", "account_id|zone_id", "app_id");
    return { id, state: kind === "zones" ? { zoneId: owner } : { accountId: owner } };
  },
  async create(inputs, context) {
    const made = await cloudflareApi(context).post<Named>(applications(inputs), bodyOf(applicationInputs, inputs));
    return { id: made.id, outputs: outputsOf(applicationInputs, made) };
  },
  async read(id, state, context) {
    const found = await orGone(cloudflareApi(context).get<Named>(`${applications(state)}/${encodeURIComponent(id)}`));
    return found && { id, outputs: { ...ownerOf(state), ...outputsOf(applicationInputs, found) } };
  },
  async update(id, inputs, _state, context) {
    const where = `${applications(inputs)}/${encodeURIComponent(id)}`;
    const changed = await cloudflareApi(context).put<Named>(where, bodyOf(applicationInputs, inputs));
    return outputsOf(applicationInputs, changed);
  },
  async delete(id, state, context) {
    await cloudflareApi(context).delete(`${applications(state)}/${encodeURIComponent(id)}`);
  },
  async lookup(inputs, context) {
    const all = await cloudflareApi(context).list<Named>(applications(inputs));
    const found = all.find((app) => app.name === inputs.name && (!inputs.domain || app.domain === inputs.domain));
    if (!found) return undefined;
    return inputs.zoneId ? `zones/${inputs.zoneId}/${found.id}` : `accounts/${inputs.accountId}/${found.id}`;
  },
};

function applications({ accountId, zoneId }: Properties): string {
  return zoneId === undefined ? path`/accounts/${accountId}/access/apps` : path`/zones/${zoneId}/access/apps`;
}

function ownerOf({ accountId, zoneId }: Properties): Properties {
  return zoneId === undefined ? { accountId } : { zoneId };
}

const policyInputs: Record<string, InputRule> = {
  accountId: { required: true, replaces: true },
  name: { required: true },
  decision: { required: true },
  includes: { computed: true },
  excludes: { computed: true },
  requires: { computed: true },
  sessionDuration: { default: "24h" },
  approvalGroups: {},
  approvalRequired: { default: false },
  isolationRequired: { default: false },
  purposeJustificationRequired: { default: false },
  purposeJustificationPrompt: {},
  connectionRules: { computed: true },
  mfaConfig: { computed: true },
};

/** https://developers.cloudflare.com/api/resources/zero_trust/subresources/access/subresources/policies/ */
export const zeroTrustAccessPolicy: ResourceType = {
  inputs: policyInputs,
  outputs: ["appCount", "createdAt", "reusable", "updatedAt"],
  volatile: ["appCount", "updatedAt"],
  importId(importId) {
    const [accountId = "", id = ""] = importParts(importId, "account_id", "policy_id");
    return { id, state: { accountId } };
  },
  async create(inputs, context) {
    const where = path`/accounts/${inputs.accountId}/access/policies`;
    const made = await cloudflareApi(context).post<Named>(where, bodyOf(policyInputs, inputs));
    return { id: made.id, outputs: { reusable: true, ...outputsOf(policyInputs, made) } };
  },
  async read(id, { accountId }, context) {
    const found = await orGone(cloudflareApi(context).get<Named>(path`/accounts/${accountId}/access/policies/${id}`));
    return found && { id, outputs: { accountId, ...outputsOf(policyInputs, found) } };
  },
  async update(id, inputs, _state, context) {
    const where = path`/accounts/${inputs.accountId}/access/policies/${id}`;
    const changed = await cloudflareApi(context).put<Named>(where, bodyOf(policyInputs, inputs));
    return outputsOf(policyInputs, changed);
  },
  async delete(id, { accountId }, context) {
    await cloudflareApi(context).delete(path`/accounts/${accountId}/access/policies/${id}`);
  },
  async lookup({ accountId, name }, context) {
    const all = await cloudflareApi(context).list<Named>(path`/accounts/${accountId}/access/policies`);
    const found = all.find((policy) => policy.name === name);
    return found && `${accountId}/${found.id}`;
  },
};

function bodyOf(rules: Record<string, InputRule>, inputs: Properties): unknown {
  const { accountId: _, zoneId: __, ...own } = inputs;
  const known = Object.fromEntries(Object.entries(own).filter(([key]) => key in rules));
  return renameKeys(compact(known), snakeCase, toApi);
}

function outputsOf(rules: Record<string, InputRule>, answer: Named): Properties {
  const told = renameKeys(compact(answer), camelCase, fromApi) as Properties;
  // The API gives the whole object: what it leaves out is unset, but where it chooses a value itself.
  const unset = Object.entries(rules).filter(([key, rule]) => !rule.computed && !rule.required && !ownerKeys.has(key));
  const own = new Set([...Object.keys(rules), "aud", "appCount", "createdAt", "reusable", "updatedAt"]);
  return {
    ...Object.fromEntries(unset.map(([key]) => [key, undefined])),
    ...Object.fromEntries(Object.entries(told).filter(([key]) => own.has(key))),
  };
}

const ownerKeys = new Set(["accountId", "zoneId"]);

/** The program names policies by id; the API answers with the whole policy, in order of precedence. */
function samePolicies(wanted: unknown, actual: unknown): boolean {
  if (!Array.isArray(wanted) || !Array.isArray(actual) || wanted.length !== actual.length) return false;
  return wanted.every((policy: Properties, index) => {
    const { precedence: _, ...rest } = policy;
    return covers(actual[index], rest);
  });
}
