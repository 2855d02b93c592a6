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
    expect(allowedScopes({ policy: [] }, ada)).toEqual(new Set());
    expect(allowedScopes({ policy: [{ people: ["github:grace"], scopes: ["coda:*"] }] }, ada)).toEqual(new Set());
  });

  test("is the union of every rule that fits", () => {
    const policy = [
      { people: ["github:ada"], scopes: ["coda:read"] },
      { emailDomains: ["example.com"], scopes: ["coda:write"] },
      { people: ["github:grace"], scopes: ["coda:admin"] },
    ];
    expect(allowedScopes({ policy }, ada)).toEqual(new Set(["coda:read", "coda:write"]));
  });
});

describe("scopes imply", () => {
  test("the earlier ones of their service", () => {
    expect(withImplied({}, ["coda:write"])).toEqual(new Set(["coda:read", "coda:write"]));
  });

  test("all of a service, for its wildcard", () => {
    expect(withImplied({}, ["coda:*"])).toEqual(new Set(["coda:read", "coda:write", "coda:admin"]));
  });

  test("the earlier ones of a server that the config adds", () => {
    const scopes = ["wiki:read", "wiki:write"].map((name) => ({ name, description: name }));
    const config = { servers: [{ name: "wiki", title: "Wiki", scopes }] };
    expect(withImplied(config, ["wiki:write"])).toEqual(new Set(["wiki:read", "wiki:write"]));
    expect(withImplied({}, ["wiki:write"])).toEqual(new Set());
  });

  test("not the key to the account itself: only its own name gives that", () => {
    expect(withImplied({}, ["coda:*"]).has("coda:connect")).toBe(false);
    expect(withImplied({}, ["coda:connect"])).toEqual(new Set(["coda:connect"]));
  });

  test("nothing, when nobody knows them", () => {
    expect(withImplied({}, ["coda:everything", "nosuch:*", "*"])).toEqual(new Set());
  });
});
