import { catalogue } from "@hybrid-mcp/catalogue";
import { bundleWorker } from "@hybrid-mcp/service-kit/bundle";
import { createCodaStandIn } from "../../../local/standins/coda/stand-in.ts";
import { createGithubStandIn } from "../../../local/standins/github/stand-in.ts";
import { type StandInServer, serveStandIns } from "../../../local/standins/serve.ts";
import type { PolicyRule } from "../../oauth-broker/policy.ts";
import { TestBroker } from "../../oauth-broker/testing/test-broker.ts";
import type { GatewayConfig, ServerConfig } from "../config.ts";
import { type RecordingProxy, recordingProxy } from "./recording-proxy.ts";

const workers = `${import.meta.dirname}/../..`;

export interface TestGatewayOptions {
  policy: PolicyRule[];
  /** Servers besides Coda and GitHub, after them. */
  servers?: ServerConfig[];
  secrets?: Record<string, string>;
  config?: Partial<GatewayConfig>;
  /** Calls of one person of one tool in a minute; default 1000. */
  callLimit?: number;
}

/** The gateway in workerd, with the real broker and the real Coda and GitHub services behind it, each seen by a proxy. */
export class TestGateway {
  readonly broker: TestBroker;
  readonly origin: string;
  /** What arrives at the services. */
  readonly coda: RecordingProxy;
  readonly github: RecordingProxy;
  readonly codaApi: ReturnType<typeof createCodaStandIn>;
  readonly #standIns: StandInServer;

  private constructor(parts: Pick<TestGateway, "broker" | "coda" | "github" | "codaApi">, standIns: StandInServer) {
    this.broker = parts.broker;
    this.origin = parts.broker.serviceUrls["mcp-gateway"]!;
    this.coda = parts.coda;
    this.github = parts.github;
    this.codaApi = parts.codaApi;
    this.#standIns = standIns;
  }

  static async start({ policy, servers = [], secrets = {}, config, callLimit = 1000 }: TestGatewayOptions) {
    const codaApi = createCodaStandIn({
      tokens: [{ token: "coda-token", loginId: "ada@example.com", name: "Ada" }],
      log: () => {},
    });
    const githubApi = createGithubStandIn({ tokens: [{ token: "grace-token", login: "grace" }], log: () => {} });
    const standIns = await serveStandIns({
      host: "127.0.0.1",
      port: 0,
      standIns: { coda: codaApi.handler, github: githubApi.handler },
    });
    const codaUrl = `${standIns.origin}/coda/apis/v1`;
    const githubUrl = `${standIns.origin}/github/api`;
    const built = async (folder: string) => (await bundleWorker(`${workers}/${folder}`)).contents;
    let broker: TestBroker | undefined;
    const coda = await recordingProxy(() => broker!.serviceUrls.coda!);
    const github = await recordingProxy(() => broker!.serviceUrls.github!);
    const service = (name: "coda" | "github", proxy: RecordingProxy): ServerConfig => ({
      name,
      title: catalogue[name].title,
      url: `${proxy.origin}/mcp`,
      transport: "auto",
      auth: { kind: "service" },
      scopes: [...catalogue[name].scopes],
    });
    const gatewayConfig: GatewayConfig = {
      servers: [service("coda", coda), service("github", github), ...servers],
      listTimeoutMs: 3_000,
      listTtlMs: 60_000,
      callTimeoutMs: 20_000,
      maxBodyBytes: 1_000_000,
      ...config,
    };
    broker = await TestBroker.start({
      policy,
      contents: await built("oauth-broker/testing/counted"),
      services: {
        coda: { contents: await built("coda"), bindings: { CODA_API_URL: codaUrl } },
        github: { contents: await built("github"), bindings: { GITHUB_API_URL: githubUrl } },
        "mcp-gateway": {
          contents: await built("mcp-gateway"),
          bindings: { GATEWAY_CONFIG: gatewayConfig, SERVER_SECRETS: JSON.stringify(secrets) },
          rateLimits: { CALL_LIMIT: callLimit },
        },
      },
      config: () => ({
        servers: servers.map(({ name, title, scopes }) => ({ name, title, scopes })),
        connections: {
          coda: { apiUrl: codaUrl },
          github: { clientId: "github-connection", siteUrl: standIns.origin, apiUrl: githubUrl },
        },
      }),
      bindings: { SHARED_CONNECTIONS: JSON.stringify({ coda: "coda-token", github: "grace-token" }) },
    });
    return new TestGateway({ broker, coda, github, codaApi }, standIns);
  }

  /** A token for the gateway of somebody who ticks these scopes. */
  tokenFor(person: string, scopes: string[]): Promise<string> {
    return this.broker.tokenFor(person, scopes, `${this.origin}/mcp`);
  }

  async close(): Promise<void> {
    await this.broker.close();
    await this.coda.close();
    await this.github.close();
    await this.#standIns.close();
  }
}
