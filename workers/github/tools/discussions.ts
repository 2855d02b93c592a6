import { ToolError } from "@hybrid-mcp/service-kit/tool";
import type {
  AddDiscussionCommentInput,
  AddDiscussionCommentPayload,
  CreateDiscussionInput,
  CreateDiscussionPayload,
  Discussion,
  DiscussionComment,
  DiscussionCommentConnection,
  Maybe,
  Repository,
} from "@octokit/graphql-schema";
import { z } from "zod";
import { defineTool, type GithubApi } from "../api.ts";
import { graphqlPage, graphqlPageInput, nextGraphqlCursor } from "../graphql-page.ts";
import { lookFirst } from "../unanswered.ts";
import { beginning, beginningInput, beginningOutput, part, partInput, partOutput } from "./body-text.ts";
import { pageOutput } from "./page-output.ts";
import { repositoryInput } from "./repository-input.ts";

const toolset = "discussions";

/** What every query here asks about. */
interface InRepository {
  repository: Repository;
}

const numberInput = {
  number: z.int().min(1).max(2_000_000_000).describe("Number of the discussion, of list_discussions"),
};

const discussion = z.object({
  number: z.int(),
  title: z.string(),
  category: z.string().describe("Slug of the category"),
  author: z.string().optional(),
  state: z.enum(["open", "closed"]),
  answered: z.boolean().optional().describe("Of a category whose discussions can be answered"),
  locked: z.boolean(),
  comments: z.int(),
  upvotes: z.int(),
  created_at: z.string(),
  updated_at: z.string(),
  url: z.string(),
});

const DISCUSSION_FIELDS = `
  number title body closed isAnswered locked upvoteCount createdAt updatedAt url
  author { login } category { slug } comments { totalCount }
`;

function discussionOf(from: Discussion): z.input<typeof discussion> {
  return {
    number: from.number,
    title: from.title,
    category: from.category.slug,
    author: from.author?.login,
    state: from.closed ? "closed" : "open",
    answered: from.isAnswered ?? undefined,
    locked: from.locked,
    comments: from.comments.totalCount,
    upvotes: from.upvoteCount,
    created_at: from.createdAt,
    updated_at: from.updatedAt,
    url: from.url,
  };
}

const categoryInput = z
  .string()
  .regex(/^[\p{L}\p{N}_-]{1,100}$/u, "must be the slug of a category")
  .describe('Slug of a category, of list_discussion_categories: "q-a"');

export const listDiscussions = defineTool({
  name: "list_discussions",
  title: "List discussions",
  description:
    "Lists the discussions of a repository, those with the latest news first unless asked otherwise, with the beginning of their texts. All of one: get_discussion.",
  scope: "github:read",
  toolset,
  readOnly: true,
  input: z.strictObject({
    ...repositoryInput,
    category: categoryInput.optional(),
    state: z.enum(["open", "closed", "all"]).default("all").describe("Only discussions in this state"),
    answered: z.boolean().optional().describe("Only discussions that have an answer, or have none"),
    sort: z.enum(["updated", "created"]).default("updated").describe("By which time"),
    direction: z.enum(["desc", "asc"]).default("desc").describe("desc: the latest first"),
    body_length: beginningInput(300),
    ...graphqlPageInput,
  }),
  output: z.object({
    discussions: z.array(discussion.extend(beginningOutput)),
    total_count: z.int(),
    ...pageOutput,
  }),
  async run({ owner, repo, category, state, answered, sort, direction, body_length, ...page }, { upstream, signal }) {
    const categoryId = category && (await categoryOf(category, { owner, repo }, upstream, signal)).categoryId;
    const { repository } = await upstream.graphql<InRepository>(
      `query ($owner: String!, $repo: String!, $first: Int!, $after: String, $categoryId: ID, $answered: Boolean,
        $states: [DiscussionState!], $order: DiscussionOrder!) {
        repository(owner: $owner, name: $repo) {
          discussions(first: $first, after: $after, categoryId: $categoryId, answered: $answered, states: $states,
            orderBy: $order) {
            totalCount pageInfo { hasNextPage endCursor } nodes { ${DISCUSSION_FIELDS} }
          }
        }
      }`,
      {
        ...{ owner, repo, categoryId, answered, ...graphqlPage(page) },
        states: state === "all" ? undefined : [state.toUpperCase()],
        order: { field: `${sort.toUpperCase()}_AT`, direction: direction.toUpperCase() },
      },
      signal,
    );
    const { totalCount, pageInfo, nodes } = repository.discussions;
    return {
      discussions: present(nodes).map((each) => ({ ...discussionOf(each), ...beginning(each.body, body_length) })),
      total_count: totalCount,
      next_cursor: nextGraphqlCursor(pageInfo),
    };
  },
});

