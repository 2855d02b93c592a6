/** What GitHub's scanners found in a repository. */
export interface AlertsState {
  code: CodeAlert[];
  secrets: SecretAlert[];
  dependabot: DependabotAlert[];
}

export interface CodeAlert {
  number: number;
  state: "open" | "dismissed" | "fixed";
  rule: string;
  summary: string;
  severity: "low" | "medium" | "high" | "critical";
  tool: string;
  path: string;
  line: number;
}

export interface SecretAlert {
  number: number;
  state: "open" | "resolved";
  resolution: "revoked" | null;
  type: string;
  typeName: string;
  secret: string;
  validity: "active" | "inactive" | "unknown";
  locations: ({ path: string; line: number } | { issue: number })[];
}

export interface DependabotAlert {
  number: number;
  state: "open" | "dismissed" | "fixed";
  reason: string | null;
  comment: string | null;
  dismissedBy: string | null;
  package: string;
  severity: "low" | "medium" | "high" | "critical";
  /** Of an advisory of the global list. */
  advisory: string;
}

/** The secret of the first seeded alert: nothing of it is ever to be shown. */
export const LEAKED_SECRET = "ghp_16C7e42F292c6912E7710c838347Ae178B4a";

/** What the repositories have from the start, by full name: newest first. */
export function seedAlerts(): Record<string, AlertsState> {
  const code = Array.from({ length: 5 }, (_, index): CodeAlert => {
    const number = 5 - index;
    return {
      ...{ number, state: number === 2 ? "dismissed" : "open", rule: `js/apple-injection-${number}` },
      ...{ summary: "Apples from outside are counted unwashed", severity: number === 5 ? "critical" : "medium" },
      ...{ tool: "CodeQL", path: "src/count.ts", line: number },
    };
  });
  return {
    "ada/orchard": {
      code,
      secrets: [
        {
          ...{ number: 2, state: "open", resolution: null, validity: "active", secret: LEAKED_SECRET },
          ...{ type: "github_personal_access_token", typeName: "GitHub Personal Access Token" },
          locations: [{ path: "src/count.ts", line: 3 }, { issue: 7 }],
        },
        {
          ...{
            number: 1,
            state: "resolved",
            resolution: "revoked",
            validity: "inactive",
            secret: "AKIAIOSFODNN7EXAMPLE",
          },
          ...{ type: "aws_access_key_id", typeName: "Amazon AWS Access Key ID" },
          locations: [{ path: "src/index.ts", line: 1 }],
        },
      ],
      dependabot: Array.from({ length: 4 }, (_, index): DependabotAlert => {
        const number = 4 - index;
        return {
          ...{ number, state: "open", reason: null, comment: null, dismissedBy: null },
          ...{ package: number === 1 ? "pear" : "apple-picker", severity: number === 4 ? "high" : "low" },
          advisory: "GHSA-2345-6789-cfgh",
        };
      }),
    },
  };
}
