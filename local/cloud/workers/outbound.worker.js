/**
 * Outgoing fetch of a script with `global_fetch_strictly_public`. The network behind `PUBLIC` checks the address that
 * it connects to (after DNS, each redirect anew), so neither a private name nor DNS rebinding gets through; `ANY` is for
 * the few named hosts only. Names of the zone are at the local edge, as a fetch of them comes in at Cloudflare's.
 */
export default {
  async fetch(request, env) {
    const url = new URL(request.url);
    const host = `${url.hostname}:${url.port || (url.protocol === "https:" ? 443 : 80)}`;
    if (url.protocol === "https:" && env.EDGE_HOSTS.includes(host)) return env.EDGE.fetch(request);
    if (env.ALLOWED_HOSTS.includes(host)) return env.ANY.fetch(request);
    try {
      return await env.PUBLIC.fetch(request);
    } catch {
      throw new Error(`No connection to ${host}: its address is not public, not known or does not answer.`);
    }
  },
};
