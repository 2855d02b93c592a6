import type { Resource } from "../digest.ts";
import { durations } from "../durations.ts";
import { type Change, change, isOf, listed, type Scene } from "../scene.ts";

/** The rest of what is at Cloudflare, and of what is generated. */
export function edgeChanges(scene: Scene): Change[] {
  const access = scene.take(({ type }) => /:ZeroTrustAccess/.test(type));
  const records = scene.take(isOf("DnsRecord"));
  const routes = scene.take(isOf("WorkersRoute"));
  const ingress = scene.take(isOf("ZeroTrustTunnelCloudflaredConfig"));
  const origins = scene.take(isOf("WorkersScriptSubdomain"));
  const crons = scene.take(isOf("WorkersCronTrigger"));
  const storage = scene.take(
    (each) =>
      isOf("WorkersKvNamespace", "D1Database", "ZeroTrustTunnelCloudflared")(each) &&
      ["create", "import", "update"].includes(each.op),
  );
  const secrets = scene.take(({ type, op }) => /^random:/.test(type) && op === "create");
  const gone = scene.take(({ type, op }) => /^random:/.test(type) && op === "delete");
  const told = (taken: typeof access, title: string, more: Partial<Change> = {}) =>
    taken.length > 0 ? [change(taken, { title, seconds: durations.apiCall.seconds, ...more })] : [];
  const lost = (taken: typeof access) => taken.filter(({ op }) => op === "delete" || op === "replace");
  return [
    ...told(access, "Who gets through Cloudflare Access changes", {
      ...(lost(access).length > 0 && {
        calls: { fail: true, text: "who was let in so far may be turned away for some seconds" },
      }),
    }),
    ...told(routes, `Routes change (${listed(routes.map(({ name }) => name))})`, {
      ...(lost(routes).length > 0 && {
        calls: { fail: true, text: "calls at those hostnames fail until the new route is there" },
      }),
    }),
    ...told(
      records,
      `Hostnames ${records.every(({ op }) => op === "create") ? "are new" : records.every(({ op }) => op === "delete") ? "go" : "change"} (${listed(records.map(({ name }) => name))})`,
      {
        ...(lost(records).length > 0 && {
          calls: { fail: true, text: "calls at those hostnames fail while they lead nowhere" },
        }),
      },
    ),
    ...told(ingress, "Where the tunnel leads changes", {
      calls: { fail: false, text: "no call fails: connectors take the new rules over while they run" },
    }),
    ...told(origins, `Addresses at workers.dev, where gates ask (${listed(origins.map(({ name }) => name))})`),
    ...told(crons, "When the broker sweeps what has ended"),
    ...told(storage, `What the edge keeps: ${listed(storage.map(({ name, op }) => `${name} (${op})`))}`, {
      data: { risk: false, text: "kept" },
    }),
    ...told(secrets, `Secrets are generated (${listed(secrets.map(({ name }) => name))})`, { seconds: [0, 1] }),
    ...gone.map((each) => {
      const product = /^(.+)-product-secret$/.exec(each.name)?.[1];
      return change([each], {
        title: product ? `The product ${product} is not let in any more` : `The secret ${each.name} goes`,
        seconds: [0, 1],
        ...(product && { calls: { fail: true, text: `calls of ${product} fail from then on` } }),
      });
    }),
  ];
}

/** Whatever nothing above explains, each by itself: plainly, and as what it may be at worst. */
export function unexplained(scene: Scene): Change[] {
  return scene.take(() => true).map(untold);
}

export const NOT_EXPLAINED = "not known here: no rule of this preview explains it";

/** One that no rule explains. */
export function untold(resource: Resource): Change {
  const { name, type, op, changed } = resource;
  return change([resource], {
    title: `${name} (${type}): ${op}${changed.length > 0 ? `, because of ${listed(changed)}` : ""}`,
    calls: { fail: op === "delete" || op === "replace", text: NOT_EXPLAINED },
    data: { risk: false, text: "not known here" },
    seconds: durations.apiCall.seconds,
  });
}
