import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { buildSchema, type GraphQLSchema } from "graphql";

let built: GraphQLSchema | undefined;

/** GitHub's own schema of its GraphQL API; it takes about a second to build, so that is done when it is asked for. */
export function graphqlSchema(): GraphQLSchema {
  if (built) return built;
  const index = createRequire(import.meta.url).resolve("@octokit/graphql-schema");
  built = buildSchema(readFileSync(new URL("schema.graphql", `file://${index}`), "utf8"), { assumeValid: true });
  return built;
}
