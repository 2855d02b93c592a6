export interface Organization {
  id: number;
  login: string;
  name: string;
  description: string | null;
  location: string;
  createdAt: string;
  members: { login: string; role: "admin" | "member"; isPublic: boolean }[];
  teams: Team[];
}

export interface Team {
  id: number;
  slug: string;
  name: string;
  description: string | null;
  /** Slug of the team that it is a part of. */
  parent: string | null;
  members: { login: string; role: "maintainer" | "member" }[];
}

/** The organisations that there are: nothing here changes them. */
export const ORGANIZATIONS: readonly Organization[] = [
  {
    id: 3001,
    login: "analytical-engines",
    name: "Analytical Engines",
    description: "Engines that count apples",
    location: "London",
    createdAt: "2019-01-01T00:00:00Z",
    members: [
      { login: "ada", role: "admin", isPublic: true },
      { login: "grace", role: "member", isPublic: false },
    ],
    teams: [
      {
        id: 3101,
        slug: "engineers",
        name: "Engineers",
        description: "Who builds engines",
        parent: null,
        members: [
          { login: "ada", role: "maintainer" },
          { login: "grace", role: "member" },
        ],
      },
      {
        id: 3102,
        slug: "counters",
        name: "Counters",
        description: null,
        parent: "engineers",
        members: [{ login: "grace", role: "member" }],
      },
    ],
  },
  {
    id: 3002,
    login: "pomology",
    name: "Pomology Society",
    description: null,
    location: "Berlin",
    createdAt: "2020-01-01T00:00:00Z",
    members: [{ login: "carla-costa", role: "admin", isPublic: true }],
    teams: [],
  },
];
