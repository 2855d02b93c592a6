/**
 * What each scope of an OAuth app contains
 * (https://docs.github.com/apps/oauth-apps/building-oauth-apps/scopes-for-oauth-apps).
 */
const CONTAINS: Record<string, string[]> = {
  repo: ["repo:status", "repo_deployment", "public_repo", "repo:invite", "security_events"],
  "repo:status": [],
  repo_deployment: [],
  public_repo: [],
  "repo:invite": [],
  security_events: [],
  "admin:repo_hook": ["write:repo_hook", "read:repo_hook"],
  "write:repo_hook": ["read:repo_hook"],
  "read:repo_hook": [],
  "admin:org": ["write:org", "read:org"],
  "write:org": ["read:org"],
  "read:org": [],
  "admin:public_key": ["write:public_key", "read:public_key"],
  "write:public_key": ["read:public_key"],
  "read:public_key": [],
  "admin:org_hook": [],
  gist: [],
  notifications: [],
  user: ["read:user", "user:email", "user:follow"],
  "read:user": [],
  "user:email": [],
  "user:follow": [],
  project: ["read:project"],
  "read:project": [],
  delete_repo: [],
  "write:packages": ["read:packages"],
  "read:packages": [],
  "delete:packages": [],
  "admin:gpg_key": ["write:gpg_key", "read:gpg_key"],
  "write:gpg_key": ["read:gpg_key"],
  "read:gpg_key": [],
  codespace: [],
  workflow: [],
  "read:audit_log": [],
};

/**
 * The scopes as GitHub keeps them: sorted, without those that another one contains ("Normalized scopes").
 * @returns `invalid` has the names that are no scopes
 */
export function normalizedScopes(requested: readonly string[]): { scopes: string[]; invalid: string[] } {
  const distinct = [...new Set(requested)].sort();
  const invalid = distinct.filter((scope) => !Object.hasOwn(CONTAINS, scope));
  const contained = new Set(distinct.flatMap((scope) => CONTAINS[scope] ?? []));
  return { scopes: distinct.filter((scope) => !invalid.includes(scope) && !contained.has(scope)), invalid };
}

/** Whether one of the scopes is, or contains, one of those that are asked for. */
export function hasScope(scopes: readonly string[], ...anyOf: string[]): boolean {
  return scopes.some((scope) => [scope, ...(CONTAINS[scope] ?? [])].some((each) => anyOf.includes(each)));
}
