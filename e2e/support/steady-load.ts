import { randomUUID } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import type { ServiceName } from "@hybrid-mcp/catalogue";
import { call, type McpClient } from "../../workers/oauth-broker/testing/service-client.ts";
import { type Sdk, type SignedInClient, signedInClient } from "./signed-in-client.ts";
import type { TestStack } from "./test-stack.ts";

const ROWS = { doc: "pT7kXw2LmQ", table: "Tasks" };
const REPOSITORY = { owner: "ada", repo: "orchard" };
/** In the names of what the load writes. */
const MARK = "written under load ";

/** One call of a client. @param written takes the name of what the service says it has written */
type Call = (client: McpClient, prefix: string, written: (name: string) => void) => Promise<unknown>;

/** Reads, writes and one call that tells its progress, of each service; a client makes them one after the other. */
const calls = (stack: TestStack): Record<ServiceName, Call[]> => ({
  coda: [
    (client, prefix) => call(client, `${prefix}list_docs`),
    async (client, prefix, written) => {
      const name = MARK + randomUUID();
      const answer = await call<{ applied: boolean }>(client, `${prefix}upsert_rows`, {
        ...ROWS,
        rows: [{ Task: name }],
      });
      if (!answer.applied) throw new Error(`upsert_rows answered ${JSON.stringify(answer)}`);
      written(name);
    },
    async (client, prefix) => {
      let told = 0;
      const args = { ...ROWS, columns: ["Task"], limit: 100 };
      await call(client, `${prefix}list_rows`, args, () => told++);
      if (told === 0) throw new Error("list_rows told no progress");
    },
  ],
  github: [
    (client, prefix) => call(client, `${prefix}get_me`),
    async (client, prefix, written) => {
      const title = MARK + randomUUID();
      await call(client, `${prefix}create_issue`, { ...REPOSITORY, title });
      written(title);
    },
    (client, prefix) => call(client, `${prefix}list_issues`, { ...REPOSITORY, limit: 5 }),
  ],
  firecrawl: [
    (client, prefix) => call(client, `${prefix}scrape`, { url: `${stack.standInsUrl}/firecrawl/site/` }),
    (client, prefix) => call(client, `${prefix}credit_usage`),
  ],
});

/** What became of the calls. */
export interface LoadReport {
  calls: number;
  /** What went wrong, with who called what. */
  failures: string[];
  /** 99 of 100 calls took no longer, in milliseconds. */
  p99Ms: number;
  slowestMs: number;
  /** The longest time without any answer, in milliseconds. */
  worstPauseMs: number;
  /** Clients that had to sign in, or refresh their token, while they were connected. */
  askedAgain: string[];
  /** Names of what a service said it had written. */
  written: Record<"coda" | "github", string[]>;
}

interface Member extends SignedInClient {
  name: string;
  service: ServiceName;
  /** Before the tools' names. */
  prefix: string;
}

/**
 * Many clients, of both SDKs by turns, at each service and at the gateway by turns; all are connected once and stay so.
 */
export class SteadyLoad {
  readonly #stack: TestStack;
  readonly #members: Member[] = [];

  private constructor(stack: TestStack) {
    this.#stack = stack;
  }

  /** Signs them in and connects them. @param count of clients */
  static async connect(stack: TestStack, count: number): Promise<SteadyLoad> {
    const load = new SteadyLoad(stack);
    const services = Object.keys(calls(stack)) as ServiceName[];
    for (let n = 0; n < count; n++) {
      const sdk: Sdk = n % 2 === 0 ? "v1" : "v2";
      const service = services[n % services.length]!;
      // Of each four clients in a row two are at the gateway, one of either SDK.
      const atGateway = n % 4 >= 2;
      const url = atGateway ? stack.gatewayUrl : `${stack.stack.publicUrl(service)}/mcp`;
      load.#members.push({
        name: `client ${n} (${sdk}, ${service}${atGateway ? " through the gateway" : ""})`,
        service,
        prefix: atGateway ? `${service}_` : "",
        ...(await signedInClient(sdk, new URL(url))),
      });
    }
    return load;
  }

  /**
   * Calls while work goes on: each client once a second, evenly spread, or when it has its answer, if that takes longer.
   *
   * @throws what the work throws, when the calls have ended
   */
  async during(work: () => Promise<void>): Promise<LoadReport> {
    const report: LoadReport = {
      ...{ calls: 0, failures: [], askedAgain: [], p99Ms: 0, slowestMs: 0, worstPauseMs: 0 },
      written: { coda: [], github: [] },
    };
    const took: number[] = [];
    const stopped = new AbortController();
    let lastAnswer = performance.now();
    const start = lastAnswer;
    const ofService = calls(this.#stack);

    const one = async (member: Member, n: number) => {
      const choice = ofService[member.service];
      const written = (name: string) => report.written[member.service as "coda" | "github"].push(name);
      const begun = performance.now();
      report.calls++;
      try {
        await choice[n % choice.length]!(member.client, member.prefix, written);
      } catch (error) {
        const at = ((begun - start) / 1000).toFixed(1);
        report.failures.push(`${member.name}, call ${n} at ${at} s: ${(error as Error).message}`);
      }
      const now = performance.now();
      took.push(now - begun);
      report.worstPauseMs = Math.max(report.worstPauseMs, now - lastAnswer);
      lastAnswer = now;
    };
    const loops = this.#members.map(async (member, index) => {
      let due = start + (index / this.#members.length) * 1000;
      for (let n = 0; ; n++) {
        await wait(Math.max(0, due - performance.now()));
        if (stopped.signal.aborted) return;
        due = Math.max(due + 1000, performance.now());
        await one(member, n);
      }
    });
    try {
      await work();
    } finally {
      stopped.abort();
      await Promise.all(loops);
    }
    took.sort((a, b) => a - b);
    report.p99Ms = took[Math.ceil(took.length * 0.99) - 1] ?? 0;
    report.slowestMs = took.at(-1) ?? 0;
    report.askedAgain = this.#members.filter((member) => member.askedAgain()).map(({ name }) => name);
    return report;
  }

  /** Everything that a load has ever written, as the APIs' stand-ins have it now. */
  async found(): Promise<LoadReport["written"]> {
    const reader = (service: ServiceName) =>
      this.#members.find((member) => member.service === service && member.prefix === "")!.client;
    const all = async <Page extends { next_cursor?: string }>(service: ServiceName, tool: string, args: object) => {
      const pages: Page[] = [];
      do {
        const cursor = pages.at(-1)?.next_cursor;
        pages.push(await call<Page>(reader(service), tool, { ...args, ...(cursor && { cursor }) }));
      } while (pages.at(-1)!.next_cursor !== undefined);
      return pages;
    };
    type Rows = { rows: { values: { Task: string } }[]; next_cursor?: string };
    const rows = await all<Rows>("coda", "list_rows", { ...ROWS, columns: ["Task"], limit: 1000 });
    const names = rows.flatMap((page) => page.rows.map(({ values }) => values.Task));
    type Issues = { issues: { title: string }[]; next_cursor?: string };
    const every = { ...REPOSITORY, state: "all", limit: 100, body_length: 0 };
    const issues = await all<Issues>("github", "list_issues", every);
    const titles = issues.flatMap((page) => page.issues.map(({ title }) => title));
    const mine = (name: string) => name.startsWith(MARK);
    return { coda: names.filter(mine), github: titles.filter(mine) };
  }

  close(): Promise<unknown> {
    return Promise.all(this.#members.map(({ client }) => client.close()));
  }
}
