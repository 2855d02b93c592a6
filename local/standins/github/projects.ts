import { z } from "zod";
import { maySee } from "./access.ts";
import type { AddRoutes, Call } from "./context.ts";
import { cursorPaged } from "./cursor-page.ts";
import { demandScope } from "./demand-scope.ts";
import { described } from "./described.ts";
import { GithubError } from "./error.ts";
import { bodyOf } from "./issue-edit.ts";
import { ORGANIZATIONS } from "./orgs-state.ts";
import { personOf } from "./people.ts";
import { type Field, type Item, type Project, seedProjects } from "./projects-state.ts";
import { isSame } from "./store.ts";

const addition = z.object({
  type: z.enum(["Issue", "PullRequest"]),
  owner: z.string(),
  repo: z.string(),
  number: z.int(),
});
const changes = z.object({
  fields: z.array(z.object({ id: z.int(), value: z.union([z.string(), z.number(), z.null()]) })),
});

const AT = "2026-02-01T09:00:00Z";

/** https://docs.github.com/en/rest/projects: organisations and people have the same endpoints. */
export const addProjectRoutes: AddRoutes = (app, context) => {
  addProjects(app, context, "org", "/orgs/:login/projectsV2");
  addProjects(app, context, "user", "/users/:login/projectsV2");
};