export const getDiscussion = defineTool({
  name: "get_discussion",
  title: "Get a discussion",
  description:
    "Reads a discussion and the comment that was chosen as its answer. What else was said: get_discussion_comments.",
  scope: "github:read",
  toolset,
  readOnly: true,
  input: z.strictObject({ ...repositoryInput, ...numberInput, ...partInput }),
  output: discussion.extend({
    ...partOutput,
    labels: z.array(z.string()),
    answer: z.object({ author: z.string().optional(), created_at: z.string(), ...beginningOutput }).optional(),
  }),
  async run({ owner, repo, number, ...text }, { upstream, signal }) {
    const { repository } = await upstream.graphql<InRepository>(
      `query ($owner: String!, $repo: String!, $number: Int!) {
        repository(owner: $owner, name: $repo) {
          discussion(number: $number) {
            ${DISCUSSION_FIELDS} labels(first: 100) { nodes { name } } answer { author { login } body createdAt }
          }
        }
      }`,
      { owner, repo, number },
      signal,
    );
    const found = existing(repository.discussion);
    const { answer } = found;
    return {
      ...discussionOf(found),
      ...part(found.body, text),
      labels: present(found.labels?.nodes).map(({ name }) => name),
      ...(answer && {
        answer: {
          ...{ author: answer.author?.login, created_at: answer.createdAt },
          ...beginning(answer.body, 10_000),
        },
      }),
    };
  },
});

const comment = z.object({
  id: z.string().describe("To reply to it: add_discussion_comment"),
  author: z.string().optional(),
  answer: z.boolean().describe("Whether it was chosen as the answer"),
  upvotes: z.int(),
  created_at: z.string(),
  url: z.string(),
  ...partOutput,
});

const COMMENT_FIELDS = "id body isAnswer upvoteCount createdAt url author { login }";

/** Replies that come with a comment; all of them can be asked for. */
const MAX_REPLIES = 5;

/** The input that names a comment. */
const commentInput = z.string().regex(/^[\w=+/-]{1,200}$/, "must be the id of a comment");

function commentOf(
  from: DiscussionComment,
  text: { body_offset: number; body_length: number },
): z.input<typeof comment> {
  return {
    id: from.id,
    author: from.author?.login,
    answer: from.isAnswer,
    upvotes: from.upvoteCount,
    created_at: from.createdAt,
    url: from.url,
    ...part(from.body, text),
  };
}

export const getDiscussionComments = defineTool({
  name: "get_discussion_comments",
  title: "Get a discussion's comments",
  description: `Reads the comments of a discussion, the first first, each with up to ${MAX_REPLIES} replies; or all replies to one of them.`,
  scope: "github:read",
  toolset,
  readOnly: true,
  input: z.strictObject({
    ...repositoryInput,
    ...numberInput,
    replies_to: commentInput.optional().describe("Id of a comment: only the replies to it, in place of comments"),
    body_offset: z.int().min(0).default(0).describe("Character of each text to begin at"),
    body_length: z.int().min(1).max(50_000).default(800).describe("How much of each text at most, in characters"),
    ...graphqlPageInput,
    limit: z.int().min(1).max(50).default(10).describe("How many at most"),
  }),
  output: z.object({
    comments: z.array(comment.extend({ replies: z.array(comment).optional(), more_replies: z.int().optional() })),
    total_count: z.int(),
    ...pageOutput,
  }),
  async run({ owner, repo, number, replies_to, body_offset, body_length, ...page }, { upstream, signal }) {
    const text = { body_offset, body_length };
    const name = { owner, repo, number };
    const { totalCount, pageInfo, nodes } = replies_to
      ? await repliesTo(replies_to, page, upstream, signal)
      : await commentsOn(name, page, upstream, signal);
    return {
      comments: present(nodes).map((each) => {
        if (replies_to) return commentOf(each, text);
        const replies = present(each.replies.nodes).map((reply) => commentOf(reply, text));
        const more = each.replies.totalCount - replies.length;
        return { ...commentOf(each, text), replies, ...(more > 0 && { more_replies: more }) };
      }),
      total_count: totalCount,
      next_cursor: nextGraphqlCursor(pageInfo),
    };
  },
});

