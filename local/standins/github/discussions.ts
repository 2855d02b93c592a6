import { GraphQLError, graphql } from "graphql";
import { z } from "zod";
import { maySee } from "./access.ts";
import type { AddRoutes, Call } from "./context.ts";
import { cursorOf, offsetOf } from "./cursor-page.ts";
import {
  type Discussion,
  type DiscussionComment,
  type DiscussionsState,
  seedDiscussions,
} from "./discussions-state.ts";
import { graphqlSchema } from "./graphql-schema.ts";
import { bodyOf } from "./issue-edit.ts";
import type { Repository } from "./model.ts";

const query = z.object({ query: z.string(), variables: z.record(z.string(), z.unknown()).default({}) });

interface Page {
  first?: number;
  after?: string | null;
}

interface DiscussionsPage extends Page {
  categoryId?: string | null;
  answered?: boolean | null;
  states?: ("OPEN" | "CLOSED")[] | null;
  orderBy?: { field: "CREATED_AT" | "UPDATED_AT"; direction: "ASC" | "DESC" } | null;
}

/**
 * The part of the GraphQL API that is about discussions (https://docs.github.com/en/graphql/guides/using-the-graphql-api-for-discussions).
 * Queries are validated and executed by GitHub's own schema; what it has and this has not is answered with null, or an error.
 */
export const addDiscussionRoutes: AddRoutes = (app, { store, editor }) => {
  app.post("/graphql", async (c) => {
    const { query: source, variables } = await bodyOf(c.req, query);
    const result = await graphql({
      ...{ schema: graphqlSchema(), source, variableValues: variables, rootValue: root(c) },
    });
    const { data, errors } = JSON.parse(JSON.stringify(result)) as { data?: unknown; errors?: SentError[] };
    // GitHub has the type beside the message.
    const sent = errors?.map(({ extensions: { type, ...extensions } = {}, ...error }) => ({
      ...(type !== undefined && { type }),
      ...error,
      ...(Object.keys(extensions).length > 0 && { extensions }),
    }));
    return c.json({ ...(data !== undefined && { data }), ...(sent && { errors: sent }) });
  });

  const stateOf = (repository: Repository): DiscussionsState => {
    const all = store.area("discussions", seedDiscussions);
    const name = `${repository.owner}/${repository.name}`;
    all[name] ??= { categories: [], discussions: [] };
    return all[name];
  };

  /** Writing needs a scope; reading what is public does not. */
  const demandWrite = (c: Call) => {
    const { scopes, permissions } = c.get("access");
    if (
      scopes ? scopes.some((each) => each === "repo" || each === "public_repo") : permissions.discussions === "write"
    ) {
      return;
    }
    throw refused("INSUFFICIENT_SCOPES", "Your token has not been granted the required scopes to execute this query.");
  };

  const root = (c: Call) => {
    const visible = () => store.repositories().filter((each) => maySee(c.get("access"), each));
    const at = () => editor(c);

    return {
      repository({ owner, name }: { owner: string; name: string }) {
        const found = store.repository(owner, name);
        if (found && maySee(c.get("access"), found)) return repository(found, stateOf(found));
        throw refused("NOT_FOUND", `Could not resolve to a Repository with the name '${owner}/${name}'.`);
      },
      node({ id }: { id: string }) {
        for (const of of visible()) {
          for (const on of stateOf(of).discussions) {
            const found = on.comments.flatMap((each) => [each, ...each.replies]).find((each) => each.id === id);
            if (found) return { __typename: "DiscussionComment", ...comment(of, on, found) };
          }
        }
        throw unresolved(id);
      },
      createDiscussion({
        input,
      }: {
        input: { repositoryId: string; categoryId: string; title: string; body: string };
      }) {
        demandWrite(c);
        const found = visible().find(({ id }) => `R_${id}` === input.repositoryId);
        const state = found && stateOf(found);
        const category = state?.categories.find(({ id }) => id === input.categoryId);
        if (!found || !state || !category) throw unresolved(input.categoryId);
        const number = Math.max(200, ...state.discussions.map((each) => each.number)) + 1;
        const { login, at: time } = at();
        const made: Discussion = {
          ...{ id: `D_${number}`, number, title: input.title, body: input.body, author: login, closed: false },
          ...{ category: category.slug, answer: null, comments: [], createdAt: time, updatedAt: time },
        };
        state.discussions.push(made);
        store.save();
        return { discussion: discussion(found, state, made) };
      },
      addDiscussionComment({ input }: { input: { discussionId: string; body: string; replyToId?: string | null } }) {
        demandWrite(c);
        for (const of of visible()) {
          const on = stateOf(of).discussions.find(({ id }) => id === input.discussionId);
          if (!on) continue;
          const parent = on.comments.find(({ id }) => id === input.replyToId);
          if (input.replyToId && !parent) throw unresolved(input.replyToId);
          const { login, at: time, nextId } = at();
          const made = { id: `DC_${nextId()}`, author: login, body: input.body, createdAt: time, replies: [] };
          (parent?.replies ?? on.comments).push(made);
          on.updatedAt = time;
          store.save();
          return { comment: comment(of, on, made) };
        }
        throw unresolved(input.discussionId);
      },
    };
  };
};

