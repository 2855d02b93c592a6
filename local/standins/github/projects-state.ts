/** A project, of the organisation or person with this login. */
export interface Project {
  id: number;
  number: number;
  owner: string;
  ownerType: "org" | "user";
  title: string;
  description: string | null;
  summary: string | null;
  public: boolean;
  state: "open" | "closed";
  fields: Field[];
  items: Item[];
}

export interface Field {
  id: number;
  name: string;
  type: "title" | "assignees" | "single_select" | "text" | "number" | "date" | "iteration";
  options?: { id: string; name: string }[];
}

export interface Item {
  id: number;
  content:
    | { type: "Issue" | "PullRequest"; owner: string; repo: string; number: number }
    | { type: "DraftIssue"; title: string; body: string };
  /** By the field's id. */
  values: Record<string, string | number>;
  at: string;
}

/** What there is from the start. */
export function seedProjects(): { projects: Project[] } {
  const fields = (base: number): Field[] => [
    { id: base + 1, name: "Title", type: "title" },
    { id: base + 2, name: "Assignees", type: "assignees" },
    {
      ...{ id: base + 3, name: "Status", type: "single_select" },
      options: [
        { id: "98236657", name: "Todo" },
        { id: "47fc9ee4", name: "Done" },
      ],
    },
    { id: base + 4, name: "Notes", type: "text" },
    { id: base + 5, name: "Apples", type: "number" },
    { id: base + 6, name: "Due", type: "date" },
    { id: base + 7, name: "Season", type: "iteration", options: [{ id: "866ee5b8", name: "Autumn" }] },
  ];
  const at = "2026-02-01T09:00:00Z";
  const issue = (id: number, number: number): Item => ({
    ...{ id, at, content: { type: "Issue", owner: "ada", repo: "orchard", number } },
    values: { "6103": "98236657", "6105": number },
  });
  const common = { description: "# Plan\n\nWhat comes next.", summary: "What comes next", public: true } as const;
  return {
    projects: [
      {
        ...{ id: 6001, number: 1, owner: "analytical-engines", ownerType: "org", title: "Harvest", state: "open" },
        ...common,
        fields: fields(6100),
        items: [
          issue(6201, 1),
          issue(6202, 2),
          issue(6203, 4),
          { id: 6204, at, content: { type: "DraftIssue", title: "Buy a ladder", body: "A long one." }, values: {} },
        ],
      },
      {
        ...{ id: 6002, number: 2, owner: "analytical-engines", ownerType: "org", title: "Last year", state: "closed" },
        ...{ ...common, public: false },
        ...{ fields: fields(6300), items: [] },
      },
      {
        ...{ id: 6003, number: 1, owner: "ada", ownerType: "user", title: "At home", state: "open" },
        ...common,
        ...{ fields: fields(6400), items: [] },
      },
    ],
  };
}
