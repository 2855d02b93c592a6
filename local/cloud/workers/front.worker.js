/**
 * Stands in front of every script version, in the same workerd: it tells "the Worker threw" from a 500 of its own,
 * counts what runs (streaming tail events cover the response's last byte, RPC stubs and `waitUntil` too), and carries
 * bindings to other scripts, whose live version is in another workerd.
 */
import { DurableObject, WorkerEntrypoint } from "cloudflare:workers";

let active = 0;
/** Keys that no RPC method can have. */
const TARGET = Symbol("target");
const CONNECT = Symbol("connect");

export default {
  async fetch(request, env) {
    try {
      return await env.USER.fetch(request);
    } catch (error) {
      return new Response(String(error), { status: 500, headers: { "local-cloud-worker-threw": "1" } });
    }
  },

  tailStream() {
    active++;
    return ({ event }) => {
      if (event.type === "outcome") active--;
      if (event.type === "exception") console.error(`Uncaught ${event.name}: ${event.message}\n${event.stack ?? ""}`);
    };
  },
};

/** What the runtime asks of this version; listens on a socket of its own. */
export class Control extends WorkerEntrypoint {
  async fetch(request) {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/active") return Response.json(active);
    if (pathname === "/scheduled") {
      const scheduledTime = new Date(Number(searchParams.get("time")));
      const { outcome } = await this.env.USER.scheduled({ scheduledTime, cron: searchParams.get("cron") });
      return outcome === "ok" ? new Response(null, { status: 204 }) : new Response(outcome, { status: 500 });
    }
    return new Response(null, { status: 404 });
  }
}

/** A service binding. One connection per call, so that each call reaches the version that is live when it starts. */
export class ServiceLink extends WorkerEntrypoint {
  constructor(ctx, env) {
    super(ctx, env);
    const { address, service, entrypoint } = ctx.props;
    const target = env.DEBUG_PORT.connect(address).getEntrypoint(service, entrypoint);
    this[TARGET] = target;
    // biome-ignore lint/correctness/noConstructorReturn: the only way to answer RPC methods whose names are not known
    return new Proxy(this, { get: (self, name) => (Reflect.has(self, name) ? self[name] : target[name]) });
  }

  fetch(request) {
    return this[TARGET].fetch(request);
  }
}

/** Makes the class that stands for a Durable Object class whose objects live in another workerd. */
export function objectLink({ address, service, className }) {
  return class extends DurableObject {
    constructor(ctx, env) {
      super(ctx, env);
      // Connects for each call: the object may have moved to a new version since the last one.
      const connect = () => env.DEBUG_PORT.connect(address).getActor(service, className, ctx.id.toString());
      this[CONNECT] = connect;
      // biome-ignore lint/correctness/noConstructorReturn: the only way to answer RPC methods whose names are not known
      return new Proxy(this, { get: (self, name) => (Reflect.has(self, name) ? self[name] : connect()[name]) });
    }

    fetch(request) {
      return this[CONNECT]().fetch(request);
    }
  };
}
