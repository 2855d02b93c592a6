import { expect, test } from "vitest";
import { githubService } from "../testing/github-service.ts";

const { call, refusal } = githubService();

interface Found<Key extends string, Item> {
  total: number;
  next_cursor?: string;
  items: Record<Key, Item[]>;
}
type Issues = Found<"issues", object>["items"] & { total: number; next_cursor?: string };

test("search_code: finds files by their words, and shows where", async () => {
  const { files, total } = await call<{ files: { path: string; fragments: string[] }[]; total: number }>(
    "search_code",
    {
      query: "apples repo:ada/orchard extension:ts",
    },
  );
  expect([total, files.map(({ path }) => path)]).toEqual([1, ["src/count.ts"]]);
  expect(files[0]!.fragments[0]).toContain("How many apples");
  expect(await refusal("search_code", { query: "repo:ada/orchard" })).toContain("Search text is required");
  expect(await refusal("search_code", { query: "x repo:ada/nothing" })).toContain("cannot be searched");
});

test("search_repositories: private ones of the person too", async () => {
  const { repositories } = await call<{ repositories: { full_name: string }[] }>("search_repositories", {
    query: "user:ada language:typescript",
  });
  expect(repositories.map(({ full_name }) => full_name)).toEqual(["ada/orchard", "ada/ledger"]);
  expect(await refusal("search_repositories", { query: "   " })).toContain("must have words to search for");
});

test("search_issues: words, people and labels, page by page, and no pull requests", async () => {
  const query = 'repo:ada/orchard label:"help wanted" author:grace';
  const first = await call<Issues>("search_issues", { query, limit: 4 });
  expect(first).toMatchObject({ total: 6, next_cursor: "page=2" });
  expect(first.issues[0]).toMatchObject({ number: 60, repository: "ada/orchard", pull_request: false });
  const rest = await call<Issues>("search_issues", { query, limit: 4, cursor: first.next_cursor });
  expect(rest.issues).toHaveLength(2);
  expect(await refusal("search_issues", { query, limit: 100, cursor: "page=11" })).toContain(
    "Only the first 1000 search results are available",
  );
});

test("search_pull_requests: pull requests only", async () => {
  const found = await call<{ pull_requests: { number: number }[] }>("search_pull_requests", {
    query: "repo:ada/orchard is:open",
    order: "asc",
    sort: "created",
  });
  expect(found.pull_requests.map(({ number }) => number)).toEqual([16, 32, 48, 64]);
});

test("search_users: by name and place", async () => {
  const { users } = await call<{ users: object[] }>("search_users", { query: 'hopper location:"new york"' });
  expect(users).toEqual([{ login: "grace", type: "User", url: "https://github.com/grace" }]);
});

test("search_commits: by words of their messages, also those that were just made", async () => {
  const file = { owner: "ada", repo: "orchard", path: "pears.md", content: "x", message: "Plant pears" };
  const { commit } = await call<{ commit: string }>("create_or_update_file", file);
  const { commits } = await call<{ commits: object[] }>("search_commits", { query: "pears repo:ada/orchard" });
  expect(commits).toMatchObject([{ sha: commit, message: "Plant pears", repository: "ada/orchard" }]);
});
