import { definePrompt } from "@hybrid-mcp/service-kit/resource";
import { z } from "zod";

const repository = z.string().min(1).describe("Owner and name: octocat/hello");

/** Words with which a person begins. */
export const prompts = [
  definePrompt({
    name: "review_pull_request",
    title: "Review a pull request",
    description: "Reads a pull request and drafts a review, which the person submits.",
    input: z.object({ repository, number: z.string().min(1).describe("Number of the pull request") }),
    text: ({ repository: name, number }) =>
      `Review pull request #${number} of the GitHub repository ${name}. Read it with get_pull_request, its checks with get_pull_request_status, and its changes with list_pull_request_files and get_pull_request_diff. Look at the files around them where you have to. Then tell me what you found, worst first, each with file and line. Make a pending review of it with create_pull_request_review (no event) only when I say so, and submit nothing before I have seen it.`,
  }),
  definePrompt({
    name: "triage_issues",
    title: "Triage issues",
    description: "Goes through the open issues of a repository and proposes labels, duplicates and next steps.",
    input: z.object({ repository }),
    text: ({ repository: name }) =>
      `Go through the open issues of the GitHub repository ${name} with list_issues, oldest change last. For each one without a label propose labels out of those that the others have; look for duplicates with search_issues; say what is missing to work on it. Show me a table with number, title, proposal. Change nothing before I agree; then use update_issue and add_issue_comment.`,
  }),
];
