import { join } from "node:path";
import type { Handler } from "../../../local/standins/faults.ts";
import { describedBy, publishedDescription } from "../../../local/standins/firecrawl/published-description.ts";
import { createFirecrawlStandIn } from "../../../local/standins/firecrawl/stand-in.ts";
import { call, type McpClient, refusal } from "../../../workers/oauth-broker/testing/service-client.ts";
import { ServiceHarness } from "../../../workers/testing/service-harness.ts";

type Arguments = Record<string, unknown>;

/** The service with a stand-in of Firecrawl that reads its own site, and is judged by the types that the SDK publishes. */
export class FirecrawlHarness {
  readonly harness: ServiceHarness;
  /** The site to read, by an address that the operator allows. */
  readonly site: string;
  /** What was sent or answered and is not as the SDK's types say. */
  readonly problems: string[];
  /** Paths of requests that the service gave up before they were answered. */
  readonly givenUp: string[];
  readonly client: McpClient;

  private constructor(harness: ServiceHarness, problems: string[], givenUp: string[], client: McpClient) {
    this.harness = harness;
    this.givenUp = givenUp;
    this.site = `${harness.standIns}/firecrawl/site/`;
    this.problems = problems;
    this.client = client;
  }

  /** @param pagesPerLook how many pages a job gets on with when its status is asked for */
  static async start({ pagesPerLook = 2 } = {}): Promise<FirecrawlHarness> {
    const allowedHosts: string[] = [];
    const problems: string[] = [];
    const standIn = createFirecrawlStandIn({ keys: [{ key: "fc-key" }], allowedHosts, log: () => {}, pagesPerLook });
    const givenUp: string[] = [];
    const described = describedBy(publishedDescription(), standIn.handler, problems);
    const handler: Handler = async (request) => {
      const gone = () => givenUp.push(new URL(request.url).pathname);
      request.signal.addEventListener("abort", gone);
      const response = await described(request);
      request.signal.removeEventListener("abort", gone);
      return response;
    };
    const harness = await ServiceHarness.start({
      service: "firecrawl",
      folder: join(import.meta.dirname, ".."),
      standIn: { handler, faults: standIn.faults },
      basePath: "",
      urlBinding: "FIRECRAWL_API_URL",
      token: "fc-key",
      bindings: (standIns) => {
        const { port } = new URL(standIns);
        // The engine reads more than the service lets through: localhost is a name of the same pages.
        allowedHosts.push(`127.0.0.1:${port}`, `localhost:${port}`);
        return { FIRECRAWL_ALLOWED_HOSTS: `127.0.0.1:${port}` };
      },
      connection: (apiUrl) => ({ firecrawl: { apiUrl } }),
    });
    return new FirecrawlHarness(harness, problems, givenUp, await harness.client());
  }

  /** Calls a tool, which has to succeed. */
  call<Answer>(name: string, args: Arguments = {}, onprogress?: Parameters<typeof call>[3]): Promise<Answer> {
    return call<Answer>(this.client, name, args, onprogress);
  }

  /** Calls a tool, which has to fail. @returns what the model is told */
  refused(name: string, args: Arguments): Promise<string> {
    return refusal(this.client, name, args);
  }

  close(): Promise<void> {
    return this.harness.close();
  }
}
