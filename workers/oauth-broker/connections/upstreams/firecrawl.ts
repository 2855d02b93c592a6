import { askWithCredential, type TokenUpstream } from "../upstream.ts";

const TITLE = "Firecrawl";

/**
 * Asking for the credits that are left costs none. Firecrawl does not say whose a key is.
 *
 * @param apiUrl without a version, e.g. `https://api.firecrawl.dev`
 * @see https://docs.firecrawl.dev/api-reference/endpoint/credit-usage
 */
export function firecrawl(apiUrl: string): TokenUpstream {
  return {
    kind: "token",
    title: TITLE,
    where: "In Firecrawl's dashboard, open API keys, and copy a key.",
    tokenType: "Bearer",
    async check(token) {
      await askWithCredential(TITLE, `${apiUrl}/v2/team/credit-usage`, { authorization: `Bearer ${token}` });
      return undefined;
    },
  };
}
