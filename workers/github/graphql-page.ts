import type { PageInfo } from "@octokit/graphql-schema";
import { z } from "zod";

/** The input that asks for one page of a list of the GraphQL API. */
export const graphqlPageInput = {
  limit: z.int().min(1).max(100).default(30).describe("How many at most"),
  cursor: z
    .string()
    .regex(/^[\w=+/:.-]{1,500}$/, "must be a next_cursor of the answer before")
    .optional()
    .describe("next_cursor of the answer before, for what comes after it; all else as it was"),
};

/** The variables `$first` and `$after` of a query (https://docs.github.com/en/graphql/guides/using-pagination-in-the-graphql-api). */
export function graphqlPage({ limit, cursor }: { limit: number; cursor?: string | undefined }) {
  return { first: limit, after: cursor };
}

/** The cursor of the next page; undefined on the last one. */
export function nextGraphqlCursor({ hasNextPage, endCursor }: PageInfo): string | undefined {
  return (hasNextPage && endCursor) || undefined;
}
