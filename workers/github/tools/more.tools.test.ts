import { checkTools } from "../../testing/check-tools.ts";
import { fullAccount } from "../testing/account.ts";
import { githubService } from "../testing/github-service.ts";
import { actionTools } from "./actions.ts";
import { codeSecurityTools } from "./code-security.ts";
import { dependabotTools } from "./dependabot.ts";
import { discussionTools } from "./discussions.ts";
import { gistTools } from "./gists.ts";
import { notificationTools } from "./notifications.ts";
import { orgTools } from "./orgs.ts";
import { projectTools } from "./projects.ts";
import { releaseTools } from "./releases.ts";
import { secretProtectionTools } from "./secret-protection.ts";
import { securityAdvisoryTools } from "./security-advisories.ts";

const orchard = { owner: "ada", repo: "orchard" };
const run = { ...orchard, run_id: 9007 };
const project = { owner_type: "org", owner: "analytical-engines", project: 1 };
const org = "analytical-engines";

const { harness } = githubService({ account: fullAccount });

checkTools(
  "github",
  [
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
  ],
  {
    list_workflows: orchard,
    list_workflow_runs: orchard,
    get_workflow_run: run,
    list_workflow_jobs: run,
    get_job_logs: run,
    get_workflow_run_usage: run,
    list_workflow_run_artifacts: run,
    download_workflow_run_artifact: { ...orchard, artifact_id: 9301 },
    run_workflow: { ...orchard, workflow: "deploy.yml", ref: "main" },
    rerun_workflow_run: run,
    rerun_failed_jobs: run,
    cancel_workflow_run: run,
    delete_workflow_run_logs: run,
    list_notifications: {},
    get_notification_details: { thread_id: "301" },
    dismiss_notification: { thread_id: "301" },
    mark_all_notifications_read: {},
    manage_notification_subscription: { thread_id: "301", action: "watch" },
    get_repository_notification_subscription: orchard,
    manage_repository_notification_subscription: { ...orchard, action: "watch" },
    list_discussions: orchard,
    get_discussion: { ...orchard, number: 201 },
    get_discussion_comments: { ...orchard, number: 207 },
    list_discussion_categories: orchard,
    create_discussion: { ...orchard, category: "ideas", title: "Pears", body: "Count them too." },
    add_discussion_comment: { ...orchard, number: 201, body: "Seven." },
    list_releases: orchard,
    get_latest_release: orchard,
    get_release_by_tag: { ...orchard, tag: "v1.0" },
    create_release: { ...orchard, tag: "v9.9" },
    update_release: { ...orchard, release_id: 400, name: "First" },
    delete_release: { ...orchard, release_id: 402 },
    list_gists: {},
    get_gist: { gist_id: "bb22" },
    create_gist: { files: { "notes.md": "# Notes" } },
    update_gist: { gist_id: "bb22", description: "Apples" },
    delete_gist: { gist_id: "aa11" },
    list_my_orgs: {},
    get_org: { org },
    list_org_members: { org },
    list_teams: { org },
    get_teams: {},
    get_team_members: { org, team: "engineers" },
    search_orgs: { query: "engines" },
    list_code_scanning_alerts: orchard,
    get_code_scanning_alert: { ...orchard, alert_number: 1 },
    list_secret_scanning_alerts: orchard,
    get_secret_scanning_alert: { ...orchard, alert_number: 2 },
    list_dependabot_alerts: orchard,
    get_dependabot_alert: { ...orchard, alert_number: 1 },
    update_dependabot_alert: { ...orchard, alert_number: 1, state: "dismissed", reason: "not_used" },
    list_global_security_advisories: {},
    get_global_security_advisory: { ghsa_id: "GHSA-2345-6789-cfgh" },
    list_repository_security_advisories: orchard,
    list_org_repository_security_advisories: { org },
    list_projects: { owner_type: "org", owner: org },
    get_project: project,
    list_project_fields: project,
    get_project_field: { ...project, field_id: 6103 },
    list_project_items: project,
    get_project_item: { ...project, item_id: 6201 },
    add_project_item: { ...project, type: "Issue", repo_owner: "ada", repo: "orchard", number: 5 },
    update_project_item: { ...project, item_id: 6201, fields: [{ id: 6104, value: "Soon" }] },
    delete_project_item: { ...project, item_id: 6202 },
  },
  harness,
);