type CommentsPage = Parameters<typeof graphqlPage>[0];

async function commentsOn(
  name: { owner: string; repo: string; number: number },
  page: CommentsPage,
  upstream: GithubApi,
  signal: AbortSignal,
): Promise<DiscussionCommentConnection> {
  const { repository } = await upstream.graphql<InRepository>(
    `query ($owner: String!, $repo: String!, $number: Int!, $first: Int!, $after: String) {
      repository(owner: $owner, name: $repo) {
        discussion(number: $number) {
          comments(first: $first, after: $after) {
            totalCount pageInfo { hasNextPage endCursor }
            nodes { ${COMMENT_FIELDS} replies(first: ${MAX_REPLIES}) { totalCount nodes { ${COMMENT_FIELDS} } } }
          }
        }
      }
    }`,
    { ...name, ...graphqlPage(page) },
    signal,
  );
  return existing(repository.discussion).comments;
}

async function repliesTo(
  id: string,
  page: CommentsPage,
  upstream: GithubApi,
  signal: AbortSignal,
): Promise<DiscussionCommentConnection> {
  const { node } = await upstream.graphql<{ node: Maybe<Partial<DiscussionComment>> }>(
    `query ($id: ID!, $first: Int!, $after: String) {
      node(id: $id) {
        ... on DiscussionComment {
          replies(first: $first, after: $after) {
            totalCount pageInfo { hasNextPage endCursor } nodes { ${COMMENT_FIELDS} }
          }
        }
      }
    }`,
    { id, ...graphqlPage(page) },
    signal,
  );
  if (!node?.replies) throw new ToolError("replies_to is not the id of a comment: get_discussion_comments gives them.");
  return node.replies;
}

export const listDiscussionCategories = defineTool({
  name: "list_discussion_categories",
  title: "List the categories of discussions",
  description:
    "Lists the categories that a repository's discussions are in, for list_discussions and create_discussion.",
  scope: "github:read",
  toolset,
  readOnly: true,
  input: z.strictObject({ ...repositoryInput, ...graphqlPageInput }),
  output: z.object({
    categories: z.array(
      z.object({
        slug: z.string(),
        name: z.string(),
        description: z.string().optional(),
        answerable: z.boolean().describe("Whether a comment can be chosen as the answer"),
      }),
    ),
    ...pageOutput,
  }),
  async run({ owner, repo, ...page }, { upstream, signal }) {
    const { repository } = await upstream.graphql<InRepository>(
      `query ($owner: String!, $repo: String!, $first: Int!, $after: String) {
        repository(owner: $owner, name: $repo) {
          discussionCategories(first: $first, after: $after) {
            pageInfo { hasNextPage endCursor } nodes { slug name description isAnswerable }
          }
        }
      }`,
      { owner, repo, ...graphqlPage(page) },
      signal,
    );
    const { pageInfo, nodes } = repository.discussionCategories;
    return {
      categories: present(nodes).map(({ slug, name, description, isAnswerable }) => ({
        ...{ slug, name, description: description || undefined, answerable: isAnswerable },
      })),
      next_cursor: nextGraphqlCursor(pageInfo),
    };
  },
});

