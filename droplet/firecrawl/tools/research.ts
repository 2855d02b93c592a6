import type {
  PaperMetadata,
  PaperMetadataResponse,
  PaperResult,
  ReadPaperResponse,
  SearchPapersResponse,
  SimilarPapersResponse,
} from "firecrawl";
import { z } from "zod";
import { defineTool } from "../api.ts";

/** Most characters of an abstract in a list. */
const ABSTRACT_CHARACTERS = 1000;

const paperInput = z
  .string()
  .regex(/^[A-Za-z0-9][\x21-\x7e]{0,199}$/)
  .describe("Id of a paper, as search_papers gives it: pmid:…, doi:…, arxiv:… or a number");

/** It begins with a letter or digit, so encoded it is one segment of a path and leads nowhere else. */
const pathOf = (paper: string) => `/v2/search/research/papers/${encodeURIComponent(paper)}`;

const paperOutput = z.object({
  paper: z.string().describe("For read_paper and similar_papers"),
  title: z.string(),
  abstract: z.string(),
  score: z.number().optional(),
});

function shown({ paperId, primaryId, title, abstract, score }: PaperResult): z.input<typeof paperOutput> {
  return { paper: primaryId ?? paperId, title, abstract: (abstract ?? "").slice(0, ABSTRACT_CHARACTERS), score };
}

const what = "paper";
const limit = z.int().min(1).max(40).default(10).describe("How many papers at most");

export const searchPapers = defineTool({
  name: "search_papers",
  title: "Search scientific papers",
  description:
    "Searches abstracts of papers by meaning: PubMed, bioRxiv, medRxiv and arXiv. Then read_paper for what a paper says about a question, or similar_papers for others.",
  scope: "firecrawl:read",
  toolset: "research",
  readOnly: true,
  input: z.strictObject({
    query: z.string().min(1).max(1000).describe("What to find, in words"),
    authors: z.array(z.string().min(1).max(100)).min(1).max(5).optional().describe("Names that all have to be authors"),
    categories: z
      .array(z.string().min(1).max(30))
      .min(1)
      .max(5)
      .optional()
      .describe("Categories of arXiv that all have to fit, e.g. cs.LG"),
    from: z.iso.date().optional().describe("Not older than this day"),
    to: z.iso.date().optional().describe("Not newer than this day"),
    limit,
  }),
  output: z.object({ papers: z.array(paperOutput) }),
  async run({ query, authors, categories, from, to, limit }, { upstream, signal }) {
    const asked = { query, k: limit, authors, categories, from, to };
    const { results } = await upstream.get<SearchPapersResponse>("/v2/search/research/papers", asked, signal);
    return { papers: (results ?? []).slice(0, limit).map(shown) };
  },
});

export const readPaper = defineTool({
  name: "read_paper",
  title: "Read a paper",
  description: "Gives a paper's title, authors and whole abstract; with a question the passages that answer it too.",
  scope: "firecrawl:read",
  toolset: "research",
  readOnly: true,
  input: z.strictObject({
    paper: paperInput,
    question: z.string().min(1).max(1000).optional().describe("Give the passages of the body about this"),
    passages: z.int().min(1).max(20).default(4).describe("How many passages at most"),
  }),
  output: z.object({
    paper: z.string(),
    ids: z.record(z.string(), z.array(z.string())).optional(),
    title: z.string(),
    abstract: z.string(),
    authors: z.string().optional(),
    date: z.string().optional(),
    passages: z.array(z.string()).optional(),
  }),
  async run({ paper: id, question, passages }, { upstream, signal }) {
    const query = question === undefined ? {} : { query: question, k: passages };
    const answer = await upstream.get<PaperMetadataResponse & Partial<ReadPaperResponse>>(pathOf(id), query, signal, {
      what,
    });
    const paper: PaperMetadata = answer.paper;
    return {
      paper: id,
      ids: paper.ids,
      title: paper.title,
      abstract: (paper.abstract ?? "").slice(0, 10_000),
      authors: paper.authors?.slice(0, 2000),
      date: paper.createdDate,
      ...(question !== undefined && { passages: (answer.passages ?? []).map(({ text }) => text.slice(0, 2500)) }),
    };
  },
});

export const similarPapers = defineTool({
  name: "similar_papers",
  title: "Find papers like a paper",
  description: "Finds papers that are like a paper, cite it or are cited by it, the best for an interest first.",
  scope: "firecrawl:read",
  toolset: "research",
  readOnly: true,
  input: z.strictObject({
    paper: paperInput,
    intent: z.string().min(1).max(1000).describe("What they should be about, in words"),
    mode: z
      .enum(["similar", "citers", "references"])
      .default("similar")
      .describe("similar; citers: papers that cite it; references: papers that it cites"),
    limit,
  }),
  output: z.object({ papers: z.array(paperOutput), note: z.string().optional() }),
  async run({ paper, intent, mode, limit }, { upstream, signal }) {
    const path = `${pathOf(paper)}/similar`;
    const answer = await upstream.get<SimilarPapersResponse>(path, { intent, mode, k: limit }, signal, { what });
    const { results, note } = answer;
    return { papers: (results ?? []).slice(0, limit).map(shown), ...(note && { note }) };
  },
});
