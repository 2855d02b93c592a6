import { mayPush, maySee } from "./access.ts";
import type { AddRoutes } from "./context.ts";
import { validationFailed } from "./error.ts";

/** https://docs.github.com/en/rest/repos/repos */
export const addRepositoryRoutes: AddRoutes = (app, { store, as, paged, repositoryOf }) => {
  app.get("/user/repos", (c) => {
    const { login } = c.get("access");
    const mine = store.repositories().filter((each) => mayPush(login, each) && maySee(c.get("access"), each));
    const visibility = c.req.query("visibility") ?? "all";
    if (!["all", "public", "private"].includes(visibility)) {
      throw validationFailed({ resource: "Repository", field: "visibility", code: "invalid" });
    }
    const wanted = mine.filter((each) => visibility === "all" || each.private === (visibility === "private"));
    wanted.sort((a, b) => (`${a.owner}/${a.name}` < `${b.owner}/${b.name}` ? -1 : 1));
    return paged(c, wanted, (each) => as(c).repository(each, c.get("access")));
  });

  app.get("/repos/:owner/:repo", (c) => {
    const repository = repositoryOf(c);
    return c.json({ ...as(c).repository(repository, c.get("access")), network_count: 0, subscribers_count: 1 });
  });
};
