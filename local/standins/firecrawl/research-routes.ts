import type { DeveloperSearchResponse, PaperMetadata, PaperResult } from "firecrawl";
import { type Context, Hono } from "hono";
import { z } from "zod";
import { checked, readBody, type StandInEnv } from "./account.ts";
import { FirecrawlError } from "./error.ts";
import { relevanceOf, relevantSentences } from "./relevant-sentences.ts";

interface Paper extends PaperMetadata {
  primaryId: string;
  body: string;
  references: string[];
}

/** Papers that were never written. */
const papers: Paper[] = [
  {
    paperId: "101",
    primaryId: "arxiv:2401.00001",
    ids: { arxiv: ["2401.00001"] },
    title: "Predicting tides in small harbours",
    abstract: "We predict high water in small harbours from two years of records. Errors stay below ten minutes.",
    authors: "Maren Olsen, Tor Lund",
    categories: ["physics.ao-ph"],
    createdDate: "2024-01-03",
    body: "The harbour of Northport has three piers. A tide gauge stands at the long pier. High water was predicted with an error of eight minutes.",
    references: ["102"],
  },
  {
    paperId: "102",
    primaryId: "doi:10.5555/moorings.7",
    ids: { doi: ["10.5555/moorings.7"] },
    title: "Loads on mooring lines at low water",
    abstract: "Mooring lines break most often at low water. We measured loads of lines in a harbour with a large tide.",
    authors: "Tor Lund",
    categories: ["physics.flu-dyn"],
    createdDate: "2022-06-01",
    body: "Loads were measured with strain gauges. A line of forty millimetres held twelve tonnes.",
    references: [],
  },
  {
    paperId: "103",
    primaryId: "pmid:900001",
    ids: { pmid: ["900001"] },
    title: "Sleep of harbour pilots",
    abstract: "Pilots who work by the tide sleep less than others. We followed forty of them for a year.",
    authors: "Ida Berg",
    createdDate: "2023-03-20",
    body: "Pilots slept five hours on nights with high water after midnight.",
    references: ["101"],
  },
];

/** What the developer index has. */
const sources = [
  {
    id: "readme:northport/tides",
    type: "readme",
    url: "https://github.com/northport/tides",
    title: "northport/tides",
    text: "A library that reads tide tables. Install it with npm install northport-tides.",
  },
  {
    id: "issue:northport/tides#4",
    type: "issue",
    url: "https://github.com/northport/tides/issues/4",
    title: "Tide tables of leap years are wrong",
    text: "On 29 February the tide table has the values of 1 March. Fixed in version 2.",
  },
];

const count = z.coerce.number().int().min(1);
const list = z.union([z.string().transform((text) => [text]), z.array(z.string())]).default([]);

const searchQuery = z.object({
  query: z.string().min(1),
  k: count.max(500).default(40),
  authors: list,
  categories: list,
  from: z.string().optional(),
  to: z.string().optional(),
});
const paperQuery = z.object({ query: z.string().optional(), k: count.max(50).optional() });
const similarQuery = z.object({
  intent: z.string().min(1),
  mode: z.enum(["similar", "citers", "references"]).default("similar"),
  k: count.max(500).default(40),
});
const developerRequest = z.looseObject({
  query: z.string().min(1),
  k: z.int().min(1).max(100).default(10),
  passages: z.int().min(1).max(5).default(1),
  types: z.array(z.enum(["doc", "issue", "pull_request", "readme"])).optional(),
});

/** Indexes of papers and of developers' sources: `/v2/search/research…` and `/v2/search/developer`, with a few made up. */
export function researchRoutes(): Hono<StandInEnv> {
  const app = new Hono<StandInEnv>();

  app.get("/v2/search/research/papers", (c) => {
    const { query, k, authors, categories, from, to } = checked(searchQuery, queryOf(c));
    const found = papers
      .filter((paper) => authors.every((name) => paper.authors!.toLowerCase().includes(name.toLowerCase())))
      .filter((paper) => categories.every((each) => paper.categories?.includes(each)))
      .filter(({ createdDate = "" }) => createdDate >= (from ?? "") && createdDate <= (to ?? "9999"));
    return c.json({ success: true, results: ranked(found, query).slice(0, k) });
  });

  app.get("/v2/search/research/papers/:id", (c) => {
    const { query, k } = checked(paperQuery, c.req.query());
    if (k !== undefined && query === undefined) throw new FirecrawlError(400, "k is only valid together with query");
    const { primaryId: _, body, references: __, ...paper } = paperBy(c.req.param("id"));
    if (query === undefined) return c.json({ success: true, paper });
    const found = relevantSentences(body, query, k ?? 4);
    const passages = found.map((text) => ({ text, score: relevanceOf(text, query) }));
    return c.json({ success: true, paper, paperId: paper.paperId, query, passages });
  });

  app.get("/v2/search/research/papers/:id/similar", (c) => {
    const { intent, mode, k } = checked(similarQuery, c.req.query());
    const seed = paperBy(c.req.param("id"));
    const citers = papers.filter(({ references }) => references.includes(seed.paperId));
    const cited = papers.filter(({ paperId }) => seed.references.includes(paperId));
    const pool = mode === "citers" ? citers : mode === "references" ? cited : [...citers, ...cited];
    const results = ranked(pool, intent, true).map((result) => ({
      ...result,
      signals: { structural: 1, semantic: result.score, articleRank: 0, seedOverlap: 1 },
    }));
    return c.json({ success: true, results: results.slice(0, k), poolSize: pool.length, truncated: pool.length > k });
  });

  app.post("/v2/search/developer", async (c) => {
    const { query, k, passages, types } = await readBody(developerRequest, c.req.raw);
    const found = sources
      .filter(({ type }) => types === undefined || types.some((each) => each === type))
      .filter(({ title, text }) => relevanceOf(`${title} ${text}`, query) > 0)
      .slice(0, k);
    const results = found.map(({ id, url, title, text }) => ({
      id,
      url,
      title,
      passages: relevantSentences(text, query, passages).map((passage) => ({ text: passage, citation_url: url })),
    }));
    return c.json({ success: true, results } satisfies DeveloperSearchResponse);
  });
  return app;
}

/** @throws {FirecrawlError} 404 for a paper that there is not */
function paperBy(reference: string): Paper {
  const paper = papers.find(({ paperId, primaryId }) => reference === paperId || reference === primaryId);
  if (!paper) throw new FirecrawlError(404, "Paper not found");
  return paper;
}

function ranked(from: Paper[], query: string, all = false): PaperResult[] {
  return from
    .map(({ paperId, primaryId, ids, title, abstract }) => {
      return { paperId, primaryId, ids: ids!, title, abstract, score: relevanceOf(`${title} ${abstract}`, query) };
    })
    .filter(({ score }) => all || score > 0)
    .toSorted((a, b) => b.score - a.score);
}

/** With a list where a name is given more than once. */
function queryOf(c: Context): Record<string, string | string[]> {
  const all = Object.entries(c.req.queries() as Record<string, string[]>);
  return Object.fromEntries(all.map(([name, values]) => [name, values.length > 1 ? values : values[0]!]));
}
