import { z } from "zod";
import { repositoryInput } from "../repository-input.ts";
import { login } from "../user-input.ts";

/** The number of an issue or pull request. */
export const number = z.int().min(1).max(2_147_483_647);

/** The input that names an issue. */
export const issueInput = { ...repositoryInput, number: number.describe("Number of the issue: 7 of #7") };

/** Most characters that GitHub takes as a text. */
export const MAX_BODY = 65_536;

export const text = z.string().trim().min(1).max(MAX_BODY).describe("The text, in Markdown");

/** What an issue is made of. */
export const issueEdit = {
  title: z.string().trim().min(1).max(256),
  body: z.string().max(MAX_BODY),
  labels: z.array(z.string().trim().min(1).max(50)).max(100),
  assignees: z.array(login).max(10),
  milestone: z.int().min(1).max(1_000_000),
};
