import { createIssue } from "./tools/create-issue.ts";
import { getFileContents } from "./tools/files.ts";
import { listIssues } from "./tools/issues.ts";
import { getMe } from "./tools/me.ts";

/** Every tool of the service, in the order in which clients see them. */
export const tools = [getMe, listIssues, getFileContents, createIssue];
