import { catalogue } from "@hybrid-mcp/catalogue";
import { bundleWorker } from "@hybrid-mcp/service-kit/bundle";
import { createCodaStandIn } from "../local/standins/coda/stand-in.ts";
import { serveStandIns } from "../local/standins/serve.ts";
import { post } from "../workers/oauth-broker/testing/service-client.ts";
import { TestBroker } from "../workers/oauth-broker/testing/test-broker.ts";
import type { Benchmark } from "./run.ts";
import { median } from "./statistics.ts";

/** Calls by each way in one round, one after the other; rounds take turns, so that what else the machine does hits all. */
const CALLS = 40;
const ROUNDS = 8;

/** A bare reverse proxy: what one more hop costs in this runtime. */
const PROXY = `export default { fetch(request, env) {
  const { pathname } = new URL(request.url);
  return fetch(env.TARGET + pathname, request);
} }`;

/**
 * What the gateway adds to a tool call, beside what a bare reverse proxy adds: the same service, broker and upstream, in
 * one workerd, the three ways in turn.
 */
export const gatewayLatency: Benchmark = {
  name: "gateway-latency",
  title: "A tool call (coda list_docs): direct, through a bare reverse proxy, through the gateway",
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
        gateway: () => post(broker.serviceUrls["mcp-gateway"]!, atGateway, "coda_list_docs"),
      };
      const samples: Record<keyof typeof ways, number[]> = { direct: [], proxy: [], gateway: [] };
      // The first round warms up.
      for (let round = 0; round <= ROUNDS; round++) {
        for (const [name, call] of Object.entries(ways) as [keyof typeof ways, () => Promise<Response>][]) {
          for (let i = 0; i < CALLS; i++) {
            const start = performance.now();
            const response = await call();
            const text = await response.text();
            if (!text.includes("Project Tracker")) throw new Error(`${name} answered ${response.status}: ${text}`);
            if (round > 0) samples[name].push(performance.now() - start);
          }
        }
      }
      const [direct, proxy, gateway] = [median(samples.direct), median(samples.proxy), median(samples.gateway)];
      return {
        rows: [
          { peer: "direct", medianMs: direct, addedMs: 0, times: 1 },
          { peer: "bare reverse proxy", medianMs: proxy, addedMs: proxy - direct, times: proxy / direct },
          { peer: "gateway", medianMs: gateway, addedMs: gateway - direct, times: gateway / direct },
        ],
        verdict: `The gateway adds ${((gateway - direct) / (proxy - direct)).toFixed(2)} times what a bare reverse proxy adds, and takes ${(gateway / proxy).toFixed(2)} times as long in all.`,
      };
    } finally {
      await broker.close();
      await standIns.close();
    }
  },
};
