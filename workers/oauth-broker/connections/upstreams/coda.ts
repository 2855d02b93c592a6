import { askWithCredential, type TokenUpstream } from "../upstream.ts";

const TITLE = "Coda";

/**
 * @param apiUrl e.g. `https://coda.io/apis/v1`
 * @see https://coda.io/developers/apis/v1#operation/whoami
 */
export function coda(apiUrl: string): TokenUpstream {
  return {
    kind: "token",
    title: TITLE,
    where: "In Coda, open Account settings, then API settings, and generate an API token.",
    tokenType: "Bearer",
    async check(token) {
      const { loginId } = await askWithCredential<{ loginId: string }>(TITLE, `${apiUrl}/whoami`, {
        authorization: `Bearer ${token}`,
      });
      return loginId;
    },
  };
}
