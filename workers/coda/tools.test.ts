import { checkDeadline, checkTools } from "../testing/check-tools.ts";
import { codaHarness, DOC } from "./testing/coda-harness.ts";
import { tools } from "./tools.ts";

const harness = codaHarness();
const doc = DOC;
const page = "Team";
const table = "Tasks";
const row = "i-task000001";

checkTools(
  "coda",
  tools,
  {
    resolve_link: { link: "https://coda.io/d/_dpT7kXw2LmQ" },
    whoami: {},
    get_edit_status: { request_id: "mutate:none" },
    list_docs: {},
    get_doc: { doc },
    create_doc: { title: "Notes" },
    copy_doc: { doc },
    update_doc: { doc, title: "Project Tracker" },
    delete_doc: { doc },
    list_pages: { doc },
    get_page: { doc, page },
    read_page: { doc, page },
    peek_page: { doc, page },
    create_page: { doc, name: "Plans" },
    append_to_page: { doc, page, content: "More." },
    replace_page_content: { doc, page, content: "Else." },
    update_page: { doc, page, subtitle: "Who is who" },
    duplicate_page: { doc, page },
    delete_page: { doc, page },
    list_tables: { doc },
    get_table: { doc, table },
    list_columns: { doc, table },
    get_column: { doc, table, column: "Status" },
    list_rows: { doc, table },
    get_row: { doc, table, row },
    upsert_rows: { doc, table: "People", rows: [{ Name: "Kim" }] },
    update_row: { doc, table, row, values: { Status: "Done" } },
    delete_row: { doc, table, row },
    delete_rows: { doc, table, rows: [row] },
    push_button: { doc, table, row, column: "Finish" },
    list_formulas: { doc },
    get_formula: { doc, formula: "Open tasks" },
    list_controls: { doc },
    get_control: { doc, control: "Capacity" },
    trigger_automation: { doc, rule: "grid-auto-Intake001" },
    get_sharing: { doc },
    list_permissions: { doc },
    add_permission: { doc, access: "readonly", principal: { type: "email", email: "bob@example.com" } },
    delete_permission: { doc, permission: "perm-none" },
    search_principals: { doc, query: "bob" },
    get_sharing_settings: { doc },
    update_sharing_settings: { doc, viewers_may_copy: false },
    list_categories: {},
    publish_doc: { doc },
    unpublish_doc: { doc },
    list_doc_analytics: {},
    list_page_analytics: { doc },
    get_analytics_summary: {},
    get_analytics_date: {},
    list_workspace_members: { workspace: "ws-Local0Work" },
    set_workspace_role: { workspace: "ws-Local0Work", email: "bob@example.com", role: "editor" },
    list_workspace_roles: { workspace: "ws-Local0Work" },
  },
  harness,
);

checkDeadline("list_docs", {}, harness);
