import { STATUS_CODES } from "node:http";
import { Hono } from "hono";
import { z } from "zod";
import { type Faults, type Handler, withFaults } from "../faults.ts";
import { avatar } from "./avatar.ts";
import { type GitHubClient, type GoogleClient, type IdentityClient, providerOf } from "./client.ts";
import { controlApp, type IdentityControl } from "./control.ts";
import { githubApi } from "./github-api.ts";
import { githubSignIn, githubToken } from "./github-oauth.ts";
import { google } from "./google.ts";
import { type Person, type Provider, person as personSchema, SEEDED_PEOPLE } from "./people.ts";
import { signIn } from "./sign-in.ts";
import { openIdentityStore } from "./store.ts";

export interface IdentityStandInOptions {
  /** Directory in which the state is kept; without one, it is gone with the process. */
  stateDir?: string;
  /** Who can sign in; default {@link SEEDED_PEOPLE}. */
  people?: readonly Person[];
  /** The applications that are registered. */
  clients: readonly IdentityClient[];
  /** Takes a line about what a person should know, e.g. an endpoint that the stand-in does not have. */
  log: (line: string) => void;
  /** Milliseconds since 1970; default the system's clock. */
  now?: () => number;
  /**
   * URL of the mount as browsers reach it, e.g. `http://localhost:8782/identity`: the base of issuers and endpoints.
   * Default: as the client of each request dialled it, which is right where all dial the same.
   */
  publicUrl?: string;
}

/** The holder of a token, for stand-ins of other APIs of the same provider. */
export interface TokenHolder {
  person: Person;
  clientId: string;
  scopes: string[];
}

export interface IdentityStandIn extends IdentityControl {
  handler: Handler;
  /** Makes it fail on purpose (also over HTTP, at `…/_control`). */
  faults: Faults;
  /** Whose access token this is; undefined when it does not work (any more). */
  holderOf(provider: Provider, accessToken: string): TokenHolder | undefined;
}

/**
 * A stand-in of the identity providers GitHub (below `…/github`, its API at `…/github/api`) and Google (below
 * `…/google`, which is also the issuer), with a sign-in page on which a person says who to be, without a password.
 * Unless the box on that page is ticked, the next sign-in asks again. What the providers have and this has not is
 * answered 404 and logged.
 * @throws {Error} when clients or people are not valid or the state file cannot be read
 */
export function createIdentityStandIn(options: IdentityStandInOptions): IdentityStandIn {
  const { clients, log, now = Date.now } = options;
  const people = z.array(personSchema).parse(options.people ?? SEEDED_PEOPLE);
  refuseDoubles(
    "client id",
    clients.map((client) => `${providerOf(client)} ${client.clientId}`),
  );
  refuseDoubles(
    "person",
    people.map((person) => person.id),
  );
  refuseDoubles(
    "GitHub login",
    people.flatMap(({ github }) => (github ? [github.login] : [])),
  );
  refuseDoubles(
    "Google sub",
    people.flatMap((person) => (person.google ? [person.google.sub] : [])),
  );

  const store = openIdentityStore({
    ...(options.stateDir !== undefined && { stateDir: options.stateDir }),
    people,
    now,
  });
  const githubClients = clients.filter((each): each is GitHubClient => each.kind !== "google");
  const googleClients = clients.filter((each): each is GoogleClient => each.kind === "google");

  const bases = (request: Request) => {
    const { origin, pathname } = new URL(request.url);
    const mount = MOUNTED.exec(pathname)![1]!;
    return { mount, url: options.publicUrl?.replace(/\/$/, "") ?? origin + mount, dialled: origin + mount };
  };

  const github = new Hono({
    getPath: (request) => new URL(request.url).pathname.slice(`${bases(request).mount}/github`.length),
  });
  const api = githubApi({
    clients: githubClients,
    store,
    log,
    bases(request) {
      const { mount, url, dialled } = bases(request);
      return { api: `${dialled}/github/api`, site: `${url}/github`, path: `${mount}/github/api` };
    },
  });
  github.on(["GET", "POST"], "/login/oauth/authorize", (c) => {
    const { mount, url } = bases(c.req.raw);
    return signIn(c.req.raw, `${mount}/github`, githubSignIn(githubClients, `${url}/github/login/oauth`), store);
  });
  github.post("/login/oauth/access_token", (c) => githubToken(c.req.raw, githubClients, store));
  github.get("/avatars/:id", (c) => {
    const person = store.people().find((each) => String(each.github?.id) === c.req.param("id"));
    return person ? avatar(person.name) : c.notFound();
  });
  github.all("/api/*", (c) => api.fetch(c.req.raw));
  github.notFound((c) => {
    log(`Identity stand-in: GitHub has no such page here: ${c.req.method} ${new URL(c.req.url).pathname}`);
    return c.text("Not Found", 404);
  });
  github.onError((error, c) => {
    log(`Identity stand-in: ${error.message}`);
    return c.text("Server Error", 500);
  });

  const providers: Record<Provider, { fetch(request: Request): Response | Promise<Response> }> = {
    github,
    google: google({
      clients: googleClients,
      store,
      log,
      now,
      bases(request) {
        const { mount, url } = bases(request);
        return { issuer: `${url}/google`, path: `${mount}/google` };
      },
    }),
  };

  const control: IdentityControl = {
    people: () => store.people(),
    changePerson: (personId, change) => store.changePerson(personId, change),
    revoke: (personId, provider) =>
      store.revoke((each) => each.personId === personId && (provider === undefined || each.provider === provider)),
    stats: () =>
      store.authorizations().map((each) => {
        const { tokens, revoked, startedAt, ...counters } = each;
        return { ...counters, scopes: [...each.scopes], live: tokens.some((token) => store.isLive(each, token)) };
      }),
  };

  const { handler, faults } = withFaults(
    async (request) => {
      const provider = MOUNTED.exec(new URL(request.url).pathname)?.[2] as Provider | undefined;
      if (provider) return providers[provider].fetch(request);
      return Response.json({ message: "There are /github/ and /google/ here." }, { status: 404 });
    },
    // Both dialects find their field for a message in it.
    (status) => {
      const message = STATUS_CODES[status] ?? "Error";
      const error = status >= 500 ? "temporarily_unavailable" : "invalid_request";
      return Response.json({ message, status: String(status), error, error_description: message }, { status });
    },
  );
  const overHttp = controlApp(control, (request) => CONTROLLED.exec(new URL(request.url).pathname)![1]!);

  return {
    ...control,
    faults,
    handler: async (request) =>
      CONTROLLED.test(new URL(request.url).pathname) ? overHttp.fetch(request) : handler(request),
    holderOf(provider, accessToken) {
      const found = store.find(provider, "access", accessToken);
      if (!found || !store.isLive(found.authorization, found.token)) return undefined;
      const { personId, clientId, scopes } = found.authorization;
      return { person: store.person(personId)!, clientId, scopes: [...scopes] };
    },
  };
}

/** The mount, and the provider that a path belongs to. */
const MOUNTED = /^((?:\/[^/]+)?)\/(github|google)(?=\/|$)/;
/** What is below `_control`; `_control` itself is for faults. */
const CONTROLLED = /^((?:\/[^/]+)?\/_control)(?=\/)/;

function refuseDoubles(what: string, names: string[]): void {
  const double = names.find((name, index) => names.indexOf(name) !== index);
  if (double !== undefined) throw new Error(`The identity stand-in has the ${what} "${double}" twice.`);
}
