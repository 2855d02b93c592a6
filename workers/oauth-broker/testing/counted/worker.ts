import OAuthBroker, { ConnectionKeeper } from "../../worker.ts";

export { ConnectionKeeper };

/** What was asked of the broker and by it since the last look. */
let counts: Record<string, number> = {};

const count = (what: string) => {
  counts[what] = (counts[what] ?? 0) + 1;
};

/** The same object, with every call of a method counted. */
function counted<Target extends object>(target: Target, name: string): Target {
  return new Proxy(target, {
    get(_, key) {
      const value = Reflect.get(target, key);
      if (typeof value !== "function") return value;
      return (...args: unknown[]) => {
        count(`${name}.${String(key)}`);
        return value.apply(target, args);
      };
    },
  });
}

/** The broker as it is, except that it counts what a call costs. */
export default class CountedBroker extends OAuthBroker {
  // biome-ignore lint/suspicious/noExplicitAny: as the runtime makes it
  constructor(ctx: any, env: any) {
    const seen = { OAUTH_KV: counted(env.OAUTH_KV, "KV"), AUDIT: counted(env.AUDIT, "D1") };
    super(ctx, { ...env, ...seen, CONNECTIONS: counted(env.CONNECTIONS, "DO") });
  }

  override authorize(resource: string, token: string) {
    count("RPC.authorize");
    return super.authorize(resource, token);
  }

  override authorizeGateway(token: string, servers: string[]) {
    count("RPC.authorizeGateway");
    return super.authorizeGateway(token, servers);
  }

  override record(events: Parameters<OAuthBroker["record"]>[0]) {
    count("RPC.record");
    return super.record(events);
  }

  /** @returns the counts, which begin anew */
  taken(): Record<string, number> {
    const taken = counts;
    counts = {};
    return taken;
  }
}
