import { z } from "zod";
import type { AddRoutes, Call } from "./context.ts";
import { GithubError } from "./error.ts";
import { bodyOf } from "./issue-edit.ts";
import type { Review, ReviewComment, ReviewState } from "./model.ts";
import { type Pull, pullChanges, pullIn, pullResources } from "./pull-resources.ts";
import { isSame } from "./store.ts";

const event = z.enum(["APPROVE", "REQUEST_CHANGES", "COMMENT"]);
const side = z.enum(["LEFT", "RIGHT"]);
const create = z.object({
  commit_id: z.string().optional(),
  body: z.string().default(""),
  event: event.optional(),
  comments: z
    .array(
      z.object({
        path: z.string(),
        body: z.string(),
        line: z.int(),
        side: side.default("RIGHT"),
        start_line: z.int().optional(),
        start_side: side.optional(),
      }),
    )
    .default([]),
});
const submit = z.object({ body: z.string().default(""), event });
const edit = z.object({ body: z.string() });

const STATES: Record<z.output<typeof event>, ReviewState> = {
  APPROVE: "APPROVED",
  REQUEST_CHANGES: "CHANGES_REQUESTED",
  COMMENT: "COMMENTED",
};

/** https://docs.github.com/en/rest/pulls/reviews */
export const addReviewRoutes: AddRoutes = (app, context) => {
  const { store, paged, editor, repositoryOf } = context;

  const pullAt = (c: Call, level: "read" | "write" = "read"): Pull => {
    const repository = repositoryOf(c, "pull_requests", level);
    const issue = repository.issues.find((each) => String(each.number) === c.req.param("number"));
    if (!issue?.pull) throw new GithubError(404, "Not Found");
    return pullIn(context, repository, issue);
  };
  const isMine = (c: Call, review: Review) => isSame(review.author, c.get("access").login);
  const reviewAt = (c: Call, of: Pull): Review => {
    const review = of.pull.reviews.find((each) => String(each.id) === c.req.param("review"));
    if (!review || (review.state === "PENDING" && !isMine(c, review))) throw new GithubError(404, "Not Found");
    return review;
  };
  const check = (of: Pull, login: string, wanted: z.output<typeof event>, body: string, comments: number) => {
    if (wanted !== "COMMENT" && isSame(login, of.issue.author)) {
      const what = wanted === "APPROVE" ? "approve" : "request changes on";
      throw new GithubError(422, `Review Can not ${what} your own pull request`);
    }
    if (wanted !== "APPROVE" && body === "" && comments === 0) throw new GithubError(422, "Body can't be blank");
  };

  app.get("/repos/:owner/:repo/pulls/:number{[0-9]+}/reviews", (c) => {
    const of = pullAt(c);
    const seen = of.pull.reviews.filter((review) => review.state !== "PENDING" || isMine(c, review));
    return paged(c, seen, (review) => pullResources(c, context).review(of, review));
  });

  app.post("/repos/:owner/:repo/pulls/:number{[0-9]+}/reviews", async (c) => {
    const of = pullAt(c, "write");
    const { login, at, nextId } = editor(c);
    const { event: wanted, body, comments, commit_id = of.head.sha } = await bodyOf(c.req, create);
    if (wanted) check(of, login, wanted, body, comments.length);
    if (!wanted && of.pull.reviews.some((each) => each.state === "PENDING" && isMine(c, each))) {
      throw new GithubError(422, "User can only have one pending review per pull request");
    }
    if (!of.git.commits.has(commit_id)) throw new GithubError(422, "commit_id is not part of the pull request");
    const changed = pullChanges(of).map(({ path }) => path);
    if (comments.some(({ path }) => !changed.includes(path))) throw new GithubError(422, "Path could not be resolved");
    const review: Review = {
      ...{ id: nextId(), author: login, body, commitId: commit_id },
      ...{ state: wanted ? STATES[wanted] : "PENDING", submittedAt: wanted ? at : null },
    };
    of.pull.reviews.push(review);
    const made = comments.map((each): ReviewComment => {
      const { start_line: startLine = null, start_side: startSide = null } = each;
      return {
        ...{ id: nextId(), author: login, body: each.body, createdAt: at, updatedAt: at, inReplyTo: null },
        ...{ reviewId: review.id, path: each.path, line: each.line, side: each.side, startLine, startSide },
        commitId: commit_id,
      };
    });
    of.pull.reviewComments.push(...made);
    of.pull.requestedReviewers = of.pull.requestedReviewers.filter((each) => !wanted || !isSame(each, login));
    store.save();
    return c.json(pullResources(c, context).review(of, review));
  });

  app.post("/repos/:owner/:repo/pulls/:number{[0-9]+}/reviews/:review/events", async (c) => {
    const of = pullAt(c, "write");
    const review = reviewAt(c, of);
    const { event: wanted, body } = await bodyOf(c.req, submit);
    if (review.state !== "PENDING") throw new GithubError(422, "Review was submitted before");
    const comments = of.pull.reviewComments.filter(({ reviewId }) => reviewId === review.id);
    check(of, review.author, wanted, body || review.body, comments.length);
    Object.assign(review, { state: STATES[wanted], body: body || review.body, submittedAt: context.time() });
    store.save();
    return c.json(pullResources(c, context).review(of, review));
  });

  app.delete("/repos/:owner/:repo/pulls/:number{[0-9]+}/reviews/:review", (c) => {
    const of = pullAt(c, "write");
    const review = reviewAt(c, of);
    if (review.state !== "PENDING") throw new GithubError(422, "Can not delete a non-pending pull request review");
    of.pull.reviews = of.pull.reviews.filter((each) => each !== review);
    of.pull.reviewComments = of.pull.reviewComments.filter(({ reviewId }) => reviewId !== review.id);
    store.save();
    return c.json(pullResources(c, context).review(of, review));
  });

  app.get("/repos/:owner/:repo/pulls/:number{[0-9]+}/reviews/:review", (c) => {
    const of = pullAt(c);
    return c.json(pullResources(c, context).review(of, reviewAt(c, of)));
  });

  app.get("/repos/:owner/:repo/pulls/:number{[0-9]+}/comments", (c) => {
    const of = pullAt(c);
    const pending = new Set(of.pull.reviews.filter(({ state }) => state === "PENDING").map(({ id }) => id));
    const seen = of.pull.reviewComments.filter(({ reviewId }) => !pending.has(reviewId));
    return paged(c, seen, (comment) => pullResources(c, context).reviewComment(of, comment));
  });

  app.post("/repos/:owner/:repo/pulls/:number{[0-9]+}/comments/:comment/replies", async (c) => {
    const of = pullAt(c, "write");
    const first = of.pull.reviewComments.find((each) => String(each.id) === c.req.param("comment"));
    if (!first) throw new GithubError(404, "Not Found");
    const { body } = await bodyOf(c.req, edit);
    if (body.trim() === "") throw new GithubError(422, "Body can't be blank");
    const { login, at, nextId } = editor(c);
    const review: Review = {
      ...{ id: nextId(), author: login, body: "", state: "COMMENTED", commitId: first.commitId, submittedAt: at },
    };
    const reply = { ...first, id: nextId(), reviewId: review.id, author: login, body, createdAt: at, updatedAt: at };
    of.pull.reviews.push(review);
    of.pull.reviewComments.push({ ...reply, inReplyTo: first.inReplyTo ?? first.id });
    store.save();
    return c.json(pullResources(c, context).reviewComment(of, of.pull.reviewComments.at(-1)!), 201);
  });
};
