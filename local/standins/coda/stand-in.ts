import { createHash, timingSafeEqual } from "node:crypto";
import { Hono } from "hono";
import { type Faults, type Handler, withFaults } from "../faults.ts";
import { type Env, queryOf } from "./call.ts";
import { docAccess } from "./doc-access.ts";
import { CodaError, codaErrorResponse } from "./error.ts";
import { pageExports } from "./exports.ts";
import { parseBrowserLink } from "./links.ts";
import { booleanParameter } from "./parameter.ts";
import type { Parts } from "./parts.ts";
import { resolveLink } from "./resolve-link.ts";
import { resources } from "./resources.ts";
import { addAnalytics } from "./routes/analytics.ts";
import { addDocs } from "./routes/docs.ts";
import { addFormulas } from "./routes/formulas.ts";
import { addPages } from "./routes/pages.ts";
import { addPublishing } from "./routes/publishing.ts";
import { addSharing } from "./routes/sharing.ts";
import { addTables } from "./routes/tables.ts";
import { addWorkspace } from "./routes/workspace.ts";
import { openCodaStore } from "./store.ts";

export interface CodaToken {
  /** What the client sends as `Authorization: Bearer`. */
  token: string;
  /** E-mail address of the person. */
  loginId: string;
  /** The person's full name. */
  name: string;
  /** A token that is restricted to reading: edits are answered 403. */
  readOnly?: boolean;
}

export interface CodaStandInOptions {
  /** Directory in which the state is kept; without one, it is gone with the process. */
  stateDir?: string;
  /** At least one; the first one's person owns the seeded doc. */
  tokens: CodaToken[];
  /** Takes a line about what a person should know, e.g. an endpoint that the stand-in does not have. */
  log: (line: string) => void;
  /** Milliseconds until an accepted edit is visible, and an export is there; default 300. */
  mutationDelayMs?: number;
  /** Milliseconds since 1970; default the system's clock. */
  now?: () => number;
}

/**
 * A stateful stand-in of the Coda API v1 (https://coda.io/developers/apis/v1; base path `…/apis/v1` below wherever it
 * is mounted), seeded with one doc. Edits are accepted with 202 and become visible later, as in Coda; exported pages are
 * beside the API, where no credential is wanted. What it does not have is answered 404 and logged.
 * @returns `handler` answers requests; `faults` makes it fail on purpose (also over HTTP, at `…/_control`)
 * @throws {Error} when no token is given or the state file cannot be read
 */
export function createCodaStandIn(options: CodaStandInOptions): { handler: Handler; faults: Faults } {
  const first = options.tokens[0];
  if (!first) throw new Error("The Coda stand-in needs at least one token.");
  const now = options.now ?? Date.now;
  const store = openCodaStore({
    ...(options.stateDir === undefined ? {} : { stateDir: options.stateDir }),
    mutationDelayMs: options.mutationDelayMs ?? 300,
    now,
    owner: { name: first.name, email: first.loginId },
  });
  const parts: Parts = {
    ...docAccess(store),
    store,
    exports: pageExports(options.mutationDelayMs ?? 300, now),
    members: [...new Map(options.tokens.map(({ loginId, name }) => [loginId, { loginId, name }])).values()],
    now,
    mutate: (c, doc, change) => store.mutate(c.get("person").email, doc.id, change),
  };
  const tokens = options.tokens.map((token) => ({ ...token, digest: digest(token.token) }));

  const app = new Hono<Env>({ getPath: (request) => new URL(request.url).pathname.slice(baseLength(request) ?? 0) });

  app.use(async (c, next) => {
    const url = new URL(c.req.url);
    const length = baseLength(c.req.raw);
    if (length === undefined) return c.notFound();
    const bearer = /^Bearer +(\S+) *$/i.exec(c.req.header("authorization") ?? "")?.[1];
    const sent = digest(bearer ?? "");
    const token = tokens.find((each) => timingSafeEqual(each.digest, sent));
    if (!token) throw new CodaError(401, "Unauthorized");
    c.set("base", url.origin + url.pathname.slice(0, length));
    c.set("person", { name: token.name, email: token.loginId });
    c.set("readOnly", token.readOnly === true);
    if (token.readOnly && c.req.method !== "GET") throw new CodaError(403, "This API token may only read.");
    await next();
  });

  app.get("/whoami", (c) => c.json(resources(c.get("base")).user(c.get("person"), c.get("readOnly"))));

  app.get("/mutationStatus/:requestId", (c) => {
    const status = store.mutation(c.get("person").email, c.req.param("requestId"));
    if (!status) throw new CodaError(404, "There is no mutation with this request id.");
    return c.json(status);
  });

  app.get("/resolveBrowserLink", (c) => {
    const url = queryOf(c).get("url");
    const link = url === null ? undefined : parseBrowserLink(url);
    if (!link) throw new CodaError(400, "url must be a link to a Coda doc or an object in it.");
    const doc = parts.findDoc(c, link.docId);
    const degrade = booleanParameter(queryOf(c), "degradeGracefully") ?? false;
    const resolved = resolveLink(doc, link, degrade, resources(c.get("base")));
    return c.json({ type: "apiLink", href: c.req.url, ...resolved });
  });

  const areas = [addDocs, addPages, addTables, addFormulas, addSharing, addPublishing, addAnalytics, addWorkspace];
  for (const add of areas) add(app, parts);

  app.notFound((c) => {
    options.log(`Coda stand-in: no such endpoint: ${c.req.method} ${new URL(c.req.url).pathname}`);
    return codaErrorResponse(404);
  });

  app.onError((error) => {
    if (error instanceof CodaError) return codaErrorResponse(error.status, error.message);
    options.log(`Coda stand-in: ${error.message}`);
    return codaErrorResponse(500);
  });

  return withFaults(async (request) => parts.exports.download(request) ?? app.fetch(request), codaErrorResponse);
}

/** How much of the path belongs to the API's base URL. */
function baseLength(request: Request): number | undefined {
  const found = /^.*?\/apis\/v1(?=\/|$)/.exec(new URL(request.url).pathname);
  return found?.[0].length;
}

/** Digests have one length, so comparing them tells nothing about the token's. */
function digest(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}
