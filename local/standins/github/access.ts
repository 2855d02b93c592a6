import { createHash, timingSafeEqual } from "node:crypto";
import { GithubError } from "./error.ts";
import type { Repository } from "./model.ts";
import { isSame } from "./store.ts";

/** What a token with permissions of its own may do; everybody may read what is public. */
export type Permissions = Partial<
  Record<
    | "actions"
    | "administration"
    | "checks"
    | "contents"
    | "discussions"
    | "issues"
    | "pull_requests"
    | "repository_advisories"
    | "secret_scanning_alerts"
    | "security_events"
    | "statuses"
    | "vulnerability_alerts",
    "read" | "write"
  >
>;

export interface GithubToken {
  /** What the client sends as `Authorization: Bearer`. */
  token: string;
  /** Whose token it is. */
  login: string;
  /**
   * Of an OAuth app or a classic token (https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/scopes-for-oauth-apps);
   * default `repo` and `read:user`.
   */
  scopes?: string[];
  /** Of a GitHub App or a fine-grained token, which has no scopes. */
  permissions?: Permissions;
}

/** Who asks, and what the token lets them do. */
export interface Access {
  login: string;
  /** Undefined for a token that has permissions instead. */
  scopes: string[] | undefined;
  permissions: Permissions;
}

export interface TokenSource {
  tokens: GithubToken[];
  /** Whose a token is that is not among `tokens`: the login, or undefined when there is no such token. */
  tokenOwner?: (token: string) => string | undefined | Promise<string | undefined>;
}

const DEFAULT_SCOPES = ["repo", "read:user"];

/** Returns what tells whose request it is; that throws {@link GithubError} 401 for a request without a known token. */
export function accessReader({ tokens, tokenOwner }: TokenSource): (authorization?: string) => Promise<Access> {
  const known = tokens.map((token) => ({ ...token, digest: digest(token.token) }));
  return async (authorization) => {
    if (!authorization) throw new GithubError(401, "Requires authentication");
    // GitHub takes both words: https://docs.github.com/en/rest/authentication/authenticating-to-the-rest-api
    const sent = /^(?:Bearer|token) +(\S+) *$/i.exec(authorization)?.[1] ?? "";
    const found = known.find((each) => timingSafeEqual(each.digest, digest(sent)));
    if (found) {
      const scopes = found.permissions ? undefined : (found.scopes ?? DEFAULT_SCOPES);
      return { login: found.login, scopes, permissions: found.permissions ?? {} };
    }
    const login = sent && (await tokenOwner?.(sent));
    if (!login) throw new GithubError(401, "Bad credentials");
    return { login, scopes: DEFAULT_SCOPES, permissions: {} };
  };
}

export function mayAdminister(login: string, repository: Repository): boolean {
  return isSame(repository.owner, login);
}

export function mayPush(login: string, repository: Repository): boolean {
  return [repository.owner, ...repository.collaborators].some((each) => isSame(each, login));
}

/** A private repository does not exist for who may not see it. */
export function maySee(access: Access, repository: Repository): boolean {
  if (!repository.private) return true;
  return mayPush(access.login, repository) && (access.scopes?.includes("repo") ?? true);
}

/** The scopes of which a request needs one, as GitHub tells them in `x-accepted-oauth-scopes`. */
export function acceptedScopes(repository: Repository, level: "read" | "write"): string[] {
  if (repository.private) return ["repo"];
  return level === "write" ? ["public_repo", "repo"] : [];
}

/**
 * @throws {GithubError} when the token may not: 404 for one that lacks a scope, 403 for one that lacks a permission
 * (https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api)
 */
export function demand(access: Access, repository: Repository, what: keyof Permissions, level: "read" | "write"): void {
  if (access.scopes) {
    const accepted = acceptedScopes(repository, level);
    if (accepted.length > 0 && !accepted.some((scope) => access.scopes!.includes(scope))) {
      throw new GithubError(404, "Not Found");
    }
    return;
  }
  const has = access.permissions[what];
  if (has === "write" || has === level || (level === "read" && !repository.private)) return;
  throw new GithubError(403, "Resource not accessible by integration");
}

/** Digests have one length, so comparing them tells nothing about the token's. */
function digest(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}
