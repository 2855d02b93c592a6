import { z } from "zod";
import type { AddRoutes, Call } from "./context.ts";
import { GithubError, validationFailed } from "./error.ts";
import { bodyOf } from "./issue-edit.ts";
import type { Label, Repository } from "./model.ts";
import { isSame } from "./store.ts";

const create = z.object({ name: z.string(), color: z.string().optional(), description: z.string().nullish() });
const update = z.object({
  new_name: z.string().optional(),
  color: z.string().optional(),
  description: z.string().nullish(),
});

/** https://docs.github.com/en/rest/issues/labels */
export const addLabelRoutes: AddRoutes = (app, { store, as, paged, repositoryOf, writableRepositoryOf }) => {
  const labelIn = (c: Call, repository: Repository): Label => {
    const label = repository.labels.find((each) => isSame(each.name, c.req.param("name") ?? ""));
    if (!label) throw new GithubError(404, "Not Found");
    return label;
  };
  const check = (repository: Repository, name: string | undefined, color: string | undefined, own?: Label) => {
    const wrong = (field: string, code: "invalid" | "already_exists" | "missing_field") =>
      validationFailed({ resource: "Label", field, code });
    if (name?.trim() === "") throw wrong("name", "missing_field");
    if (name !== undefined && repository.labels.some((each) => each !== own && isSame(each.name, name))) {
      throw wrong("name", "already_exists");
    }
    if (color !== undefined && !/^[0-9a-f]{6}$/i.test(color)) throw wrong("color", "invalid");
  };

  app.get("/repos/:owner/:repo/labels", (c) => {
    const repository = repositoryOf(c, "issues");
    return paged(c, repository.labels, (label) => as(c).label(repository, label));
  });

  app.post("/repos/:owner/:repo/labels", async (c) => {
    const repository = writableRepositoryOf(c, "issues");
    const { name, color, description = null } = await bodyOf(c.req, create);
    check(repository, name, color);
    const label = { id: store.nextId(), name, color: color ?? "ededed", description, default: false };
    repository.labels.push(label);
    store.save();
    return c.json(as(c).label(repository, label), 201);
  });

  app.get("/repos/:owner/:repo/labels/:name", (c) => {
    const repository = repositoryOf(c, "issues");
    return c.json(as(c).label(repository, labelIn(c, repository)));
  });

  app.patch("/repos/:owner/:repo/labels/:name", async (c) => {
    const repository = writableRepositoryOf(c, "issues");
    const label = labelIn(c, repository);
    const { new_name, color, description } = await bodyOf(c.req, update);
    check(repository, new_name, color, label);
    const before = label.name;
    if (new_name !== undefined) label.name = new_name;
    if (color !== undefined) label.color = color;
    if (description !== undefined) label.description = description;
    for (const issue of repository.issues) {
      issue.labels = issue.labels.map((name) => (isSame(name, before) ? label.name : name));
    }
    store.save();
    return c.json(as(c).label(repository, label));
  });

  app.delete("/repos/:owner/:repo/labels/:name", (c) => {
    const repository = writableRepositoryOf(c, "issues");
    const { name } = labelIn(c, repository);
    repository.labels = repository.labels.filter((each) => !isSame(each.name, name));
    for (const issue of repository.issues) issue.labels = issue.labels.filter((each) => !isSame(each, name));
    store.save();
    return c.body(null, 204);
  });
};
