/** See storage-faults.ts; gone with the process. */
let faults = {};

/** Hands a request of a KV or D1 binding to Miniflare's simulator of that namespace or database. */
export default {
  async fetch(request, env) {
    const kind = request.headers.get("local-cloud-storage");
    const name = request.headers.get("local-cloud-storage-id");
    if (kind === "faults") {
      faults = await request.json();
      return new Response(null, { status: 204 });
    }
    const objects = { kv: env.KV, d1: env.D1 }[kind];
    if (objects === undefined || name === null) return new Response("Unknown storage", { status: 404 });
    const { latencyMs, fail } = faults[kind] ?? {};
    if (latencyMs) await scheduler.wait(latencyMs);
    // As D1 answers when its object was reset; KV says no more than the status.
    if (fail) return Response.json({ success: false, error: "D1 DB is overloaded." }, { status: 500 });
    return objects.get(objects.idFromName(name)).fetch(request, { cf: { miniflare: { name } } });
  },
};
