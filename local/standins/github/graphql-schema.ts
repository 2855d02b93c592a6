import { readFileSync } from "node:fs";
import { buildSchema, type GraphQLSchema } from "graphql";

let built: GraphQLSchema | undefined;

/** GitHub's own schema of its GraphQL API; it takes about a second to build, so that is done when it is asked for. */
export function graphqlSchema(): GraphQLSchema {
  if (built) return built;
  const file = new URL("schema.graphql", import.meta.resolve("@octokit/graphql-schema"));
  built = buildSchema(readFileSync(file, "utf8"), { assumeValid: true });
  return built;
}
