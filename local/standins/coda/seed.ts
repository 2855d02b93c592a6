import type { Cells, CodaState, Column, Doc, Page, Person, Row, Table, View } from "./model.ts";

const START = Date.UTC(2026, 0, 5, 9);
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

const STATUSES = ["Not started", "In progress", "Blocked", "Done"];
const TAGS = ["design", "backend", "docs", "infra", "research"];
const VERBS = ["Draft", "Review", "Build", "Test", "Ship"];
const SUBJECTS = [
  "landing page",
  "billing flow",
  "onboarding e-mail",
  "search index",
  "release notes",
  "import wizard",
  "status page",
  "mobile layout",
  "API reference",
  "access audit",
];
const PEOPLE: [name: string, role: string][] = [
  ["Alice Atkins", "Designer"],
  ["Bilal Haddad", "Engineer"],
  ["Chidi Okafor", "Engineer"],
  ["Dana Novak", "Product manager"],
  ["Elena Petrova", "Engineer"],
  ["Femi Adeyemi", "Writer"],
  ["Grace Lindqvist", "Designer"],
  ["Hiro Tanaka", "Engineer"],
];

/** How many rows the seeded table of tasks has. */
export const SEEDED_TASKS = 250;

/**
 * The state that a stand-in starts with: one shared doc, a project tracker, with the tables Tasks (250 rows) and
 * People (8 rows), a view of the tasks that are in progress, a formula, two controls and two automations. Ids and contents are the same every time.
 * @param owner who owns the doc
 */
export function seedCodaState(owner: Person): CodaState {
  const at = (offsetMs: number) => new Date(START + offsetMs).toISOString();
  const page = (id: string, name: string, more: Partial<Page> = {}): Page => ({
    id: `canvas-${id}`,
    name,
    createdAt: at(0),
    updatedAt: at(0),
    createdBy: owner,
    ...more,
  });
  const people: Table = {
    id: "grid-Qw81People",
    name: "People",
    pageId: "canvas-TeamPage03",
    createdAt: at(0),
    updatedAt: at(0),
    columns: PEOPLE_COLUMNS,
    rows: PEOPLE.map(([name, role], index) =>
      row(`i-person${pad(index + 1, 4)}`, at(index * MINUTE), {
        "c-PersonName": name,
        "c-PersonMail": `${name.split(" ")[0]!.toLowerCase()}@example.com`,
        "c-PersonRole": role,
      }),
    ),
  };
  const tasks: Table = {
    id: "grid-Zx52_Tasks",
    name: "Tasks",
    pageId: "canvas-TasksPg002",
    createdAt: at(0),
    updatedAt: at(SEEDED_TASKS * MINUTE),
    columns: TASK_COLUMNS,
    rows: Array.from({ length: SEEDED_TASKS }, (_, index) =>
      row(`i-task${pad(index + 1, 6)}`, at((index + 1) * MINUTE), task(index, people.rows)),
    ),
  };
  const inProgress: View = {
    id: "table-Vw90InProg",
    name: "Tasks in progress",
    pageId: "canvas-TasksPg002",
    createdAt: at(0),
    updatedAt: at(SEEDED_TASKS * MINUTE),
    tableId: tasks.id,
    where: { columnId: "c-TaskStatus", equals: "In progress" },
  };
  const doc: Doc = {
    id: "pT7kXw2LmQ",
    name: "Project Tracker",
    owner,
    shared: true,
    createdAt: at(0),
    updatedAt: at(SEEDED_TASKS * MINUTE),
    pages: [
      page("Overview01", "Overview", { subtitle: "What the team works on", content: OVERVIEW }),
      page("TasksPg002", "Task list", { parentId: "canvas-Overview01", content: "Every task, with who does it." }),
      page("TeamPage03", "Team", { content: "Who is who.\n\n- Ask **Dana** about plans\n- Ask **Femi** about texts" }),
    ],
    formulas: [
      {
        id: "f-OpenTasks1",
        name: "Open tasks",
        pageId: "canvas-Overview01",
        counts: { tableId: tasks.id, columnId: "c-TaskStatus", not: "Done" },
      },
    ],
    controls: [
      { id: "ctrl-Capacity1", name: "Capacity", pageId: "canvas-TeamPage03", controlType: "slider", value: 40 },
      {
        id: "ctrl-Quarter01",
        name: "Quarter",
        pageId: "canvas-Overview01",
        controlType: "select",
        value: ["Q1", "Q2"],
      },
    ],
    automations: [
      {
        id: "grid-auto-Intake001",
        enabled: true,
        tableId: tasks.id,
        takes: { task: "c-TaskName01", status: "c-TaskStatus" },
      },
      { id: "grid-auto-Paused002", enabled: false, tableId: tasks.id, takes: {} },
    ],
    tables: [tasks, people],
    views: [inProgress],
  };
  return { version: 1, revision: 0, docs: [doc], mutations: [] };
}

