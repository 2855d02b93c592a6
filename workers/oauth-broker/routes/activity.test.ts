import type { AuditEvent } from "@hybrid-mcp/service-kit/broker-contract";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { record } from "../audit/trail.ts";
import { TestBroker } from "../testing/test-broker.ts";
import { TestBrowser } from "../testing/test-browser.ts";
import { eventOf } from "../testing/trail-of.ts";

const ADA = "github-1815";
const GRACE = "github-1906";
const at = (day: number, hour = 12) => Date.UTC(2026, 2, day, hour);
const call = (over: Partial<AuditEvent>): AuditEvent => ({
  time: at(1),
  kind: "call",
  decision: "allowed",
  user: ADA,
  service: "coda",
  tool: "list_rows",
  ...over,
});

let broker: TestBroker;
let ada: TestBrowser;
let grace: TestBrowser;

beforeAll(async () => {
  broker = await TestBroker.start({ policy: [], config: () => ({ administrators: { people: ["github:ada"] } }) });
  await record(await broker.database(), [
    call({ time: at(1) }),
    call({ time: at(1, 23) }),
    call({ time: at(1), service: "github", tool: "get_me" }),
    call({ time: at(2, 0), decision: "denied", reason: "it needs coda:write", grant: "grant-of-ada" }),
    call({ time: at(3), kind: "connect", tool: "not_a_call" }),
    call({ time: at(2), user: GRACE, service: "github", tool: "graces_own", client: "=HYPERLINK(1)" }),
  ]);
  [ada, grace] = [new TestBrowser(), new TestBrowser()];
  await ada.signIn(`${broker.issuer}/`, "ada");
  await grace.signIn(`${broker.issuer}/`, "grace");
});
afterAll(() => broker?.close());

const MARCH = "from=2026-03-01&to=2026-03-31";
const show = (browser: TestBrowser, query: string) => browser.open(`${broker.issuer}/activity?${query}`);
const toolsOn = (html: string) => [...html.matchAll(/<strong>\w+: ([a-z_]+)<\/strong>/g)].map(([, tool]) => tool);
const barsOn = (html: string) =>
  [...html.matchAll(/<rect x="(\d+)"[^>]*height="([\d.]+)"[^>]*><title>([^<]*)</g)].map(([, x, height, title]) => ({
    day: Number(x),
    height: Number(height),
    title,
  }));

describe("the page", () => {
  test("shows a person what happened in their name, newest first, and nothing of others", async () => {
    const { text } = await show(ada, MARCH);
    expect(toolsOn(text)).toEqual(["not_a_call", "list_rows", "list_rows", "get_me", "list_rows"]);
    expect(text).toContain("it needs coda:write");
    expect(toolsOn((await show(grace, MARCH)).text)).toEqual(["graces_own"]);
  });

  test.each([
    ["a service", "service=github", ["get_me"]],
    ["a result", "decision=denied", ["list_rows"]],
    ["a grant", "grant=grant-of-ada", ["list_rows"]],
    ["a day, the whole of it", "from=2026-03-01&to=2026-03-01", ["list_rows", "get_me", "list_rows"]],
    ["somebody else, which counts for administrators' page only", `user=${GRACE}&service=github`, ["get_me"]],
    ["nonsense, which counts for nothing", "from=yesterday&to=2026-99-99&decision=maybe&service=github", ["get_me"]],
  ])("can be narrowed to %s", async (_, query, tools) => {
    expect(
      toolsOn((await show(ada, `${MARCH}&${query}`.replace(/^from=2026-03-01&to=2026-03-31&(?=from)/, ""))).text),
    ).toEqual(tools);
  });

  test("comes in pages", async () => {
    await record(
      await broker.database(),
      Array.from({ length: 60 }, (_, n) =>
        call({ user: GRACE, time: Date.UTC(2025, 0, 1, 0, n), tool: `tool_${"ab"[n % 2]}` }),
      ),
    );
    const first = await show(grace, "from=2025-01-01&to=2025-01-01");
    expect(toolsOn(first.text)).toHaveLength(50);
    const older = /href="([^"]*)" rel="next"/.exec(first.text)![1]!.replaceAll("&amp;", "&");
    const second = await grace.open(broker.issuer + older);
    expect(toolsOn(second.text)).toHaveLength(10);
    expect(second.text).toContain('<a href="/activity?from=2025-01-01&amp;to=2025-01-01">Newest</a>');
  });
});

