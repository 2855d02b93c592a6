import { catalogue, type ServiceName } from "@hybrid-mcp/catalogue";
import { bundleWorker } from "@hybrid-mcp/service-kit/bundle";
import type { AnyTool } from "@hybrid-mcp/service-kit/tool";
import type { Faults, Handler } from "../../local/standins/faults.ts";
import { type StandInServer, serveStandIns } from "../../local/standins/serve.ts";
import type { BrokerConfig } from "../oauth-broker/config.ts";
import { clients, type McpClient } from "../oauth-broker/testing/service-client.ts";
import { TestBroker } from "../oauth-broker/testing/test-broker.ts";

export interface HarnessOptions {
  service: ServiceName;
  /** The service's folder. */
  folder: string;
  /** A stand-in of its API. */
  standIn: { handler: Handler; faults: Faults };
  /** The API's base path below the stand-in's mount, e.g. `/apis/v1`. */
  basePath: string;
  /** Binding that holds the API's URL. */
  urlBinding: string;
  /** What the stand-in takes as a credential. */
  token: string;
  /** Bindings besides; a function is given the origin of the stand-ins. */
  bindings?: Record<string, string> | ((standIns: string) => Record<string, string>);
  /** Request headers that clients send unless a test says otherwise, e.g. `x-mcp-toolsets: all`. */
  headers?: Record<string, string>;
  /** The broker's connection to the API. */
  connection: (apiUrl: string, standIns: string) => BrokerConfig["connections"];
}

/** What arrived at the stand-in. */
export interface Arrived {
  method: string;
  /** Below the API's base, with the query. */
  path: string;
}

/** A service's real bundle in workerd with the real broker, and a stand-in of its API that tells what arrived. */
export class ServiceHarness {
  readonly origin: string;
  readonly broker: TestBroker;
  readonly faults: Faults;
  readonly arrived: Arrived[];
  /** Origin of the stand-ins. */
  readonly standIns: string;
  readonly bundle: Uint8Array;
  /** What clients send besides, by default. */
  readonly headers: Record<string, string>;
  readonly #server: StandInServer;
  readonly #tokens = new Map<string, string>();
  readonly #open: McpClient[] = [];
  readonly #service: ServiceName;

  private constructor(
    options: HarnessOptions,
    parts: { broker: TestBroker; server: StandInServer; arrived: Arrived[]; bundle: Uint8Array },
  ) {
    this.#service = options.service;
    this.broker = parts.broker;
    this.origin = parts.broker.serviceUrls[options.service]!;
    this.faults = options.standIn.faults;
    this.arrived = parts.arrived;
    this.standIns = parts.server.origin;
    this.bundle = parts.bundle;
    this.headers = options.headers ?? {};
    this.#server = parts.server;
  }

  static async start(options: HarnessOptions): Promise<ServiceHarness> {
    const { service, basePath, urlBinding, bindings = {} } = options;
    const arrived: Arrived[] = [];
    const handler: Handler = (request) => {
      const { pathname, search } = new URL(request.url);
      arrived.push({ method: request.method, path: pathname.slice(`/${service}${basePath}`.length) + search });
      return options.standIn.handler(request);
    };
    const server = await serveStandIns({ host: "127.0.0.1", port: 0, standIns: { [service]: handler } });
    const apiUrl = `${server.origin}/${service}${basePath}`;
    const { contents: bundle } = await bundleWorker(options.folder);
    const broker = await TestBroker.start({
      policy: [{ people: ["github:ada"], scopes: [`${service}:*`] }],
      services: {
        [service]: {
          contents: bundle,
          bindings: { [urlBinding]: apiUrl, ...(typeof bindings === "function" ? bindings(server.origin) : bindings) },
        },
      },
      config: () => ({ connections: options.connection(apiUrl, server.origin) }),
      bindings: { SHARED_CONNECTIONS: JSON.stringify({ [service]: options.token }) },
    });
    return new ServiceHarness(options, { broker, server, arrived, bundle });
  }

  /** An access token of somebody who granted these scopes; default all. */
  async token(scopes: string[] = catalogue[this.#service].scopes.map(({ name }) => name)): Promise<string> {
    const key = scopes.join(" ");
    const token = this.#tokens.get(key) ?? (await this.broker.tokenFor("ada", scopes, `${this.origin}/mcp`));
    this.#tokens.set(key, token);
    return token;
  }

  /** A connected client of the v2 SDK (default) or the v1 SDK, which knows the tools' output schemas. */
  async client(scopes?: string[], [, connect] = clients[0]!, headers = this.headers): Promise<McpClient> {
    const client = await connect(this.origin, await this.token(scopes), headers);
    await client.listTools();
    this.#open.push(client);
    return client;
  }

  async close(): Promise<void> {
    for (const client of this.#open) await client.close();
    await this.broker.close();
    await this.#server.close();
  }
}

/** A tool of any service, for checks of what all have in common. */
// biome-ignore lint/suspicious/noExplicitAny: of any service
export type SomeTool = AnyTool<any>;
