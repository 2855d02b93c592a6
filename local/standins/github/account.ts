import type { AddRoutes } from "./context.ts";
import { GithubError } from "./error.ts";
import { personOf } from "./people.ts";
import { SEEDED_PEOPLE } from "./seed.ts";

/** The account of who asks, and those of others: https://docs.github.com/en/rest/users/users */
export const addAccountRoutes: AddRoutes = (app, { as, ownedBy, paged }) => {
  app.get("/user", (c) => {
    const { login, scopes } = c.get("access");
    const person = personOf(login);
    const mayReadAll = !scopes || scopes.some((scope) => scope === "user" || scope === "read:user");
    return c.json(as(c)[mayReadAll ? "privateUser" : "publicUser"](person, ownedBy(person.login)));
  });

  app.get("/users/:login", (c) => {
    const person = personOf(c.req.param("login"));
    if (person.name === null) throw new GithubError(404, "Not Found");
    return c.json(as(c).publicUser(person, ownedBy(person.login)));
  });

  // The two who are there from the start follow each other.
  for (const list of ["followers", "following"]) {
    app.get(`/users/:login/${list}`, (c) => {
      const person = personOf(c.req.param("login") ?? "");
      if (person.name === null) throw new GithubError(404, "Not Found");
      const others = SEEDED_PEOPLE.filter(({ login }) => login !== person.login);
      return paged(c, others, ({ login }) => as(c).simpleUser(login));
    });
  }
};
