import type { AddRoutes } from "./context.ts";
import { GithubError } from "./error.ts";
import { personOf } from "./people.ts";

/** The account of who asks, and those of others: https://docs.github.com/en/rest/users/users */
export const addAccountRoutes: AddRoutes = (app, { as, ownedBy }) => {
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
};
