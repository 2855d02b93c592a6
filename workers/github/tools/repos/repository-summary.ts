import type { components } from "@octokit/openapi-types";
import { z } from "zod";

type Schemas = components["schemas"];

/** A repository in a list. */
export const repositoryOutput = z.object({
  full_name: z.string(),
  private: z.boolean(),
  description: z.string().optional(),
  language: z.string().optional(),
  topics: z.array(z.string()).optional(),
  default_branch: z.string().optional(),
  stars: z.int().optional(),
  forks: z.int().optional(),
  open_issues: z.int().optional().describe("Pull requests too"),
  fork: z.boolean(),
  archived: z.boolean().optional(),
  pushed_at: z.string().optional(),
  url: z.string(),
});

type AnyRepository =
  | Schemas["repository"]
  | Schemas["minimal-repository"]
  | Schemas["full-repository"]
  | Schemas["repo-search-result-item"];

export function repositorySummary(repository: AnyRepository) {
  return {
    full_name: repository.full_name,
    private: repository.private,
    description: repository.description ?? undefined,
    language: repository.language ?? undefined,
    topics: repository.topics,
    default_branch: repository.default_branch,
    stars: repository.stargazers_count,
    forks: repository.forks_count,
    open_issues: repository.open_issues_count,
    fork: repository.fork,
    archived: repository.archived,
    pushed_at: repository.pushed_at ?? undefined,
    url: repository.html_url,
  };
}
