import { catalogue } from "@hybrid-mcp/catalogue";
import { bundleWorker } from "@hybrid-mcp/service-kit/bundle";
import { createCodaStandIn } from "../local/standins/coda/stand-in.ts";
import { serveStandIns } from "../local/standins/serve.ts";
import { post } from "../workers/oauth-broker/testing/service-client.ts";
import { TestBroker } from "../workers/oauth-broker/testing/test-broker.ts";
import type { Benchmark, Row } from "./run.ts";
import { median, shuffled } from "./statistics.ts";

/** Calls by each way; the ways take turns with every call, so that what else the machine does hits all. */
const CALLS = 400;
/** Calls before that, which count for nothing. */
const WARM_UP = 40;

/** A bare reverse proxy: what one more hop costs in this runtime. */
const PROXY = `export default { fetch(request, env) {
  const { pathname } = new URL(request.url);
  return fetch(env.TARGET + pathname, request);
} }`;

/** The same, asking the broker who calls before it passes the call on: what no gateway that checks can do without. */
const ASKING_PROXY = `export default { async fetch(request, env) {
  const { pathname } = new URL(request.url);
  await env.BROKER.authorizeGateway(request.headers.get("x-gateway-token"), []);
  return fetch(env.TARGET + pathname, request);
} }`;

/**
 * What the gateway adds to a tool call, beside what a bare reverse proxy adds: the same service, broker and upstream, in
 * one workerd, the three ways in turn.
 */
export const gatewayLatency: Benchmark = {
  name: "gateway-latency",
  title: "A tool call (coda list_docs): direct, through reverse proxies, through the gateway",
  async run() {
    const coda = createCodaStandIn({ tokens: [{ token: "t", loginId: "a@example.com", name: "A" }], log: () => {} });
    const standIns = await serveStandIns({ host: "127.0.0.1", port: 0, standIns: { coda: coda.handler } });
    const apiUrl = `${standIns.origin}/coda/apis/v1`;
    const built = async (folder: string) =>
      (await bundleWorker(`${import.meta.dirname}/../workers/${folder}`)).contents;
    const broker = await TestBroker.start({
      policy: [{ people: ["github:ada"], scopes: ["coda:read"] }],
      services: {
        coda: { contents: await built("coda"), bindings: { CODA_API_URL: apiUrl } },
        proxy: {
          contents: new TextEncoder().encode(PROXY),
          bindings: ({ serviceUrls }) => ({ TARGET: serviceUrls.coda! }),
        },
        "asking-proxy": {
          contents: new TextEncoder().encode(ASKING_PROXY),
          bindings: ({ serviceUrls }) => ({ TARGET: serviceUrls.coda! }),
        },
        "mcp-gateway": {
          contents: await built("mcp-gateway"),
          bindings: ({ serviceUrls }) => ({
            SERVER_SECRETS: "{}",
            GATEWAY_CONFIG: {
              servers: [
                {
                  name: "coda",
                  title: "Coda",
                  url: `${serviceUrls.coda}/mcp`,
                  transport: "auto",
                  auth: { kind: "service" },
                  scopes: [...catalogue.coda.scopes],
                },
              ],
              listTimeoutMs: 5_000,
              listTtlMs: 60_000,
              callTimeoutMs: 60_000,
              maxBodyBytes: 1_000_000,
            },
          }),
          rateLimits: { CALL_LIMIT: 1_000_000 },
        },
      },
      bindings: { SHARED_CONNECTIONS: JSON.stringify({ coda: "t" }) },
      config: () => ({ connections: { coda: { apiUrl } } }),
    });
    try {
      const { resources } = broker.config;
      const token = await broker.tokenFor("ada", ["coda:read"], resources.coda);
      const atGateway = await broker.tokenFor("ada", ["coda:read"], resources["mcp-gateway"]);
      const ways = {
        direct: () => post(broker.serviceUrls.coda!, token, "list_docs"),
        proxy: () => post(broker.serviceUrls.proxy!, token, "list_docs"),
        asking: () =>
          post(broker.serviceUrls["asking-proxy"]!, token, "list_docs", {}, { "x-gateway-token": atGateway }),
        gateway: () => post(broker.serviceUrls["mcp-gateway"]!, atGateway, "coda_list_docs"),
      };
      const samples: Record<keyof typeof ways, number[]> = { direct: [], proxy: [], asking: [], gateway: [] };
      for (let i = 0; i < WARM_UP + CALLS; i++) {
        // In another order each time: a call may feel what the one before it has left to do.
        for (const name of shuffled(Object.keys(ways) as (keyof typeof ways)[])) {
          const call = ways[name];
          const start = performance.now();
          const response = await call();
          const text = await response.text();
          if (!text.includes("Project Tracker")) throw new Error(`${name} answered ${response.status}: ${text}`);
          if (i >= WARM_UP) samples[name].push(performance.now() - start);
        }
      }
      const direct = median(samples.direct);
      const row = (peer: string, way: keyof typeof ways) => {
        const medianMs = median(samples[way]);
        // Beside the direct call of the same turn.
        const addedMs = median(samples[way].map((ms, turn) => ms - samples.direct[turn]!));
        return { peer, medianMs, addedMs, times: medianMs / direct };
      };
      const proxy = row("bare reverse proxy", "proxy");
      const asking = row("reverse proxy that asks the broker", "asking");
      const gateway = row("gateway", "gateway");
      const times = (what: Row) => (gateway.addedMs / what.addedMs).toFixed(1);
      return {
        rows: [row("direct", "direct"), proxy, asking, gateway],
        verdict:
          `The gateway adds ${times(proxy)} times what a bare reverse proxy adds, ${times(asking)} times what one adds that ` +
          `asks the broker, and takes ${(gateway.medianMs / proxy.medianMs).toFixed(2)} times as long as a bare one in all.`,
      };
    } finally {
      await broker.close();
      await standIns.close();
    }
  },
};
