import { maySee } from "./access.ts";
import type { AddRoutes, Call } from "./context.ts";
import { GithubError } from "./error.ts";
import { personOf } from "./people.ts";
import { isSame } from "./store.ts";

/** https://docs.github.com/en/rest/activity/starring */
export const addStarRoutes: AddRoutes = (app, { store, as, paged, time, repositoryOf }) => {
  const withTimes = (c: Call) => /\.star(?:\+json)?/.test(c.req.header("accept") ?? "");

  const starred = (c: Call, login: string) => {
    const all = store
      .repositories()
      .filter((each) => maySee(c.get("access"), each))
      .flatMap((repository) =>
        repository.stars.filter((star) => isSame(star.login, login)).map(({ at }) => ({ at, repository })),
      )
      .toSorted((a, b) => (a.at < b.at ? 1 : -1));
    const wanted = c.req.query("direction") === "asc" ? all.toReversed() : all;
    return paged(c, wanted, ({ at, repository }) => {
      const repo = as(c).repository(repository, c.get("access"));
      return withTimes(c) ? { starred_at: at, repo } : repo;
    });
  };

  app.get("/user/starred", (c) => starred(c, c.get("access").login));

  app.get("/users/:login/starred", (c) => {
    const { login, name } = personOf(c.req.param("login"));
    if (name === null) throw new GithubError(404, "Not Found");
    return starred(c, login);
  });

  app.put("/user/starred/:owner/:repo", (c) => {
    const repository = repositoryOf(c);
    const { login } = personOf(c.get("access").login);
    if (!repository.stars.some((star) => isSame(star.login, login))) repository.stars.push({ login, at: time() });
    store.save();
    return c.body(null, 204);
  });

  app.delete("/user/starred/:owner/:repo", (c) => {
    const repository = repositoryOf(c);
    repository.stars = repository.stars.filter((star) => !isSame(star.login, c.get("access").login));
    store.save();
    return c.body(null, 204);
  });

  app.get("/repos/:owner/:repo/stargazers", (c) =>
    paged(c, repositoryOf(c).stars, ({ login, at }) =>
      withTimes(c) ? { starred_at: at, user: as(c).simpleUser(login) } : as(c).simpleUser(login),
    ),
  );
};
