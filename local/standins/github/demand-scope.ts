import { mayPush } from "./access.ts";
import type { Call } from "./context.ts";
import { GithubError } from "./error.ts";
import type { Repository } from "./model.ts";

/**
 * Asks for a scope that has nothing to do with a repository, and tells which would have done.
 * @throws {GithubError} 403 for a token that has none of them
 */
export function demandScope(c: Call, ...accepted: string[]): void {
  const { scopes } = c.get("access");
  if (!scopes) return;
  c.header("x-accepted-oauth-scopes", accepted.join(", "));
  if (!accepted.some((scope) => scopes.includes(scope))) {
    throw new GithubError(403, `You need at least ${accepted[0]} scope to do this.`);
  }
}

/** @throws {GithubError} 403 for somebody who may not push to the repository */
export function demandPush(c: Call, repository: Repository): void {
  if (!mayPush(c.get("access").login, repository)) throw new GithubError(403, "Must have push access to Repository.");
}