interface SentError {
  message: string;
  extensions?: Record<string, unknown>;
}

/** An error with GitHub's type of it. */
function refused(type: string, message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { type } });
}

function unresolved(id: string): GraphQLError {
  return refused("NOT_FOUND", `Could not resolve to a node with the global id of '${id}'.`);
}

function repository(of: Repository, state: DiscussionsState) {
  return {
    id: `R_${of.id}`,
    discussionCategories: (page: Page) => connection(state.categories, page, (each) => each),
    discussions({ categoryId, answered, states, orderBy, ...page }: DiscussionsPage) {
      const category = state.categories.find(({ id }) => id === categoryId);
      const found = state.discussions.filter(
        (each) =>
          (!categoryId || each.category === category?.slug) &&
          (answered == null || (each.answer !== null) === answered) &&
          (!states?.length || states.includes(each.closed ? "CLOSED" : "OPEN")),
      );
      const { field, direction } = orderBy ?? { field: "UPDATED_AT", direction: "DESC" };
      const key = field === "CREATED_AT" ? "createdAt" : "updatedAt";
      const sign = direction === "ASC" ? 1 : -1;
      found.sort((a, b) => sign * (a[key] < b[key] ? -1 : 1));
      return connection(found, page, (each) => discussion(of, state, each));
    },
    discussion({ number }: { number: number }) {
      const found = state.discussions.find((each) => each.number === number);
      if (found) return discussion(of, state, found);
      throw refused("NOT_FOUND", `Could not resolve to a Discussion with the number of ${number}.`);
    },
  };
}

function discussion(of: Repository, state: DiscussionsState, each: Discussion) {
  const category = state.categories.find(({ slug }) => slug === each.category)!;
  const answer = each.comments.find(({ id }) => id === each.answer);
  return {
    ...{ id: each.id, number: each.number, title: each.title, body: each.body, closed: each.closed, locked: false },
    ...{ author: user(each.author), category, isAnswered: category.isAnswerable ? Boolean(answer) : null },
    ...{ upvoteCount: 1, createdAt: each.createdAt, updatedAt: each.updatedAt, url: urlOf(of, each) },
    answer: answer && comment(of, each, answer),
    labels: () => connection([], {}, (label) => label),
    comments: (page: Page) => connection(each.comments, page, (one) => comment(of, each, one)),
  };
}

function comment(
  of: Repository,
  on: Discussion,
  each: DiscussionComment | DiscussionComment["replies"][number],
): object {
  return {
    ...{ id: each.id, body: each.body, author: user(each.author), isAnswer: each.id === on.answer, upvoteCount: 0 },
    ...{ createdAt: each.createdAt, url: `${urlOf(of, on)}#discussioncomment-${each.id}` },
    replies: (page: Page) => connection("replies" in each ? each.replies : [], page, (one) => comment(of, on, one)),
  };
}

function urlOf(of: Repository, { number }: Discussion): string {
  return `https://github.com/${of.owner}/${of.name}/discussions/${number}`;
}

function user(login: string) {
  return { __typename: "User", login };
}

/** A page of a list; like GitHub it insists on how many. */
function connection<Item>(all: readonly Item[], { first, after }: Page, toNode: (each: Item) => unknown) {
  if (first !== undefined && (first < 1 || first > 100)) {
    throw refused(
      "EXCESSIVE_PAGINATION",
      `Requesting ${first} records on the connection exceeds the limit of 100 records.`,
    );
  }
  const start = offsetOf(after);
  const nodes = all.slice(start, start + (first ?? 100));
  const end = start + nodes.length;
  return {
    totalCount: all.length,
    nodes: nodes.map(toNode),
    pageInfo: { hasNextPage: end < all.length, endCursor: nodes.length > 0 ? cursorOf(end) : null },
  };
}