function addProjects(
  app: Parameters<AddRoutes>[0],
  { store, as, editor }: Parameters<AddRoutes>[1],
  ownerType: Project["ownerType"],
  base: string,
): void {
  /** Who may change the projects of an owner: its members, or the person. */
  const isOwn = (c: Call, login: string) => {
    const me = c.get("access").login;
    if (ownerType === "user") return isSame(login, me);
    const org = ORGANIZATIONS.find((each) => isSame(each.login, login));
    return org?.members.some((each) => isSame(each.login, me)) ?? false;
  };

  const projectsOf = (c: Call, level: "read" | "write") => {
    demandScope(c, ...(level === "read" ? ["read:project", "project"] : ["project"]));
    const login = c.req.param("login")!;
    const own = isOwn(c, login);
    const all = store.area("projects", seedProjects).projects;
    const found = all.filter((each) => each.ownerType === ownerType && isSame(each.owner, login));
    if (found.length === 0) throw new GithubError(404, "Not Found");
    return { own, projects: found.filter((each) => own || each.public) };
  };

  const projectOf = (c: Call, level: "read" | "write" = "read"): Project => {
    const { own, projects } = projectsOf(c, level);
    const project = projects.find(({ number }) => String(number) === c.req.param("project"));
    if (!project) throw new GithubError(404, "Not Found");
    if (level === "write" && !own) throw new GithubError(403, "Must have write access to the project.");
    return project;
  };

  const itemOf = (c: Call, level?: "read" | "write") => {
    const project = projectOf(c, level);
    const item = project.items.find(({ id }) => String(id) === c.req.param("item"));
    if (!item) throw new GithubError(404, "Not Found");
    return { project, item };
  };

  const project = (c: Call, each: Project) =>
    described("projects-v2", {
      ...{ id: each.id, number: each.number, title: each.title, description: each.description, state: each.state },
      ...{ short_description: each.summary, public: each.public, created_at: AT, updated_at: AT, is_template: false },
      ...{ owner: as(c).simpleUser(each.owner), creator: as(c).simpleUser(personOf("ada").login) },
      closed_at: each.state === "closed" ? AT : null,
    });

  const words = (raw: string) => ({ raw, html: raw });
  const option = ({ id, name }: { id: string; name: string }) => ({
    ...{ id, name: words(name), description: words(""), color: "GRAY" },
  });

  const field = (c: Call, of: Project, each: Field) => ({
    ...{ id: each.id, name: each.name, data_type: each.type, created_at: AT, updated_at: AT },
    project_url: `${c.get("base")}/projects/${of.id}`,
    ...(each.type === "single_select" && { options: each.options!.map(option) }),
    ...(each.type === "iteration" && {
      configuration: {
        ...{ start_day: 1, duration: 14 },
        iterations: each.options!.map(({ id, name }) => ({
          ...{ id, title: words(name), start_date: "2026-09-01", duration: 14, completed: false },
        })),
      },
    }),
  });

  const issueOf = ({ content }: Item) => {
    if (content.type === "DraftIssue") return undefined;
    const repository = store.repository(content.owner, content.repo);
    const issue = repository?.issues.find(({ number }) => number === content.number);
    return repository && issue && { repository, issue };
  };

  const contentOf = (c: Call, item: Item) => {
    const found = issueOf(item);
    if (found) return as(c).issue(found.repository, found.issue);
    const { title, body } = item.content as Extract<Item["content"], { type: "DraftIssue" }>;
    return described("projects-v2-draft-issue", { id: item.id, title, body, user: as(c).simpleUser("ada") });
  };

  const fieldValue = (c: Call, item: Item, each: Field) => {
    const value = item.values[each.id];
    if (each.type === "title") return words(String(contentOf(c, item).title));
    if (each.type === "assignees") return issueOf(item)?.issue.assignees.map((login) => as(c).simpleUser(login)) ?? [];
    const chosen = each.options?.find(({ id }) => id === value);
    if (!chosen) return value ?? null;
    return each.type === "iteration" ? { id: chosen.id, title: words(chosen.name), duration: 14 } : option(chosen);
  };

  const simple = (c: Call, of: Project, each: Item) => ({
    ...{ id: each.id, content_type: each.content.type, created_at: each.at, updated_at: each.at, archived_at: null },
    ...{ content: contentOf(c, each), creator: as(c).simpleUser("ada") },
    project_url: `${c.get("base")}/projects/${of.id}`,
    item_url: `${c.get("base")}/projects/${of.id}/items/${each.id}`,
  });

  const item = (c: Call, of: Project, each: Item) => {
    const ids = c.req.query("fields")?.split(",");
    const wanted = of.fields.filter(({ id, type }) => ids?.includes(String(id)) ?? type === "title");
    return {
      ...simple(c, of, each),
      fields: wanted.map((known) => ({
        ...{ id: known.id, name: known.name, data_type: known.type, value: fieldValue(c, each, known) },
      })),
    };
  };

  app.get(base, (c) => {
    const q = c.req.query("q")?.toLowerCase();
    const found = projectsOf(c, "read").projects.filter(
      ({ title, state }) => !q || q === `is:${state}` || title.toLowerCase().includes(q),
    );
    return cursorPaged(c, found, (each) => project(c, each));
  });
  app.get(`${base}/:project`, (c) => c.json(project(c, projectOf(c))));

  app.get(`${base}/:project/fields`, (c) => {
    const of = projectOf(c);
    return cursorPaged(c, of.fields, (each) => field(c, of, each));
  });
  app.get(`${base}/:project/fields/:field`, (c) => {
    const of = projectOf(c);
    const found = of.fields.find(({ id }) => String(id) === c.req.param("field"));
    if (!found) throw new GithubError(404, "Not Found");
    return c.json(field(c, of, found));
  });

  app.get(`${base}/:project/items`, (c) => {
    const of = projectOf(c);
    const q = c.req.query("q");
    const kind = { "is:issue": "Issue", "is:pr": "PullRequest", "is:draft": "DraftIssue" }[q ?? ""];
    const found = of.items.filter((each) => {
      if (!q) return true;
      if (kind) return each.content.type === kind;
      return String(contentOf(c, each).title).toLowerCase().includes(q.toLowerCase());
    });
    return cursorPaged(c, found, (each) => item(c, of, each));
  });
  app.get(`${base}/:project/items/:item`, (c) => {
    const found = itemOf(c);
    return c.json(item(c, found.project, found.item));
  });

  app.post(`${base}/:project/items`, async (c) => {
    const of = projectOf(c, "write");
    const content = await bodyOf(c.req, addition);
    const { at, nextId } = editor(c);
    const added: Item = { id: nextId(), content, values: {}, at };
    const target = issueOf(added);
    const isPullRequest = content.type === "PullRequest";
    if (!target || !maySee(c.get("access"), target.repository) || target.issue.isPullRequest !== isPullRequest) {
      throw new GithubError(404, "Not Found");
    }
    const same = of.items.find((each) => issueOf(each)?.issue.id === target.issue.id);
    if (!same) of.items.push(added);
    store.save();
    return c.json(simple(c, of, same ?? added), 201);
  });

  app.patch(`${base}/:project/items/:item`, async (c) => {
    const { project: of, item: found } = itemOf(c, "write");
    const { fields } = await bodyOf(c.req, changes);
    const values = { ...found.values };
    for (const { id, value } of fields) {
      const known = of.fields.find((each) => each.id === id);
      if (!known || known.type === "title" || known.type === "assignees") {
        throw new GithubError(422, `Field ${id} cannot be set`);
      }
      if (value === null) delete values[id];
      else if (fits(known, value)) values[id] = value;
      else throw new GithubError(422, `The value of ${known.name} is invalid`);
    }
    Object.assign(found, { values, at: editor(c).at });
    store.save();
    return c.json(item(c, of, found));
  });

  app.delete(`${base}/:project/items/:item`, (c) => {
    const { project: of, item: found } = itemOf(c, "write");
    of.items.splice(of.items.indexOf(found), 1);
    store.save();
    return c.body(null, 204);
  });
}

function fits({ type, options }: Field, value: string | number): boolean {
  if (type === "number") return typeof value === "number";
  if (typeof value === "number") return false;
  if (type === "date") return /^\d{4}-\d\d-\d\d$/.test(value);
  return options ? options.some(({ id }) => id === value) : true;
}
