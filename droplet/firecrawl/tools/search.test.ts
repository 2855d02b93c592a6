import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { FirecrawlHarness } from "../testing/firecrawl-harness.ts";

interface Results {
  search?: string;
  results: {
    source: string;
    url: string;
    title?: string;
    description?: string;
    image_url?: string;
    markdown?: string;
    total_characters?: number;
  }[];
  note?: string;
}

let firecrawl: FirecrawlHarness;
let site: string;
beforeAll(async () => {
  firecrawl = await FirecrawlHarness.start();
  ({ site } = firecrawl);
});
afterEach(() => expect(firecrawl.problems.splice(0)).toEqual([]));
afterAll(() => firecrawl?.close());

const search = (args: Record<string, unknown>) => firecrawl.call<Results>("search", args);
const map = (args: Record<string, unknown>) =>
  firecrawl.call<{ map: string; links: { url: string; title?: string }[]; next_cursor?: string; note?: string }>(
    "map",
    {
      url: site,
      ...args,
    },
  );

test("search: finds pages, the best first, with what they say of themselves", async () => {
  const { results, search: id } = await search({ query: "high and low water of the harbour", limit: 2 });
  expect(id).toMatch(/^[0-9a-f-]{36}$/);
  expect(results[0]).toEqual({
    source: "web",
    url: `${site}tides`,
    title: "Tides",
    description: "High and low water at Northport",
  });
  expect(results).toHaveLength(2);
});

test("search: finds images and news when they are asked for", async () => {
  const { results } = await search({ query: "pier", sources: ["images", "news"] });
  expect(results.filter(({ source }) => source === "images")).toMatchObject([{ image_url: `${site}pier.png` }]);
  expect(results.some(({ source, description }) => source === "news" && description)).toBe(true);
});

test("search: reads the pages too when it is told to, the beginning of each", async () => {
  const { results } = await search({
    query: "piers, dry dock, knots",
    limit: 1,
    read_pages: true,
    characters: 200,
  });
  expect(results[0]!.markdown!.length).toBeLessThanOrEqual(200);
  expect(results[0]!.total_characters).toBeGreaterThan(results[0]!.markdown!.length);
});

test("search: does not give a page that led to an address that is not public", async () => {
  const { results, note } = await search({ query: "Maren Olsen harbour master", read_pages: true });
  const [about, ...others] = results;
  expect(about!.url).toBe(`${site}about`);
  expect(JSON.stringify(others)).not.toContain("Maren");
  expect(note).toBe("A result is not given: it came from an address that is not public.");
});

test("search: takes domains to search in or to leave out, not both, and none that are not public", async () => {
  expect((await search({ query: "tides", excludeDomains: ["127.0.0.1"] })).results).toEqual([]);
  const told = await firecrawl.refused("search", { query: "tides", includeDomains: ["wiki.internal"] });
  expect(told).toContain("wiki.internal cannot be read: it is a local name");
  const both = { query: "tides", includeDomains: ["example.com"], excludeDomains: ["example.org"] };
  expect(await firecrawl.refused("search", both)).toContain("not both");
});

test("map: lists the pages of a site, and goes on by cursor", async () => {
  const first = await map({ limit: 3 });
  expect(first.links.map(({ url }) => url)).toEqual([site, `${site}guides/arriving`, `${site}tides`]);
  expect(first.links[2]).toMatchObject({ title: "Tides", description: "High and low water at Northport" });
  const rest = await map({ limit: 3, cursor: first.next_cursor });
  expect(rest.links.map(({ url }) => url)).toEqual([`${site}about`]);
  expect(rest.next_cursor).toBeUndefined();
});

test("map: gives only what fits when something is searched", async () => {
  const { links } = await map({ search: "who runs the harbour" });
  expect(links[0]!.url).toBe(`${site}about`);
});

test("map: of an address that is not public never reaches Firecrawl", async () => {
  firecrawl.harness.arrived.length = 0;
  expect(await firecrawl.refused("map", { url: "http://[::1]/" })).toContain("not a public address");
  expect(firecrawl.harness.arrived).toEqual([]);
});

test("search_developer: finds passages of issues and READMEs", async () => {
  const { results } = await firecrawl.call<{ results: object[] }>("search_developer", {
    query: "tide tables wrong on 29 February",
    types: ["issue"],
  });
  expect(results).toEqual([
    {
      id: "issue:northport/tides#4",
      url: "https://github.com/northport/tides/issues/4",
      title: "Tide tables of leap years are wrong",
      passages: expect.arrayContaining(["On 29 February the tide table has the values of 1 March."]),
    },
  ]);
});

test("search_papers: finds papers by their abstracts, authors and days", async () => {
  const find = async (args: object) =>
    (await firecrawl.call<{ papers: { paper: string }[] }>("search_papers", { query: "harbours", ...args })).papers;
  const [best] = await find({ query: "predicting tides in harbours" });
  expect(best).toMatchObject({ paper: "arxiv:2401.00001", title: "Predicting tides in small harbours" });
  expect(await find({ query: "tide water", authors: ["Lund"], from: "2022-01-01", to: "2022-12-31" })).toMatchObject([
    { paper: "doi:10.5555/moorings.7" },
  ]);
});

test("read_paper: gives a paper with the passages about a question", async () => {
  const paper = await firecrawl.call("read_paper", {
    paper: "doi:10.5555/moorings.7",
    question: "strain gauges",
    passages: 1,
  });
  expect(paper).toMatchObject({
    ids: { doi: ["10.5555/moorings.7"] },
    authors: "Tor Lund",
    passages: ["Loads were measured with strain gauges."],
  });
  const plain = await firecrawl.call<object>("read_paper", { paper: "103" });
  expect(plain).toMatchObject({ title: "Sleep of harbour pilots" });
  expect(plain).not.toHaveProperty("passages");
  expect(await firecrawl.refused("read_paper", { paper: "arxiv:0000.00000" })).toContain("There is no such paper");
});

test("read_paper: an id leads to a paper and nowhere else", async () => {
  firecrawl.harness.arrived.length = 0;
  expect(await firecrawl.refused("read_paper", { paper: "a/../../../team/credit-usage?x=" })).toContain(
    "no such paper",
  );
  expect(firecrawl.harness.arrived[0]!.path).toMatch(/^\/v2\/search\/research\/papers\/a%2F\.\.%2F[^/]+$/);
});

test("similar_papers: finds papers that cite a paper, or are cited by it", async () => {
  const find = async (mode: string) => {
    const args = { paper: "101", intent: "mooring", mode };
    return (await firecrawl.call<{ papers: { paper: string }[] }>("similar_papers", args)).papers.map(
      ({ paper }) => paper,
    );
  };
  expect(await find("citers")).toEqual(["pmid:900001"]);
  expect(await find("references")).toEqual(["doi:10.5555/moorings.7"]);
});
