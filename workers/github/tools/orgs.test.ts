import { describe, expect, test } from "vitest";
import { fullAccount } from "../testing/account.ts";
import { githubService } from "../testing/github-service.ts";

const org = "analytical-engines";
const logins = ({ members }: { members: { login: string }[] }) => members.map(({ login }) => login);

describe("with the scope read:org", () => {
  const { call, refusal } = githubService({ account: fullAccount });
  const members = async (name: string, args: object) =>
    logins(await call<{ members: { login: string }[] }>(name, { ...args }));

  test("list_my_orgs: lists the person's organisations", async () => {
    expect(await call("list_my_orgs")).toEqual({ orgs: [{ login: org, description: "Engines that count apples" }] });
  });

  test("get_org: tells about an organisation", async () => {
    expect(await call("get_org", { org })).toMatchObject({
      ...{ login: org, name: "Analytical Engines", location: "London", verified: true, private_repos: 1 },
      url: "https://github.com/analytical-engines",
    });
    const other = await call("get_org", { org: "pomology" });
    expect(other).not.toHaveProperty("private_repos");
    expect(await refusal("get_org", { org: "nobody" })).toMatch(/^GitHub answered 404/);
    expect(await refusal("get_org", { org: "a/b" })).toContain("must be the login of a person or organisation");
  });

  test("list_org_members: lists members by role, and to others the public ones", async () => {
    expect(await members("list_org_members", { org })).toEqual(["ada", "grace"]);
    expect(await members("list_org_members", { org, role: "admin" })).toEqual(["ada"]);
    expect(await members("list_org_members", { org: "pomology" })).toEqual(["carla-costa"]);
  });

  test("list_teams: lists the teams of an organisation by pages", async () => {
    const first = await call<{ teams: object[]; next_cursor: string }>("list_teams", { org, limit: 1 });
    expect(first.teams).toMatchObject([{ slug: "engineers", name: "Engineers", description: "Who builds engines" }]);
    const rest = await call("list_teams", { org, limit: 1, cursor: first.next_cursor });
    expect(rest).toMatchObject({ teams: [{ slug: "counters", parent: "engineers" }] });
    expect(await refusal("list_teams", { org: "pomology" })).toMatch(/^GitHub answered 404/);
  });

  test("get_teams: lists the person's own teams", async () => {
    expect(await call("get_teams")).toMatchObject({
      teams: [{ org, slug: "engineers", members: 2, repositories: 1 }],
    });
  });

  test("get_team_members: lists who is in a team, by role", async () => {
    expect(await members("get_team_members", { org, team: "engineers" })).toEqual(["ada", "grace"]);
    expect(await members("get_team_members", { org, team: "engineers", role: "maintainer" })).toEqual(["ada"]);
    expect(await refusal("get_team_members", { org, team: "../x" })).toContain("must be the slug of a team");
  });

  test("search_orgs: finds organisations, and no people", async () => {
    const found = await call("search_orgs", { query: "engines location:London" });
    expect(found).toEqual({ orgs: [{ login: org, url: `https://github.com/${org}` }], total_count: 1 });
    expect(await call("search_orgs", { query: "ada" })).toMatchObject({ orgs: [] });
  });
});

describe("without it", () => {
  const { refusal } = githubService();

  test("list_teams: the model learns which scope the connection lacks", async () => {
    expect(await refusal("list_teams", { org })).toContain("one of read:org, write:org, admin:org is needed");
  });
});
