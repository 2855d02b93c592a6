import { maySee } from "./access.ts";
import type { AddRoutes, Call } from "./context.ts";
import { GithubError, validationFailed } from "./error.ts";
import { entrySha } from "./git-object.ts";
import { gitResources } from "./git-resources.ts";
import type { Issue, Repository } from "./model.ts";
import { pageOf } from "./page.ts";
import { SEEDED_PEOPLE } from "./seed.ts";
import { isSame } from "./store.ts";

/** A query of GitHub's search: words, and qualifiers such as `repo:ada/orchard`. */
interface Query {
  words: string[];
  qualifiers: Map<string, string[]>;
}

/** GitHub gives no more results than these. */
const MOST = 1000;

function parse(q: string): Query {
  const words: string[] = [];
  const qualifiers = new Map<string, string[]>();
  for (const [, name, quotedValue, value, quoted, word] of q.matchAll(/(\w+):(?:"([^"]*)"|(\S+))|"([^"]*)"|(\S+)/g)) {
    if (name) qualifiers.set(name, [...(qualifiers.get(name) ?? []), quotedValue ?? value ?? ""]);
    else words.push((quoted ?? word ?? "").toLowerCase());
  }
  return { words, qualifiers };
}

/** https://docs.github.com/en/rest/search/search, with as much of its language as is used: words and common qualifiers. */
export const addSearchRoutes: AddRoutes = (app, { store, as, ownedBy }) => {
  const queryOf = (c: Call): Query => {
    const q = c.req.query("q") ?? "";
    if (q.trim() === "") throw validationFailed({ resource: "Search", field: "q", code: "missing" });
    if (Number(c.req.query("page") ?? 1) * Number(c.req.query("per_page") ?? 30) > MOST) {
      throw new GithubError(422, "Only the first 1000 search results are available");
    }
    return parse(q);
  };
  const scored = (c: Call, all: object[], more: object = {}) => {
    const { items, headers } = pageOf(new URL(c.req.url), all);
    const scoredItems = items.map((each) => ({ ...each, score: 1 }));
    return c.json({ total_count: all.length, incomplete_results: false, items: scoredItems, ...more }, 200, headers);
  };
  const repositories = (c: Call, { qualifiers }: Query): Repository[] => {
    const seen = store.repositories().filter((each) => maySee(c.get("access"), each));
    const names = qualifiers.get("repo");
    const owners = [...(qualifiers.get("user") ?? []), ...(qualifiers.get("org") ?? [])];
    const wanted = seen.filter(
      ({ owner, name }) =>
        (!names || names.some((each) => isSame(each, `${owner}/${name}`))) &&
        (owners.length === 0 || owners.some((each) => isSame(each, owner))),
    );
    if (wanted.length === 0 && (names || owners.length > 0)) {
      const message =
        "The listed users and repositories cannot be searched either because the resources do not exist or you do not have permission to view them.";
      throw validationFailed({ resource: "Search", field: "q", code: "invalid", message });
    }
    return wanted;
  };
  const has = ({ words }: Query, text: string) => words.every((word) => text.toLowerCase().includes(word));
  const every = (values: string[] | undefined, test: (value: string) => boolean) => (values ?? []).every(test);

  app.get("/search/repositories", (c) => {
    const query = queryOf(c);
    const found = repositories(c, query).filter(
      (each) =>
        has(query, `${each.name} ${each.description ?? ""} ${each.topics.join(" ")}`) &&
        every(query.qualifiers.get("language"), (value) => isSame(value, each.language ?? "")) &&
        every(query.qualifiers.get("topic"), (value) => each.topics.includes(value)),
    );
    return scored(
      c,
      found.map((each) => as(c).repository(each, c.get("access"))),
    );
  });

  app.get("/search/issues", (c) => {
    const query = queryOf(c);
    const fits = (issue: Issue) =>
      has(query, `${issue.title} ${issue.body ?? ""}`) &&
      every([...(query.qualifiers.get("is") ?? []), ...(query.qualifiers.get("type") ?? [])], (value) => {
        if (value === "issue") return !issue.isPullRequest;
        if (value === "pr" || value === "pull-request") return issue.isPullRequest;
        return value === issue.state;
      }) &&
      every(query.qualifiers.get("state"), (value) => value === issue.state) &&
      every(query.qualifiers.get("author"), (value) => isSame(value, issue.author)) &&
      every(query.qualifiers.get("assignee"), (value) => issue.assignees.some((each) => isSame(each, value))) &&
      every(query.qualifiers.get("label"), (value) => issue.labels.some((each) => isSame(each, value)));
    const found = repositories(c, query).flatMap((repository) =>
      repository.issues.filter(fits).map((issue) => ({ issue, repository })),
    );
    found.sort((a, b) => (a.issue.createdAt < b.issue.createdAt ? 1 : -1));
    if (c.req.query("order") === "asc") found.reverse();
    const items = found.map(({ issue, repository }) => {
      const { closed_by: _, body, ...item } = as(c).issue(repository, issue);
      return { ...item, ...(body !== null && { body }) };
    });
    return scored(c, items, { search_type: "lexical" });
  });

  app.get("/search/users", (c) => {
    const query = queryOf(c);
    const found = SEEDED_PEOPLE.filter(
      ({ login, name, location }) =>
        has(query, `${login} ${name}`) &&
        every(query.qualifiers.get("type"), (value) => value === "user") &&
        every(query.qualifiers.get("location"), (value) => isSame(value, location ?? "")) &&
        every(
          query.qualifiers.get("repos"),
          (value) => ownedBy(login).length >= Number.parseInt(value.replace(/\D/g, ""), 10),
        ),
    );
    return scored(
      c,
      found.map(({ login }) => as(c).simpleUser(login)),
    );
  });

  app.get("/search/code", (c) => {
    const query = queryOf(c);
    if (query.words.length === 0) {
      const message =
        "Search text is required when searching source code. Searches that use qualifiers only are not allowed.";
      throw validationFailed({ resource: "Search", field: "q", code: "invalid", message });
    }
    const found = repositories(c, query).flatMap((repository) => {
      const tree = store.git(repository).branch(repository.defaultBranch)?.tree ?? new Map();
      return [...tree].flatMap(([path, entry]) => {
        if (entry.type !== "file" || entry.content.length > 384_000) return [];
        const text = entry.content.toString() as string;
        const isWanted =
          has(query, text) &&
          every(query.qualifiers.get("path"), (value) => path.startsWith(value)) &&
          every(query.qualifiers.get("extension"), (value) => path.endsWith(`.${value}`)) &&
          every(query.qualifiers.get("filename"), (value) => path.split("/").at(-1) === value);
        if (!isWanted) return [];
        const api = as(c).repositoryUrl(repository);
        const url = `${api}/contents/${path.split("/").map(encodeURIComponent).join("/")}`;
        const at = text.toLowerCase().indexOf(query.words[0]!);
        const from = Math.max(0, at - 40);
        const fragment = text.slice(from, at + 80);
        const match = {
          text: text.slice(at, at + query.words[0]!.length),
          indices: [at - from, at - from + query.words[0]!.length],
        };
        return [
          {
            name: path.split("/").at(-1),
            path,
            sha: entrySha(entry),
            url,
            git_url: `${api}/git/blobs/${entrySha(entry)}`,
            html_url: `https://github.com/${repository.owner}/${repository.name}/blob/main/${path.split("/").map(encodeURIComponent).join("/")}`,
            repository: as(c).repository(repository, c.get("access")),
            ...(/\.text-match/.test(c.req.header("accept") ?? "") && {
              text_matches: [
                { object_url: url, object_type: "FileContent", property: "content", fragment, matches: [match] },
              ],
            }),
          },
        ];
      });
    });
    return scored(c, found);
  });

  app.get("/search/commits", (c) => {
    const query = queryOf(c);
    const found = repositories(c, query).flatMap((repository) => {
      const head = store.git(repository).branch(repository.defaultBranch);
      return (head ? store.git(repository).history(head.sha) : [])
        .filter(
          ({ message, author }) =>
            has(query, message) &&
            every(query.qualifiers.get("author"), (value) => author.email.startsWith(`${value.toLowerCase()}@`)),
        )
        .map((commit) => {
          const { committer: _, ...each } = gitResources(as(c), repository).commit(commit);
          return { ...each, committer: null, repository: as(c).repository(repository, c.get("access")) };
        });
    });
    return scored(c, found);
  });
};
