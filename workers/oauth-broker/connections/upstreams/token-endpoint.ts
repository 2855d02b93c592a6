import { askUpstream, UpstreamFailure, type UpstreamToken } from "../upstream.ts";

/**
 * What says that a code or refresh token is worth nothing any more: RFC 6749 section 5.2, and GitHub's own words
 * (https://docs.github.com/en/apps/oauth-apps/maintaining-oauth-apps/troubleshooting-oauth-app-access-token-request-errors).
 */
const FINAL = ["invalid_grant", "bad_refresh_token", "bad_verification_code", "unverified_user_email"];

interface TokenAnswer {
  access_token?: string;
  refresh_token?: string;
  expires_in?: number;
  error?: string;
}

/**
 * Asks a token endpoint (RFC 6749 section 3.2) for tokens. GitHub answers errors with 200, so the body decides.
 *
 * @throws {UpstreamFailure}
 */
export async function requestToken(
  title: string,
  url: string,
  parameters: Record<string, string>,
  signal?: AbortSignal,
): Promise<UpstreamToken> {
  const { status, body } = await askUpstream(title, url, {
    method: "POST",
    headers: { accept: "application/json", "user-agent": "hybrid-mcp" },
    body: new URLSearchParams(parameters),
    ...(signal && { signal }),
  });
  const answer = (body ?? {}) as TokenAnswer;
  if (typeof answer.access_token !== "string") {
    const why = typeof answer.error === "string" ? answer.error : `HTTP ${status}`;
    const kind = FINAL.includes(why) ? "refused" : "misconfigured";
    throw new UpstreamFailure(kind, `${title} gave no token (${why}).`);
  }
  return {
    accessToken: answer.access_token,
    ...(answer.refresh_token !== undefined && { refreshToken: answer.refresh_token }),
    // GitHub has answered numbers as text.
    ...(answer.expires_in !== undefined && { expiresIn: Number(answer.expires_in) }),
  };
}
