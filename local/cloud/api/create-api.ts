import { z } from "zod";
import type { EdgeDirectory, TunnelConnections, WorkersRuntime } from "../contracts.ts";
import type { Store } from "../store.ts";
import { storageFaults } from "../workers/storage-faults.ts";
import { checkBearerToken } from "./bearer-token.ts";
import { cloudflareApp } from "./cloudflare/app.ts";
import { type CloudflareContext, cloudflareCollections } from "./cloudflare/context.ts";
import { edgeDirectory } from "./cloudflare/directory.ts";
import { restoreScripts } from "./cloudflare/restore.ts";
import { digitalOceanApp } from "./digitalocean/app.ts";

export interface ApiOptions {
  store: Store;
  runtime: WorkersRuntime;
  connections: TunnelConnections;
  /** The one account and the one zone there are; ids as the clients' configuration has them. */
  account: { id: string; name: string };
  zone: { id: string; name: string };
  /** Scripts answer at `<script>.<workersSubdomain>.workers.dev`. */
  workersSubdomain: string;
  cloudflareToken: string;
  digitaloceanToken: string;
  /** Takes a line for each request that the API does not know, and each failure of its own. */
  log(line: string): void;
}

export interface Api {
  /** Answers `/client/v4/…` and `/v2/…`. */
  handler: (request: Request) => Promise<Response>;
  directory: EdgeDirectory;
  /** To be called once after a start of the process: the stored scripts and schedules go back into the runtime. */
  restore(): Promise<void>;
}

/** The REST APIs of the local cloud over one store. */
export function createApi(options: ApiOptions): Api {
  const { store, log } = options;
  const listeners: ((tunnelId: string) => void)[] = [];
  const context: CloudflareContext = {
    ...cloudflareCollections(store),
    store,
    runtime: options.runtime,
    connections: options.connections,
    account: options.account,
    zone: options.zone,
    workersSubdomain: options.workersSubdomain,
    log,
    tunnelChanged: (tunnelId) => {
      for (const listener of listeners) listener(tunnelId);
    },
  };
  const cloudflare = cloudflareApp(context, options.cloudflareToken);
  const digitalocean = digitalOceanApp(store, options.digitaloceanToken, log);
  /** No path of Cloudflare's: tests make storage slow or let it fail. */
  const setStorageFaults = async (request: Request) => {
    if (checkBearerToken(request, options.cloudflareToken) !== "valid") return new Response(null, { status: 401 });
    const faults = storageFaults.safeParse(await request.json().catch(() => undefined));
    if (!faults.success) return Response.json({ message: z.prettifyError(faults.error) }, { status: 400 });
    await options.runtime.setStorageFaults(faults.data);
    return new Response(null, { status: 204 });
  };
  return {
    handler: async (request) => {
      const { pathname } = new URL(request.url);
      if (pathname.startsWith("/client/v4/")) return cloudflare.fetch(request);
      if (pathname.startsWith("/v2/")) return digitalocean.fetch(request);
      if (pathname === "/_control/storage" && request.method === "PUT") return setStorageFaults(request);
      log(`api: no route for ${request.method} ${pathname} (404)`);
      return Response.json(
        { message: "The APIs are at /client/v4 (Cloudflare) and /v2 (DigitalOcean)" },
        { status: 404 },
      );
    },
    directory: edgeDirectory(context, (listener) => {
      listeners.push(listener);
    }),
    restore: () => restoreScripts(context),
  };
}