export const createDiscussion = defineTool({
  name: "create_discussion",
  title: "Start a discussion",
  description: "Starts a discussion in a repository, in the name of the person. Everybody who watches it is told.",
  scope: "github:write",
  toolset,
  readOnly: false,
  input: z.strictObject({
    ...repositoryInput,
    category: categoryInput,
    title: z.string().trim().min(1).max(256).describe("What it is about"),
    body: z.string().trim().min(1).max(65_536).describe("The text, in Markdown"),
  }),
  output: z.object({ number: z.int(), url: z.string() }),
  async run({ owner, repo, category, title, body }, { upstream, signal }) {
    const { repositoryId, categoryId } = await categoryOf(category, { owner, repo }, upstream, signal);
    const input: CreateDiscussionInput = { repositoryId, categoryId, title, body };
    const { createDiscussion } = await upstream.graphql<{ createDiscussion: CreateDiscussionPayload }>(
      "mutation ($input: CreateDiscussionInput!) { createDiscussion(input: $input) { discussion { number url } } }",
      { input },
      signal,
      lookFirst("list_discussions"),
    );
    const { number, url } = createDiscussion.discussion!;
    return { number, url };
  },
});

export const addDiscussionComment = defineTool({
  name: "add_discussion_comment",
  title: "Comment on a discussion",
  description: "Writes a comment on a discussion, or a reply to one of its comments, in the name of the person.",
  scope: "github:write",
  toolset,
  readOnly: false,
  input: z.strictObject({
    ...repositoryInput,
    ...numberInput,
    body: z.string().trim().min(1).max(65_536).describe("The text, in Markdown"),
    reply_to: commentInput.optional().describe("Id of the comment to reply to, of get_discussion_comments"),
  }),
  output: z.object({ id: z.string(), url: z.string() }),
  async run({ owner, repo, number, body, reply_to }, { upstream, signal }) {
    const { repository } = await upstream.graphql<InRepository>(
      `query ($owner: String!, $repo: String!, $number: Int!) {
        repository(owner: $owner, name: $repo) { discussion(number: $number) { id } }
      }`,
      { owner, repo, number },
      signal,
    );
    const input: AddDiscussionCommentInput = {
      discussionId: existing(repository.discussion).id,
      body,
      replyToId: reply_to,
    };
    const { addDiscussionComment } = await upstream.graphql<{ addDiscussionComment: AddDiscussionCommentPayload }>(
      "mutation ($input: AddDiscussionCommentInput!) { addDiscussionComment(input: $input) { comment { id url } } }",
      { input },
      signal,
      lookFirst("get_discussion_comments"),
    );
    const { id, url } = addDiscussionComment.comment!;
    return { id, url };
  },
});

/** GraphQL names repositories and categories by ids that people never see. */
async function categoryOf(
  slug: string,
  name: { owner: string; repo: string },
  upstream: GithubApi,
  signal: AbortSignal,
): Promise<{ repositoryId: string; categoryId: string }> {
  const { repository } = await upstream.graphql<InRepository>(
    `query ($owner: String!, $repo: String!) {
      repository(owner: $owner, name: $repo) { id discussionCategories(first: 100) { nodes { id slug } } }
    }`,
    name,
    signal,
  );
  const categories = present(repository.discussionCategories.nodes);
  const found = categories.find((each) => each.slug === slug);
  if (found) return { repositoryId: repository.id, categoryId: found.id };
  const known = categories.map((each) => each.slug).join(", ");
  throw new ToolError(
    `There is no category ${slug}. ${known ? `There are ${known}.` : "The repository has no discussions."}`,
  );
}

/** @throws {ToolError} when there is none */
function existing(found: Maybe<Discussion> | undefined): Discussion {
  if (!found)
    throw new ToolError("There is no discussion with this number: list_discussions gives those that there are.");
  return found;
}

/** GraphQL leaves a place empty where something may not be seen. */
function present<Item>(nodes: Maybe<Maybe<Item>[]> | undefined): Item[] {
  return (nodes ?? []).filter((node) => node !== null);
}

export const discussionTools = [
  listDiscussions,
  getDiscussion,
  getDiscussionComments,
  listDiscussionCategories,
  createDiscussion,
  addDiscussionComment,
];
