/** Hands a request of a KV or D1 binding to Miniflare's simulator of that namespace or database. */
export default {
  async fetch(request, env) {
    const kind = request.headers.get("local-cloud-storage");
    const name = request.headers.get("local-cloud-storage-id");
    const objects = { kv: env.KV, d1: env.D1 }[kind];
    if (objects === undefined || name === null) return new Response("Unknown storage", { status: 404 });
    return objects.get(objects.idFromName(name)).fetch(request, { cf: { miniflare: { name } } });
  },
};
