/** What GitHub Actions keeps of a repository. */
export interface ActionsState {
  workflows: Workflow[];
  /** Newest first. */
  runs: Run[];
}

export interface Workflow {
  id: number;
  name: string;
  path: string;
  /** Names of the inputs of its trigger `workflow_dispatch`; undefined when it has no such trigger. */
  inputs?: string[];
}

export interface Run {
  id: number;
  workflowId: number;
  number: number;
  attempt: number;
  title: string;
  event: string;
  status: "queued" | "in_progress" | "completed";
  conclusion: "success" | "failure" | "cancelled" | null;
  branch: string;
  commit: string;
  actor: string;
  createdAt: string;
  updatedAt: string;
  jobs: Job[];
  artifacts: Artifact[];
  hasLogs: boolean;
}

export interface Job {
  id: number;
  name: string;
  status: Run["status"];
  conclusion: Run["conclusion"];
}

export interface Artifact {
  id: number;
  name: string;
  size: number;
  expired: boolean;
}

/** Lines of the log of the job that failed. */
export const LOG_LINES = 4000;

const COMMIT = "6dcb09b5b57875f334f61aebed695e2e4193db5e";

/** What the repositories have from the start, by full name. */
export function seedActions(): Record<string, ActionsState> {
  const at = (hour: number) => `2026-02-01T${String(hour).padStart(2, "0")}:00:00Z`;
  const runs = Array.from({ length: 8 }, (_, index): Run => {
    const number = 8 - index;
    const failed = number === 7;
    const running = number === 8;
    const status = running ? "in_progress" : "completed";
    const end = failed ? "failure" : "success";
    const job = (id: number, name: string, conclusion: Job["conclusion"]): Job => ({
      id,
      name,
      status,
      conclusion: running ? null : conclusion,
    });
    return {
      id: 9000 + number,
      workflowId: number === 6 ? 702 : 701,
      number,
      attempt: 1,
      title: `Count faster ${number}`,
      event: number === 6 ? "workflow_dispatch" : "push",
      status,
      conclusion: running ? null : end,
      branch: number % 2 === 0 ? "main" : "next",
      commit: COMMIT,
      actor: number % 2 === 0 ? "ada" : "grace",
      createdAt: at(number),
      updatedAt: at(number + 1),
      jobs: [job(9100 + number, "lint", "success"), job(9200 + number, "test", end)],
      artifacts: failed
        ? [
            { id: 9301, name: "coverage", size: 81_920, expired: false },
            { id: 9302, name: "old-report", size: 100, expired: true },
          ]
        : [],
      hasLogs: true,
    };
  });
  return {
    "ada/orchard": {
      workflows: [
        { id: 701, name: "CI", path: ".github/workflows/ci.yml" },
        { id: 702, name: "Deploy", path: ".github/workflows/deploy.yml", inputs: ["target", "note"] },
      ],
      runs,
    },
  };
}

/** The log of a job: coloured, each line with its time; that of a failed one is long, and tells why at its end. */
export function logOf(job: Job): string {
  const lines = Array.from({ length: job.conclusion === "failure" ? LOG_LINES : 20 }, (_, index) => {
    return `\u001b[36;1mcounting tree ${index + 1}: \u001b[0m果 ${(index * 37) % 211} apples`;
  });
  if (job.conclusion === "failure") {
    lines.push("##[error]tree 17 has no apples", "##[error]Process completed with exit code 1.");
  }
  const text = lines.map((line, index) => {
    const seconds = String(index % 60).padStart(2, "0");
    return `2026-02-01T09:00:${seconds}.1234567Z ${line}\n`;
  });
  return `\uFEFF${text.join("")}`;
}
