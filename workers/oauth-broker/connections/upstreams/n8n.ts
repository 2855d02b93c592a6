import { askWithCredential, type TokenUpstream } from "../upstream.ts";

const TITLE = "n8n";

/**
 * n8n's public API does not say whose a key is.
 *
 * @param apiUrl origin of the instance, e.g. `https://n8n.example.com`
 * @see https://docs.n8n.io/api/authentication/
 */
export function n8n(apiUrl: string): TokenUpstream {
  return {
    kind: "token",
    title: TITLE,
    where: "In n8n, open Settings, then n8n API, and create an API key that may list workflows.",
    tokenType: "N_A",
    async check(token) {
      await askWithCredential(TITLE, `${apiUrl}/api/v1/workflows?limit=1`, { "x-n8n-api-key": token });
      return undefined;
    },
  };
}
