import { expect, test } from "vitest";
import { githubService } from "../testing/github-service.ts";

const { call, refusal } = githubService();

test("get_me: tells whose account it is", async () => {
  expect(await call("get_me")).toMatchObject({ login: "ada", name: "Ada Lovelace", private_repos: 1 });
});

test("get_user: shows a profile", async () => {
  expect(await call("get_user", { login: "grace" })).toMatchObject({
    ...{ login: "grace", name: "Grace Hopper", type: "User", location: "New York", url: "https://github.com/grace" },
  });
  expect(await refusal("get_user", { login: "nobody-at-all" })).toMatch(/^GitHub answered 404/);
  expect(await refusal("get_user", { login: "../user" })).toContain("must be the login of a person");
});

test("list_followers: who follows somebody", async () => {
  expect(await call("list_followers", { login: "grace" })).toEqual({
    users: [{ login: "ada", url: "https://github.com/ada" }],
  });
});

test("list_following: whom somebody follows", async () => {
  expect(await call("list_following", { login: "ada" })).toEqual({
    users: [{ login: "grace", url: "https://github.com/grace" }],
  });
});
