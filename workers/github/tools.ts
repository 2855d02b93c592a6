import { actionTools } from "./tools/actions.ts";
import { codeSecurityTools } from "./tools/code-security.ts";
import { createIssue } from "./tools/create-issue.ts";
import { dependabotTools } from "./tools/dependabot.ts";
import { discussionTools } from "./tools/discussions.ts";
import { getFileContents } from "./tools/files.ts";
import { gistTools } from "./tools/gists.ts";
import { listIssues } from "./tools/issues.ts";
import { getMe } from "./tools/me.ts";
import { notificationTools } from "./tools/notifications.ts";
import { orgTools } from "./tools/orgs.ts";
import { projectTools } from "./tools/projects.ts";
import { releaseTools } from "./tools/releases.ts";
import { secretProtectionTools } from "./tools/secret-protection.ts";
import { securityAdvisoryTools } from "./tools/security-advisories.ts";

/** Every tool of the service, in the order in which clients see them. */
export const tools = [
  getMe,
  listIssues,
  getFileContents,
  createIssue,
  ...actionTools,
  ...notificationTools,
  ...discussionTools,
  ...releaseTools,
  ...gistTools,
  ...orgTools,
  ...codeSecurityTools,
  ...secretProtectionTools,
  ...dependabotTools,
  ...securityAdvisoryTools,
  ...projectTools,
];
