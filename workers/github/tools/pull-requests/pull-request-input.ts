import { number } from "../issues/issue-input.ts";
import { repositoryInput } from "../repository-input.ts";

/** The input that names a pull request. */
export const pullRequestInput = { ...repositoryInput, number: number.describe("Number of the pull request: 7 of #7") };
