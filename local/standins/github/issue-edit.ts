import { z } from "zod";
import { mayPush } from "./access.ts";
import { GithubError, validationFailed } from "./error.ts";
import type { Issue, Repository } from "./model.ts";
import { personOf } from "./people.ts";
import { newIssueFields } from "./seed.ts";
import { isSame } from "./store.ts";

const MAX_TITLE = 256;
const MAX_BODY = 65_536;

const labelNames = z.array(z.union([z.string(), z.object({ name: z.string() }).transform(({ name }) => name)]));
const title = z.union([z.string(), z.int()]).transform(String);

/** Body of `issues/create`, as far as the stand-in knows it; GitHub ignores fields that it does not know. */
export const issueCreate = z.object({
  title,
  body: z.string().nullish(),
  labels: labelNames.optional(),
  assignee: z.string().nullish(),
  assignees: z.array(z.string()).optional(),
  milestone: z.union([z.string(), z.int()]).nullish(),
});

/** Body of `issues/update`. */
export const issueUpdate = issueCreate.partial().extend({
  state: z.enum(["open", "closed"]).optional(),
  state_reason: z.enum(["completed", "not_planned", "duplicate", "reopened"]).nullish(),
});

/** Body of `issues/create-comment`. */
export const commentCreate = z.object({ body: z.string() });

type Edit = z.output<typeof issueUpdate>;

export interface Editor {
  login: string;
  /** The time of the edit, ISO 8601. */
  at: string;
  nextId(): number;
}

/**
 * Reads a request's body; none is one without fields.
 * @throws {GithubError} 400 when it is no JSON, 422 when it is not as described
 */
export async function bodyOf<T>(request: { text(): Promise<string> }, schema: z.ZodType<T>): Promise<T> {
  const body = jsonIn(await request.text());
  const parsed = schema.safeParse(body, { reportInput: true });
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message, input }) =>
    path.length === 1 && input === undefined
      ? `"${String(path[0])}" wasn't supplied.`
      : `For 'properties/${path.join("/")}', ${JSON.stringify(input) ?? "nothing"} is not right: ${message}.`,
  );
  throw new GithubError(422, `Invalid request.\n\n${problems.join("\n")}`);
}

function jsonIn(text: string): unknown {
  try {
    return text === "" ? {} : JSON.parse(text);
  } catch {
    throw new GithubError(400, "Problems parsing JSON");
  }
}

/**
 * Makes an issue. What only people with push access may set is dropped for others without a word, as GitHub does.
 * @throws {GithubError} 422 naming the fields that cannot be so
 */
export function newIssue(repository: Repository, edit: z.output<typeof issueCreate>, editor: Editor): Issue {
  const issue: Issue = {
    ...newIssueFields(),
    id: editor.nextId(),
    number: Math.max(0, ...repository.issues.map((each) => each.number)) + 1,
    title: edit.title,
    body: null,
    state: "open",
    stateReason: null,
    author: editor.login,
    labels: [],
    assignees: [],
    comments: [],
    isPullRequest: false,
    createdAt: editor.at,
    updatedAt: editor.at,
    closedAt: null,
    closedBy: null,
  };
  applyEdit(repository, issue, edit, editor);
  return issue;
}

/**
 * Changes an issue in place; labels that the repository does not have are added to it.
 * @throws {GithubError} 422 naming the fields that cannot be so; nothing is changed then
 */
export function applyEdit(repository: Repository, issue: Issue, edit: Edit, editor: Editor): void {
  const push = mayPush(editor.login, repository);
  const assignees = edit.assignees ?? (edit.assignee === undefined ? undefined : edit.assignee ? [edit.assignee] : []);
  check(repository, edit, push ? assignees : undefined, push);

  if (edit.title !== undefined) issue.title = edit.title.trim();
  if (edit.body !== undefined) issue.body = edit.body;
  if (push && assignees) issue.assignees = unique(assignees).map((login) => personOf(login).login);
  if (push && edit.labels) issue.labels = unique(edit.labels).map((name) => labelNamed(repository, name, editor));
  if (push && edit.milestone !== undefined) issue.milestone = edit.milestone === null ? null : Number(edit.milestone);
  if (edit.state !== undefined && edit.state !== issue.state) {
    const closes = edit.state === "closed";
    issue.state = edit.state;
    issue.stateReason = edit.state_reason ?? (closes ? "completed" : "reopened");
    issue.closedAt = closes ? editor.at : null;
    issue.closedBy = closes ? editor.login : null;
  }
  issue.updatedAt = editor.at;
}

function check(repository: Repository, edit: Edit, assignees: string[] | undefined, push: boolean): void {
  const tooLong = (field: string, max: number) => ({
    resource: "Issue",
    code: "custom" as const,
    field,
    message: `${field} is too long (maximum is ${max} characters)`,
  });
  const unassignable = assignees?.filter((login) => !mayPush(login, repository)) ?? [];
  const errors = [
    ...(edit.title?.trim() === "" ? [{ resource: "Issue", code: "missing_field" as const, field: "title" }] : []),
    ...((edit.title?.length ?? 0) > MAX_TITLE ? [tooLong("title", MAX_TITLE)] : []),
    ...((edit.body?.length ?? 0) > MAX_BODY ? [tooLong("body", MAX_BODY)] : []),
    ...unassignable.map((value) => ({ resource: "Issue", code: "invalid" as const, field: "assignees", value })),
    ...(push && edit.milestone != null && !repository.milestones.some((each) => each.number === Number(edit.milestone))
      ? [{ resource: "Issue", code: "invalid" as const, field: "milestone", value: edit.milestone }]
      : []),
  ];
  if (errors.length > 0) throw validationFailed(...errors);
}

function labelNamed(repository: Repository, name: string, editor: Editor): string {
  const known = repository.labels.find((each) => isSame(each.name, name));
  if (known) return known.name;
  repository.labels.push({ id: editor.nextId(), name, color: "ededed", description: null, default: false });
  return name;
}

function unique(names: string[]): string[] {
  return names.filter((name, index) => names.findIndex((each) => isSame(each, name)) === index);
}
