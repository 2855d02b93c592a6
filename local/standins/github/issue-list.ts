import { validationFailed } from "./error.ts";
import type { Issue } from "./model.ts";
import { isSame } from "./store.ts";

/**
 * The issues that a query asks for, in its order: https://docs.github.com/en/rest/issues/issues#list-repository-issues
 * @throws {GithubError} 422 for a value that a parameter cannot have
 */
export function selectIssues(issues: Issue[], query: URLSearchParams): Issue[] {
  const state = choice(query, "state", ["open", "closed", "all"]);
  const sort = choice(query, "sort", ["created", "updated", "comments"]);
  const direction = choice(query, "direction", ["desc", "asc"]);
  const labels = (query.get("labels") ?? "").split(",").filter(Boolean);
  const since = query.get("since");
  if (since !== null && Number.isNaN(Date.parse(since))) throw invalid("since");

  const selected = issues.filter(
    (issue) =>
      (state === "all" || issue.state === state) &&
      labels.every((label) => issue.labels.some((each) => isSame(each, label))) &&
      (since === null || Date.parse(issue.updatedAt) >= Date.parse(since)) &&
      matches(query.get("creator"), [issue.author]) &&
      matches(query.get("assignee"), issue.assignees) &&
      matches(query.get("milestone"), issue.milestone === null ? [] : [String(issue.milestone)]) &&
      (query.get("mentioned") === null || issue.body?.includes(`@${query.get("mentioned")}`)),
  );
  const key = { created: (issue: Issue) => issue.createdAt, updated: (issue: Issue) => issue.updatedAt };
  const upwards = (a: Issue, b: Issue) => {
    const order = sort === "comments" ? a.comments.length - b.comments.length : compare(key[sort](a), key[sort](b));
    return order || a.number - b.number;
  };
  return selected.sort((a, b) => (direction === "asc" ? upwards(a, b) : upwards(b, a)));
}

/** `*` is any, `none` is without. */
function matches(wanted: string | null, has: string[]): boolean {
  if (wanted === null) return true;
  if (wanted === "*") return has.length > 0;
  if (wanted === "none") return has.length === 0;
  return has.some((each) => isSame(each, wanted));
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** The first choice is the default. */
function choice<T extends string>(query: URLSearchParams, field: string, choices: readonly [T, ...T[]]): T {
  const value = query.get(field);
  if (value === null) return choices[0];
  const found = choices.find((each) => each === value);
  if (found === undefined) throw invalid(field);
  return found;
}

function invalid(field: string) {
  return validationFailed({ resource: "Issue", field, code: "invalid" });
}