describe("the chart", () => {
  test("has the calls of each day and service, in true proportion, and the same numbers as a table", async () => {
    const { text } = await show(ada, "from=2026-03-01&to=2026-03-10");
    expect(barsOn(text)).toEqual([
      { day: 1, height: 66.67, title: "1 Mar 2026, Coda: 2" },
      { day: 1, height: 33.33, title: "1 Mar 2026, GitHub: 1" },
      { day: 11, height: 33.33, title: "2 Mar 2026, Coda: 1" },
    ]);
    expect(text).toContain("1 Mar 2026 to 10 Mar 2026: 4 calls, at most 3 on one day.");
    expect(text).toContain('<th scope="row">1 Mar 2026</th><td>2</td><td>1</td>');
  });

  test("of a long time shows its last 92 days, and one without calls says so", async () => {
    const { text } = await show(ada, "from=2020-01-01&to=2026-03-31");
    expect(text).toContain("30 Dec 2025 to 31 Mar 2026");
    expect((await show(ada, "from=2020-01-01&to=2020-02-01")).text).toContain("There were no calls");
  });
});

describe("everybody's", () => {
  test("is shown to administrators, with names, and can be narrowed to one person", async () => {
    const { text } = await show(ada, `everyone=1&${MARCH}`);
    expect(toolsOn(text)).toContain("graces_own");
    expect(text).toContain(`<a href="/activity?everyone=1&amp;user=${GRACE}"><bdi>Grace Hopper</bdi></a>`);
    expect(toolsOn((await show(ada, `everyone=1&user=${GRACE}&${MARCH}`)).text)).toEqual(["graces_own"]);
  });

  test.each([["activity"], ["activity.csv"], ["activity.jsonl"]])("%s is refused to others", async (path) => {
    const { status, text } = await grace.open(`${broker.issuer}/${path}?everyone=1`);
    expect([status, text.includes("list_rows")]).toEqual([403, false]);
  });

  test("what was refused is in the trail of whoever asked", async () => {
    const linus = new TestBrowser();
    await linus.signIn(`${broker.issuer}/`, "linus");
    await show(linus, "everyone=1");
    const { decision, reason } = await eventOf(broker, { user: "github-1969" }, ({ kind }) => kind === "view");
    expect([decision, reason]).toEqual(["denied", "everybody's activity is for administrators"]);
  });

  test("one's own activity is not said to be somebody else's, whatever the address names", async () => {
    const { text } = await show(grace, `user=${ADA}&${MARCH}`);
    expect(toolsOn(text)).toEqual(["graces_own"]);
    expect(text).not.toContain("Only what one person did");
    expect(text).not.toContain(ADA);
  });
});

describe("the export", () => {
  test("as CSV is a file with what fits, in which nothing runs", async () => {
    const { text, headers } = await grace.open(`${broker.issuer}/activity.csv?${MARCH}`);
    expect(headers.get("content-type")).toBe("text/csv; charset=utf-8");
    expect(headers.get("content-disposition")).toBe('attachment; filename="activity.csv"');
    const [header, ...lines] = text.trimEnd().split("\r\n");
    expect(header).toMatch(/^time,kind,decision,/);
    expect(lines).toEqual([`${at(2)},call,allowed,,${GRACE},'=HYPERLINK(1),,github,graces_own,,,`]);
  });

  test("as JSON lines is one event a line", async () => {
    const { text, headers } = await ada.open(`${broker.issuer}/activity.jsonl?${MARCH}&service=github`);
    expect(headers.get("content-disposition")).toBe('attachment; filename="activity.jsonl"');
    expect(
      text
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line)),
    ).toEqual([call({ service: "github", tool: "get_me" })]);
  });

  test("of more than ten thousand events is a part that says where the next one is; together they are all", async () => {
    const start = Date.UTC(2024, 0, 1);
    await (await broker.database())
      .prepare(
        `INSERT INTO audit (time, kind, decision, user)
         WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 10004)
         SELECT ? + i, 'call', 'allowed', ? FROM n`,
      )
      .bind(start, GRACE)
      .run();
    const first = await grace.open(`${broker.issuer}/activity.jsonl?from=2024-01-01&to=2024-01-01`);
    expect(first.headers.get("content-disposition")).toBe('attachment; filename="activity-part.jsonl"');
    const next = /^<([^>]*)>; rel="next"$/.exec(first.headers.get("link")!)![1]!;
    const second = await grace.open(broker.issuer + next);
    const times = (first.text + second.text)
      .trimEnd()
      .split("\n")
      .map((line) => (JSON.parse(line) as AuditEvent).time);
    expect(times).toEqual(Array.from({ length: 10_005 }, (_, n) => start + 10_004 - n));
    expect(second.headers.get("link")).toBeNull();
  });
});
