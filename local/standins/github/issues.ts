import { z } from "zod";
import { mayPush } from "./access.ts";
import type { AddRoutes, Call } from "./context.ts";
import { GithubError, validationFailed } from "./error.ts";
import { applyEdit, bodyOf, commentCreate, issueCreate, issueUpdate, newIssue } from "./issue-edit.ts";
import { selectIssues } from "./issue-list.ts";
import type { Issue, Milestone, Repository } from "./model.ts";
import { isSame } from "./store.ts";

const lock = z.object({ lock_reason: z.enum(["off-topic", "too heated", "resolved", "spam"]).optional() });
const milestoneCreate = z.object({
  title: z.string(),
  state: z.enum(["open", "closed"]).default("open"),
  description: z.string().optional(),
  due_on: z.string().optional(),
});

/** https://docs.github.com/en/rest/issues */
export const addIssueRoutes: AddRoutes = (app, context) => {
  const { store, as, paged, editor, repositoryOf, writableRepositoryOf } = context;

  const issueOf = (c: Call, level: "read" | "write" = "read"): { repository: Repository; issue: Issue } => {
    const repository = repositoryOf(c, "issues", level);
    const issue = repository.issues.find((each) => String(each.number) === c.req.param("number"));
    if (!issue) throw new GithubError(404, "Not Found");
    return { repository, issue };
  };

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

  app.get("/repos/:owner/:repo/issues/:number{[0-9]+}", (c) => {
    const { repository, issue } = issueOf(c);
    return c.json(as(c).issue(repository, issue));
  });

  app.patch("/repos/:owner/:repo/issues/:number{[0-9]+}", async (c) => {
    const { repository, issue } = issueOf(c, "write");
    const { login } = c.get("access");
    if (!mayPush(login, repository) && !isSame(login, issue.author)) {
      throw new GithubError(403, "Must have admin rights to Repository.");
    }
    applyEdit(repository, issue, await bodyOf(c.req, issueUpdate), editor(c));
    store.save();
    return c.json(as(c).issue(repository, issue));
  });

  app.get("/repos/:owner/:repo/issues/:number{[0-9]+}/comments", (c) => {
    const { repository, issue } = issueOf(c);
    return paged(c, issue.comments, (comment) => as(c).comment(repository, issue, comment));
  });

  app.post("/repos/:owner/:repo/issues/:number{[0-9]+}/comments", async (c) => {
    const { repository, issue } = issueOf(c, "write");
    const { body } = await bodyOf(c.req, commentCreate);
    const { login, at, nextId } = editor(c);
    if (body.trim() === "") throw validationFailed({ resource: "IssueComment", field: "body", code: "missing_field" });
    if (issue.locked && !mayPush(login, repository)) {
      throw new GithubError(403, "Unable to create comment because issue is locked.");
    }
    const comment = { id: nextId(), author: login, body, createdAt: at, updatedAt: at };
    issue.comments.push(comment);
    issue.updatedAt = at;
    store.save();
    return c.json(as(c).comment(repository, issue, comment), 201);
  });

  const commentOf = (c: Call, level: "read" | "write" = "read") => {
    const repository = repositoryOf(c, "issues", level);
    for (const issue of repository.issues) {
      const comment = issue.comments.find((each) => String(each.id) === c.req.param("id"));
      if (!comment) continue;
      const { login } = c.get("access");
      if (level === "write" && !mayPush(login, repository) && !isSame(comment.author, login)) {
        throw new GithubError(403, "Must have admin rights to Repository.");
      }
      return { repository, issue, comment };
    }
    throw new GithubError(404, "Not Found");
  };

  app.get("/repos/:owner/:repo/issues/comments/:id", (c) => {
    const { repository, issue, comment } = commentOf(c);
    return c.json(as(c).comment(repository, issue, comment));
  });

  app.patch("/repos/:owner/:repo/issues/comments/:id", async (c) => {
    const { repository, issue, comment } = commentOf(c, "write");
    const { body } = await bodyOf(c.req, commentCreate);
    if (body.trim() === "") throw validationFailed({ resource: "IssueComment", field: "body", code: "missing_field" });
    Object.assign(comment, { body, updatedAt: context.time() });
    store.save();
    return c.json(as(c).comment(repository, issue, comment));
  });

  app.delete("/repos/:owner/:repo/issues/comments/:id", (c) => {
    const { issue, comment } = commentOf(c, "write");
    issue.comments = issue.comments.filter((each) => each !== comment);
    store.save();
    return c.body(null, 204);
  });

  app.put("/repos/:owner/:repo/issues/:number{[0-9]+}/lock", async (c) => {
    writableRepositoryOf(c, "issues");
    const { issue } = issueOf(c, "write");
    const { lock_reason } = await bodyOf(c.req, lock);
    Object.assign(issue, { locked: true, lockReason: lock_reason ?? null });
    store.save();
    return c.body(null, 204);
  });

  app.delete("/repos/:owner/:repo/issues/:number{[0-9]+}/lock", (c) => {
    writableRepositoryOf(c, "issues");
    Object.assign(issueOf(c, "write").issue, { locked: false, lockReason: null });
    store.save();
    return c.body(null, 204);
  });

  app.get("/repos/:owner/:repo/assignees", (c) => {
    const { owner, collaborators } = repositoryOf(c, "issues");
    return paged(c, [owner, ...collaborators], as(c).simpleUser);
  });

  app.get("/repos/:owner/:repo/milestones", (c) => {
    const repository = repositoryOf(c, "issues");
    const state = c.req.query("state") ?? "open";
    const wanted = repository.milestones.filter((each) => state === "all" || each.state === state);
    return paged(c, wanted, (each) => as(c).milestone(repository, each));
  });

  app.post("/repos/:owner/:repo/milestones", async (c) => {
    const repository = writableRepositoryOf(c, "issues");
    const { title, state, description = null, due_on = null } = await bodyOf(c.req, milestoneCreate);
    if (repository.milestones.some((each) => each.title === title)) {
      throw validationFailed({ resource: "Milestone", field: "title", code: "already_exists" });
    }
    const { login, at, nextId } = editor(c);
    const milestone: Milestone = {
      ...{ id: nextId(), number: repository.milestones.length + 1, title, description, state },
      ...{ creator: login, dueOn: due_on, createdAt: at },
    };
    repository.milestones.push(milestone);
    store.save();
    return c.json(as(c).milestone(repository, milestone), 201);
  });
};
