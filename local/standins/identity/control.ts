import { Hono } from "hono";
import { z } from "zod";
import type { Person, PersonChange } from "./people.ts";

/** How often the tokens that come from one sign-in or consent were renewed. Rotated tokens count as one. */
export interface AuthorizationStats {
  id: string;
  provider: "github" | "google";
  clientId: string;
  personId: string;
  scopes: string[];
  /** Refreshes that gave a new access token. */
  refreshes: number;
  /** Refreshes with a token of this authorization that was used already, revoked or too old. */
  refusedRefreshes: number;
  /** It has a token that works. */
  live: boolean;
}

/** What a test may do that no provider's API offers. */
export interface IdentityControl {
  people(): Person[];
  /**
   * Changes accounts of a person from now on, for tokens that are out too; a list replaces the old list.
   * @throws {z.ZodError | Error} when there is no such person or account, or it would not be a valid one
   */
  changePerson(personId: string, change: PersonChange): Person;
  /**
   * Ends all tokens of a person, as if the person had taken the applications' access away at the provider.
   * @param provider default: both
   * @returns how many authorizations ended
   */
  revoke(personId: string, provider?: "github" | "google"): number;
  /** Of what was authorized within a day or still works; oldest first. */
  stats(): AuthorizationStats[];
}

/**
 * {@link IdentityControl} over HTTP, below `…/_control` of the stand-in: `GET /people`, `PUT /people/{id}` with a JSON
 * object of {@link PersonChange}, `DELETE /people/{id}/tokens` (`?provider=github`), `GET /stats`. Pages of other
 * origins cannot use it: a browser asks before it sends PUT or DELETE, and is not allowed to.
 * @param path the path before the control's own
 */
export function controlApp(control: IdentityControl, path: (request: Request) => string): Hono {
  const app = new Hono({ getPath: (request) => new URL(request.url).pathname.slice(path(request).length) });

  app.get("/people", (c) => c.json(control.people()));
  app.get("/stats", (c) => c.json(control.stats()));

  app.put("/people/:id", async (c) => {
    const body: unknown = await c.req.json().catch(() => undefined);
    return c.json(control.changePerson(c.req.param("id"), body as PersonChange));
  });

  app.delete("/people/:id/tokens", (c) => {
    const provider = z.enum(["github", "google"]).optional().parse(c.req.query("provider"));
    return c.json({ revoked: control.revoke(c.req.param("id"), provider) });
  });

  app.notFound((c) =>
    c.json({ message: "There are /people, /people/{id}, /people/{id}/tokens and /stats here." }, 404),
  );
  app.onError((error, c) =>
    c.json({ message: error instanceof z.ZodError ? z.prettifyError(error) : error.message }, 400),
  );
  return app;
}
