import { expect, it } from "vitest";
import { checked } from "./checked.ts";
import { publishedDescription } from "./published-description.ts";

const description = publishedDescription();
const BASE = "http://127.0.0.1/github/api";

async function problemsOf(path: string, answer: Response, init?: RequestInit) {
  const { handler, problems } = checked(async () => answer, description);
  await handler(new Request(`${BASE}${path}`, init));
  return problems;
}

it("collects what is not as GitHub describes it, in requests and in answers", async () => {
  expect(await problemsOf("/repos/a/b/labels", Response.json([]))).toEqual([]);
  expect(await problemsOf("/repos/a/b/labels?all=1", Response.json([]))).toHaveLength(1);
  expect(await problemsOf("/repos/a/b/labels", Response.json({}))).toHaveLength(1);
  const title = { method: "POST", body: '{"title": []}' };
  expect(await problemsOf("/repos/a/b/issues", new Response("", { status: 201 }), title)).not.toEqual([]);
});

it("takes files, diffs and GraphQL as they are", async () => {
  const raw = () => new Response("x", { headers: { "content-type": "application/vnd.github.raw+json" } });
  expect(await problemsOf("/repos/a/b/contents/x", raw())).toEqual([]);
  expect(await problemsOf("/graphql", Response.json({ data: null }), { method: "POST", body: "{}" })).toEqual([]);
});
