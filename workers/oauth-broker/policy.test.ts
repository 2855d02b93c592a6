import type { Person } from "@hybrid-mcp/service-kit/broker-contract";
import { describe, expect, test } from "vitest";
import { allowedScopes, matches, withImplied } from "./policy.ts";

const ada: Person = {
  id: "github-1",
  accounts: ["github-1"],
  name: "Ada Lovelace",
  login: "Ada",
  emails: ["ada@example.com"],
  organizations: ["analytical"],
  teams: ["analytical/engines"],
};
const stranger: Person = {
  id: "google-2",
  accounts: ["google-2"],
  name: "S",
  emails: [],
  organizations: [],
  teams: [],
};

describe("a rule speaks of a person", () => {
  test.each([
    ["by GitHub login, whatever its case", { people: ["github:ADA"] }],
    ["by a verified e-mail address", { people: ["Ada@Example.com"] }],
    ["by the domain of one", { emailDomains: ["example.com"] }],
    ["by GitHub organisation", { githubOrganizations: ["Analytical"] }],
    ["by GitHub team", { githubTeams: ["analytical/engines"] }],
  ])("%s", (_, rule) => {
    expect(matches(rule, ada)).toBe(true);
    expect(matches(rule, stranger)).toBe(false);
  });

  test.each([
    ["a login is no e-mail address", { people: ["ada"] }],
    ["a domain is not matched by its end alone", { emailDomains: ["ample.com"] }],
    ["a sub-domain is another domain", { emailDomains: ["mail.example.com"] }],
    ["a team is not matched by its organisation", { githubTeams: ["analytical"] }],
    ["no matcher matches nobody", {}],
  ])("but not when %s", (_, rule) => {
    expect(matches(rule, ada)).toBe(false);
  });

  test("a Google person with a GitHub person's login in the name is not that person", () => {
    expect(matches({ people: ["github:ada"] }, { ...stranger, name: "ada" })).toBe(false);
  });
});

describe("what a person may do", () => {
  test("is nothing unless a rule says otherwise", () => {
    expect(allowedScopes([], ada)).toEqual(new Set());
    expect(allowedScopes([{ people: ["github:grace"], scopes: ["coda:*"] }], ada)).toEqual(new Set());
  });

  test("is the union of every rule that fits", () => {
    const policy = [
      { people: ["github:ada"], scopes: ["coda:read"] },
      { emailDomains: ["example.com"], scopes: ["coda:write"] },
      { people: ["github:grace"], scopes: ["coda:admin"] },
    ];
    expect(allowedScopes(policy, ada)).toEqual(new Set(["coda:read", "coda:write"]));
  });
});

describe("scopes imply", () => {
  test("the earlier ones of their service", () => {
    expect(withImplied(["coda:write"])).toEqual(new Set(["coda:read", "coda:write"]));
  });

  test("all of a service, for its wildcard", () => {
    expect(withImplied(["coda:*"])).toEqual(new Set(["coda:read", "coda:write", "coda:admin"]));
  });

  test("nothing, when nobody knows them", () => {
    expect(withImplied(["coda:everything", "nosuch:*", "*"])).toEqual(new Set());
  });
});
