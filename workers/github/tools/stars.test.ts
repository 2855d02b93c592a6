import { expect, test } from "vitest";
import { githubService } from "../testing/github-service.ts";

const ORCHARD = { owner: "ada", repo: "orchard" };

const { call, refusal } = githubService();
const starred = async (args: object = {}) => {
  const { repositories } = await call<{ repositories: { full_name: string; starred_at: string }[] }>(
    "list_starred_repositories",
    { ...args },
  );
  return repositories;
};

test("list_starred_repositories: the person's own, or somebody else's, with the time", async () => {
  expect(await starred()).toEqual([]);
  expect(await starred({ login: "grace" })).toMatchObject([
    { full_name: "ada/orchard", starred_at: "2026-01-05T10:00:00Z" },
  ]);
});

test("star_repository: and once more, which changes nothing", async () => {
  expect(await call("star_repository", { owner: "ada", repo: "ledger" })).toEqual({ starred: true });
  await call("star_repository", { owner: "ada", repo: "ledger" });
  expect((await starred()).map(({ full_name }) => full_name)).toEqual(["ada/ledger"]);
  expect(await refusal("star_repository", { owner: "ada", repo: "nothing" })).toMatch(/^GitHub answered 404/);
});

test("unstar_repository: takes the star off", async () => {
  await call("star_repository", ORCHARD);
  expect(await call("unstar_repository", ORCHARD)).toEqual({ starred: false });
  expect((await starred()).map(({ full_name }) => full_name)).not.toContain("ada/orchard");
});

test("list_stargazers: who starred a repository, and when", async () => {
  const { stargazers } = await call<{ stargazers: object[] }>("list_stargazers", ORCHARD);
  expect(stargazers).toContainEqual({ login: "grace", starred_at: "2026-01-05T10:00:00Z" });
});
