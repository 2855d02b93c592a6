import { mayPush } from "./access.ts";
import { type Advisory, advisories, repositoryAdvisories } from "./advisories-state.ts";
import type { AddRoutes, Call } from "./context.ts";
import { cursorPaged } from "./cursor-page.ts";
import { described } from "./described.ts";
import { GithubError } from "./error.ts";
import { ORGANIZATIONS } from "./orgs-state.ts";
import { isSame } from "./store.ts";

/** https://docs.github.com/en/rest/security-advisories */
export const addAdvisoryRoutes: AddRoutes = (app, { as, repositoryOf }) => {
  const fields = (each: Advisory) => ({
    ...{ ghsa_id: each.ghsa_id, cve_id: each.cve_id, summary: each.summary, description: each.description },
    ...{ severity: each.severity, published_at: each.publishedAt, updated_at: each.publishedAt },
    ...{ cvss: { score: 7.5, vector_string: null }, cwes: [{ cwe_id: "CWE-20", name: "Improper Input Validation" }] },
    html_url: `https://github.com/advisories/${each.ghsa_id}`,
  });
  const vulnerability = (each: Advisory, name: string) => ({
    ...{ package: { ecosystem: each.ecosystem, name }, vulnerable_version_range: "< 2.0.0" },
    vulnerable_functions: [],
  });

  const global = (each: Advisory) =>
    described("global-advisory", {
      ...fields(each),
      ...{ type: "reviewed", references: [`https://nvd.example.com/${each.ghsa_id}`] },
      vulnerabilities: each.packages.map((name) => ({
        ...vulnerability(each, name),
        first_patched_version: "2.0.0",
      })),
    });

  app.get("/advisories", (c) => {
    const { affects, ecosystem, severity, cve_id, type = "reviewed" } = c.req.query();
    const names = affects?.split(",").map((each) => each.replace(/(?<=.)@[^@]*$/, ""));
    const found = advisories().filter(
      (each) =>
        type === "reviewed" &&
        (!names || each.packages.some((name) => names.includes(name))) &&
        (!ecosystem || each.ecosystem === ecosystem) &&
        (!severity || each.severity === severity) &&
        (!cve_id || each.cve_id === cve_id),
    );
    return cursorPaged(c, found, global);
  });

  app.get("/advisories/:ghsa", (c) => {
    const found = advisories().find(({ ghsa_id }) => ghsa_id === c.req.param("ghsa"));
    if (!found) throw new GithubError(404, "Not Found");
    return c.json(global(found));
  });

  type Own = ReturnType<typeof repositoryAdvisories>[string][number];
  const own = (c: Call, all: Own[], mayEdit: boolean) => {
    const state = c.req.query("state");
    const found = all.filter((each) => (mayEdit || each.state === "published") && (!state || each.state === state));
    return cursorPaged(c, found, (each) =>
      described("repository-advisory", {
        ...fields(each),
        ...{ state: each.state, author: as(c).simpleUser("ada"), cwe_ids: ["CWE-20"] },
        vulnerabilities: each.packages.map((name) => ({ ...vulnerability(each, name), patched_versions: "2.0.0" })),
      }),
    );
  };

  app.get("/repos/:owner/:repo/security-advisories", (c) => {
    const repository = repositoryOf(c);
    const all = repositoryAdvisories()[`${repository.owner}/${repository.name}`] ?? [];
    return own(c, all, mayPush(c.get("access").login, repository));
  });

  app.get("/orgs/:org/security-advisories", (c) => {
    const org = ORGANIZATIONS.find(({ login }) => isSame(login, c.req.param("org")));
    const isOwner = org?.members.some(({ login, role }) => role === "admin" && isSame(login, c.get("access").login));
    if (!isOwner) throw new GithubError(404, "Not Found");
    // The organisation's repositories are not here; what its owner wrote stands for them.
    return own(c, Object.values(repositoryAdvisories()).flat(), true);
  });
};
