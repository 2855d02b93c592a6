import { z } from "zod";
import type { AddRoutes, Call } from "./context.ts";
import { GithubError } from "./error.ts";
import { bodyOf } from "./issue-edit.ts";
import type { Issue, Repository } from "./model.ts";

const add = z.object({ sub_issue_id: z.int(), replace_parent: z.boolean().default(false) });
const move = z.object({ sub_issue_id: z.int(), after_id: z.int().optional(), before_id: z.int().optional() });

/** https://docs.github.com/en/rest/issues/sub-issues */
export const addSubIssueRoutes: AddRoutes = (app, { store, as, paged, repositoryOf, writableRepositoryOf }) => {
  const everyIssue = () =>
    store.repositories().flatMap((repository) => repository.issues.map((issue) => ({ repository, issue })));
  const byId = (id: number) => everyIssue().find(({ issue }) => issue.id === id);
  const parentOf = (c: Call, repository: Repository): Issue => {
    const issue = repository.issues.find((each) => String(each.number) === c.req.param("number"));
    if (!issue) throw new GithubError(404, "Not Found");
    return issue;
  };

  app.get("/repos/:owner/:repo/issues/:number{[0-9]+}/sub_issues", (c) => {
    const parent = parentOf(c, repositoryOf(c, "issues"));
    const children = parent.subIssues.map((id) => byId(id)!);
    return paged(c, children, ({ repository, issue }) => as(c).issue(repository, issue));
  });

  app.post("/repos/:owner/:repo/issues/:number{[0-9]+}/sub_issues", async (c) => {
    const repository = writableRepositoryOf(c, "issues");
    const parent = parentOf(c, repository);
    const { sub_issue_id: id, replace_parent } = await bodyOf(c.req, add);
    if (!byId(id)) throw new GithubError(404, "The provided sub-issue does not exist");
    if (id === parent.id) throw new GithubError(422, "An issue cannot be a sub-issue of itself");
    const before = everyIssue().find(({ issue }) => issue.subIssues.includes(id))?.issue;
    if (before && !replace_parent) throw new GithubError(422, "Sub issue may only have one parent");
    if (before) before.subIssues = before.subIssues.filter((each) => each !== id);
    parent.subIssues.push(id);
    store.save();
    return c.json(as(c).issue(repository, parent), 201);
  });

  app.delete("/repos/:owner/:repo/issues/:number{[0-9]+}/sub_issue", async (c) => {
    const repository = writableRepositoryOf(c, "issues");
    const parent = parentOf(c, repository);
    const { sub_issue_id: id } = await bodyOf(c.req, add);
    if (!parent.subIssues.includes(id)) throw new GithubError(404, "The provided sub-issue is not one of this issue");
    parent.subIssues = parent.subIssues.filter((each) => each !== id);
    store.save();
    return c.json(as(c).issue(repository, parent));
  });

  app.patch("/repos/:owner/:repo/issues/:number{[0-9]+}/sub_issues/priority", async (c) => {
    const repository = writableRepositoryOf(c, "issues");
    const parent = parentOf(c, repository);
    const { sub_issue_id: id, after_id, before_id } = await bodyOf(c.req, move);
    const beside = after_id ?? before_id;
    const others = parent.subIssues.filter((each) => each !== id);
    const at = others.indexOf(beside ?? -1);
    if (!parent.subIssues.includes(id) || at < 0) throw new GithubError(422, "Both must be sub-issues of this issue");
    others.splice(after_id === undefined ? at : at + 1, 0, id);
    parent.subIssues = others;
    store.save();
    return c.json(as(c).issue(repository, parent));
  });
};
