import { randomUUID } from "node:crypto";
import { objectIn } from "@hybrid-mcp/service-kit/upstream";
import { expect } from "vitest";
import { post } from "../../workers/oauth-broker/testing/service-client.ts";
import { eventually } from "./eventually.ts";
import type { TestStack } from "./test-stack.ts";

const ROWS = { doc: "pT7kXw2LmQ", table: "Tasks" };
const REPOSITORY = { owner: "ada", repo: "orchard" };

/** Where each service is, and the token to call it with. */
export type Doors = Record<"coda" | "github", { origin: string; token: string }>;

/** What was written and acknowledged, and has to be there for ever after: in the APIs, and in the audit trail. */
export class Ledger {
  readonly #stack: TestStack;
  readonly #doors: Doors;
  readonly #written: Record<"coda" | "github", string[]> = { coda: [], github: [] };
  readonly #calls: string[] = [];

  constructor(stack: TestStack, doors: Doors) {
    this.#stack = stack;
    this.#doors = doors;
  }

  /** Writes a row and an issue. */
  async write(): Promise<void> {
    const [row, issue] = [randomUUID(), randomUUID()];
    await this.#call("coda", "upsert_rows", { ...ROWS, rows: [{ Task: row }] });
    this.#written.coda.push(row);
    await this.#call("github", "create_issue", { ...REPOSITORY, title: issue });
    this.#written.github.push(issue);
  }

  /** Calls a service; the trail has to have it afterwards. */
  async read(service: "coda" | "github"): Promise<void> {
    await this.#call(service, service === "coda" ? "list_docs" : "get_me");
  }

  /** Checks that all of it is there once, and nothing twice. */
  async check(): Promise<void> {
    type Rows = { rows: { values: { Task: string } }[] };
    const rows = await this.#all<Rows>("coda", "list_rows", { ...ROWS, columns: ["Task"], limit: 1000 });
    type Issues = { issues: { title: string }[] };
    const every = { ...REPOSITORY, state: "all", limit: 100, body_length: 0 };
    const issues = await this.#all<Issues>("github", "list_issues", every);
    const found = {
      coda: rows.flatMap((page) => page.rows.map(({ values }) => values.Task)),
      github: issues.flatMap((page) => page.issues.map(({ title }) => title)),
    };
    for (const api of ["coda", "github"] as const) {
      const mine = found[api].filter((name) => this.#written[api].includes(name));
      expect(mine.toSorted(), `what was written in ${api}`).toEqual(this.#written[api].toSorted());
    }
    await eventually(async () => {
      const ids = this.#calls.map((id) => `'${id}'`).join(", ");
      const events = await this.#stack.trail(`request_id IN (${ids})`);
      const recorded = new Set(events.map(({ request_id }) => request_id));
      expect(this.#calls.filter((id) => !recorded.has(id))).toEqual([]);
    }, 60);
  }

  /** Every page of a list. */
  async #all<Page>(service: "coda" | "github", tool: string, args: Record<string, unknown>): Promise<Page[]> {
    const pages: (Page & { next_cursor?: string })[] = [];
    do {
      const cursor = pages.at(-1)?.next_cursor;
      pages.push(await this.#call(service, tool, { ...args, ...(cursor && { cursor }) }));
    } while (pages.at(-1)!.next_cursor !== undefined);
    return pages;
  }

  async #call<Answer>(service: "coda" | "github", tool: string, args: Record<string, unknown> = {}): Promise<Answer> {
    const { origin, token } = this.#doors[service];
    const response = await post(origin, token, tool, args);
    const text = await response.text();
    const data = /^data: *(.+)$/m.exec(text)?.[1] ?? text;
    const answer = objectIn(data) as { result?: { isError?: boolean; structuredContent: Answer } } | undefined;
    const result = answer?.result;
    if (!result || result.isError) throw new Error(`${tool} answered HTTP ${response.status}: ${data}`);
    this.#calls.push(response.headers.get("x-request-id")!);
    return result.structuredContent;
  }
}