const OVERVIEW = `# Where things are

The team plans its work here.

- Tasks are in the task list
- People are on the team page

## How we work

Tasks move from *Not started* to **Done**. See [the guide](https://example.com/guide).`;

const TASK_COLUMNS: Column[] = [
  { id: "c-TaskName01", name: "Task", format: { type: "text", isArray: false }, display: true },
  { id: "c-TaskStatus", name: "Status", format: { type: "select", isArray: false } },
  { id: "c-TaskOwner1", name: "Assignee", format: { type: "lookup", isArray: false, tableId: "grid-Qw81People" } },
  { id: "c-TaskDueDay", name: "Due", format: { type: "date", isArray: false, details: { format: "YYYY-MM-DD" } } },
  { id: "c-TaskEffort", name: "Estimate", format: { type: "number", isArray: false, details: { precision: 1 } } },
  {
    id: "c-TaskBudget",
    name: "Budget",
    format: {
      type: "currency",
      isArray: false,
      details: { currencyCode: "USD", precision: 2, format: "currency" },
    },
  },
  { id: "c-TaskTags01", name: "Tags", format: { type: "select", isArray: true } },
  {
    id: "c-TaskClosed",
    name: "Closed",
    format: { type: "checkbox", isArray: false, details: { displayType: "check" } },
  },
  { id: "c-TaskLink01", name: "Link", format: { type: "link", isArray: false, details: { display: "url" } } },
  {
    id: "c-TaskMadeAt",
    name: "Created",
    format: {
      type: "dateTime",
      isArray: false,
      details: { dateFormat: "YYYY-MM-DD", timeFormat: "h:mm:ss A" },
    },
    formula: "thisRow.Created()",
  },
  { id: "c-TaskExtId1", name: "External ID", format: { type: "text", isArray: false }, hidden: true },
  {
    id: "c-TaskFinish",
    name: "Finish",
    format: {
      type: "button",
      isArray: false,
      details: { label: '"Finish"', action: 'ModifyRows(thisRow, Status, "Done", Closed, true)' },
    },
    sets: { "c-TaskStatus": "Done", "c-TaskClosed": true },
  },
];

const PEOPLE_COLUMNS: Column[] = [
  { id: "c-PersonName", name: "Name", format: { type: "text", isArray: false }, display: true },
  { id: "c-PersonMail", name: "E-mail", format: { type: "email", isArray: false, details: { display: "emailOnly" } } },
  { id: "c-PersonRole", name: "Role", format: { type: "select", isArray: false } },
];

function task(index: number, people: Row[]): Cells {
  const status = STATUSES[index % STATUSES.length]!;
  const cells: Cells = {
    "c-TaskName01": `${VERBS[index % VERBS.length]} ${SUBJECTS[Math.floor(index / VERBS.length) % SUBJECTS.length]} ${index + 1}`,
    "c-TaskStatus": status,
    "c-TaskDueDay": new Date(Date.UTC(2026, 1, 2) + (index % 120) * DAY).toISOString(),
    "c-TaskEffort": 0.5 + (index % 16) / 2,
    "c-TaskBudget": 100 + (index % 40) * 25,
    "c-TaskTags01": [TAGS[index % TAGS.length]!, TAGS[(index + 2) % TAGS.length]!],
    "c-TaskClosed": status === "Done",
    "c-TaskLink01": `https://example.com/tasks/${index + 1}`,
    "c-TaskExtId1": `EXT-${pad(index + 1, 4)}`,
  };
  // Every ninth task has nobody yet, so that empty cells are seen too.
  if (index % 9 !== 8) cells["c-TaskOwner1"] = { rowId: people[index % people.length]!.id };
  return cells;
}

function row(id: string, createdAt: string, cells: Cells): Row {
  return { id, createdAt, updatedAt: createdAt, revision: 0, cells };
}

function pad(value: number, digits: number): string {
  return String(value).padStart(digits, "0");
}
