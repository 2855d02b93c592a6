import { mayPush } from "./access.ts";
import type { AddRoutes, Call } from "./context.ts";
import { GithubError, validationFailed } from "./error.ts";
import { applyEdit, bodyOf, commentCreate, issueCreate, issueUpdate, newIssue } from "./issue-edit.ts";
import { selectIssues } from "./issue-list.ts";
import type { Issue, Repository } from "./model.ts";
import { isSame } from "./store.ts";

/** https://docs.github.com/en/rest/issues */
export const addIssueRoutes: AddRoutes = (app, { store, as, paged, editor, repositoryOf }) => {
  const issueOf = (c: Call, level: "read" | "write" = "read"): { repository: Repository; issue: Issue } => {
    const repository = repositoryOf(c, "issues", level);
    const issue = repository.issues.find((each) => String(each.number) === c.req.param("number"));
    if (!issue) throw new GithubError(404, "Not Found");
    return { repository, issue };
  };

  app.get("/repos/:owner/:repo/labels", (c) => {
    const repository = repositoryOf(c, "issues");
    return paged(c, repository.labels, (label) => as(c).label(repository, label));
  });

  app.get("/repos/:owner/:repo/issues", (c) => {
    const repository = repositoryOf(c, "issues");
    const issues = selectIssues(repository.issues, new URL(c.req.url).searchParams);
    return paged(c, issues, (issue) => as(c).issue(repository, issue));
  });

  app.post("/repos/:owner/:repo/issues", async (c) => {
    const repository = repositoryOf(c, "issues", "write");
    const issue = newIssue(repository, await bodyOf(c.req, issueCreate), editor(c));
    repository.issues.push(issue);
    store.save();
    const body = as(c).issue(repository, issue);
    return c.json(body, 201, { location: body.url });
  });

  app.get("/repos/:owner/:repo/issues/:number", (c) => {
    const { repository, issue } = issueOf(c);
    return c.json(as(c).issue(repository, issue));
  });

  app.patch("/repos/:owner/:repo/issues/:number", async (c) => {
    const { repository, issue } = issueOf(c, "write");
    const { login } = c.get("access");
    if (!mayPush(login, repository) && !isSame(login, issue.author)) {
      throw new GithubError(403, "Must have admin rights to Repository.");
    }
    applyEdit(repository, issue, await bodyOf(c.req, issueUpdate), editor(c));
    store.save();
    return c.json(as(c).issue(repository, issue));
  });

  app.get("/repos/:owner/:repo/issues/:number/comments", (c) => {
    const { repository, issue } = issueOf(c);
    return paged(c, issue.comments, (comment) => as(c).comment(repository, issue, comment));
  });

  app.post("/repos/:owner/:repo/issues/:number/comments", async (c) => {
    const { repository, issue } = issueOf(c, "write");
    const { body } = await bodyOf(c.req, commentCreate);
    if (body.trim() === "") throw validationFailed({ resource: "IssueComment", field: "body", code: "missing_field" });
    const { login, at, nextId } = editor(c);
    const comment = { id: nextId(), author: login, body, createdAt: at, updatedAt: at };
    issue.comments.push(comment);
    issue.updatedAt = at;
    store.save();
    return c.json(as(c).comment(repository, issue, comment), 201);
  });
};
