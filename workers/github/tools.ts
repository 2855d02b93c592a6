import { actionTools } from "./tools/actions.ts";
import { codeSecurityTools } from "./tools/code-security.ts";
import { contextTools } from "./tools/context.ts";
import { dependabotTools } from "./tools/dependabot.ts";
import { discussionTools } from "./tools/discussions.ts";
import { gistTools } from "./tools/gists.ts";
import { gitTools } from "./tools/git.ts";
import { issueTools } from "./tools/issues.ts";
import { labelTools } from "./tools/labels.ts";
import { notificationTools } from "./tools/notifications.ts";
import { orgTools } from "./tools/orgs.ts";
import { projectTools } from "./tools/projects.ts";
import { pullRequestTools } from "./tools/pull-requests.ts";
import { releaseTools } from "./tools/releases.ts";
import { repoTools } from "./tools/repos.ts";
import { searchTools } from "./tools/search.ts";
import { secretProtectionTools } from "./tools/secret-protection.ts";
import { securityAdvisoryTools } from "./tools/security-advisories.ts";
import { starTools } from "./tools/stars.ts";
import { userTools } from "./tools/users.ts";

/** Every tool of the service, in the order in which clients see them. */
export const tools = [
  ...contextTools,
  ...repoTools,
  ...issueTools,
  ...pullRequestTools,
  ...searchTools,
  ...userTools,
  ...labelTools,
  ...gitTools,
  ...starTools,
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

/** Toolsets of a client that names none: enough for most work, and few enough to choose among. */
export const usualToolsets = ["context", "repos", "issues", "pull_requests", "users", "search"];
