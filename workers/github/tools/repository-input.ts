import { z } from "zod";

/**
 * The input that names a repository. The signs are those that GitHub allows, so that a name never reaches another path
 * of the API.
 */
export const repositoryInput = {
  owner: z
    .string()
    .regex(
      /^[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?$/,
      "must be the login of a person or organisation, without a slash",
    )
    .max(100)
    .describe('Login of the person or organisation that owns the repository: "octocat" of octocat/hello'),
  repo: z
    .string()
    .regex(/^(?!\.{1,2}$)[A-Za-z0-9._-]+$/, "must be the repository's name alone, without owner and slash")
    .max(100)
    .describe('Name of the repository: "hello" of octocat/hello'),
};
