import { createHash, timingSafeEqual } from "node:crypto";
import { type Context, Hono } from "hono";
import { z } from "zod";
import { type Faults, type Handler, withFaults } from "../faults.ts";
import { CodaError, codaErrorResponse } from "./error.ts";
import { newId } from "./id.ts";
import { parseBrowserLink } from "./links.ts";
import { listPage, listRequest } from "./list.ts";
import type { Doc, Person, Row } from "./model.ts";
import { docCreate, newDoc } from "./new-doc.ts";
import { booleanParameter, choiceParameter } from "./parameter.ts";
import { resolveLink } from "./resolve-link.ts";
import {
  columnsOf,
  FOLDER,
  type RowForm,
  resources,
  type TableOrView,
  tablesAndViews,
  WORKSPACE,
} from "./resources.ts";
import { columnNamed, editedCells, rowsDelete, rowsUpsert, rowUpdate } from "./row-edit.ts";
import { selectRows, syncToken } from "./row-query.ts";
import { openCodaStore } from "./store.ts";
import { rowName } from "./values.ts";

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
  /** Milliseconds until an accepted edit is visible; default 300. */
  mutationDelayMs?: number;
  /** Milliseconds since 1970; default the system's clock. */
  now?: () => number;
}

type Env = { Variables: { person: Person; base: string; readOnly: boolean } };
type Call = Context<Env>;

/** More than these many results are never given at once; the description leaves the numbers to the API. */
const MAX_ROWS = 500;
const MAX_ITEMS = 100;

/**
 * A stateful stand-in of the Coda API v1 (https://coda.io/developers/apis/v1; base path `…/apis/v1` below wherever it
 * is mounted), seeded with one doc. Edits are accepted with 202 and become visible later, as in Coda. What it does not
 * have is answered 404 and logged.
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

  const mayAccess = (c: Call, doc: Doc) => doc.shared || doc.owner.email === c.get("person").email;

  const docOf = (c: Call): Doc => {
    const doc = findDoc(c, c.req.param("docId")!);
    if (c.req.header("x-coda-doc-version") === "latest" && store.isStale(doc.id)) {
      throw new CodaError(400, "The API's view of the doc is not up to date yet.");
    }
    return doc;
  };

  const findDoc = (c: Call, id: string): Doc => {
    const doc = store.doc(id);
    if (!doc) throw new CodaError(404, `There is no doc with the id "${id}".`);
    if (!mayAccess(c, doc)) throw new CodaError(403, "The API token does not grant access to this doc.");
    return doc;
  };

  const tableOf = (c: Call): { doc: Doc; table: TableOrView } => {
    const doc = docOf(c);
    return { doc, table: byIdOrName("table", tablesAndViews(doc), c.req.param("table")!, (each) => each.self) };
  };

  const rowOf = (c: Call): { doc: Doc; table: TableOrView; row: Row } => {
    const { doc, table } = tableOf(c);
    const row = byIdOrName("row", table.rows, c.req.param("row")!, (each) => ({
      id: each.id,
      name: rowName(doc, table.base, each),
    }));
    return { doc, table, row };
  };

  const list = (c: Call, maxLimit: number) => listRequest(new URL(c.req.url), c.get("base"), maxLimit);
  const queryOf = (c: Call) => new URL(c.req.url).searchParams;
  const disableParsing = (c: Call) => booleanParameter(queryOf(c), "disableParsing") ?? false;
  const mutate = (c: Call, doc: Doc, change?: Parameters<typeof store.mutate>[2]) =>
    store.mutate(c.get("person").email, doc.id, change);

  app.get("/whoami", (c) => c.json(resources(c.get("base")).user(c.get("person"), c.get("readOnly"))));

  app.get("/docs", (c) => {
    const request = list(c, MAX_ITEMS);
    const { query } = request;
    const [isOwner, isPublished, isStarred, inGallery] = ["isOwner", "isPublished", "isStarred", "inGallery"].map(
      (name) => booleanParameter(query, name),
    );
    const search = query.get("query")?.toLowerCase();
    const is = (name: string, value: string | undefined) => !query.has(name) || query.get(name) === value;
    const docs = store.docs().filter(
      (doc) =>
        mayAccess(c, doc) &&
        (search === undefined || doc.name.toLowerCase().includes(search)) &&
        (isOwner !== true || doc.owner.email === c.get("person").email) &&
        // No doc of the stand-in is published, starred or in the gallery.
        ![isPublished, isStarred, inGallery].includes(true) &&
        is("sourceDoc", doc.sourceDocId) &&
        is("workspaceId", WORKSPACE.id) &&
        is("folderId", FOLDER.id),
    );
    return c.json(listPage(request, docs, resources(c.get("base")).doc));
  });

  app.post("/docs", async (c) => {
    const body = await bodyOf(c, docCreate);
    if (body.folderId !== undefined && body.folderId !== FOLDER.id) {
      throw new CodaError(400, `There is no folder with the id "${body.folderId}".`);
    }
    const source = body.sourceDoc === undefined ? undefined : findDoc(c, body.sourceDoc);
    const doc = newDoc(body, c.get("person"), source, new Date(now()).toISOString());
    store.addDoc(doc);
    const requestId = mutate(c, doc);
    return c.json({ ...resources(c.get("base")).doc(doc), requestId }, 201);
  });

  app.get("/docs/:docId", (c) => c.json(resources(c.get("base")).doc(docOf(c))));

  app.delete("/docs/:docId", (c) => {
    const doc = docOf(c);
    if (doc.owner.email !== c.get("person").email) throw new CodaError(403, "Only its owner may delete a doc.");
    mutate(c, doc, { kind: "deleteDoc" });
    return c.json({}, 202);
  });

  app.get("/docs/:docId/pages", (c) => {
    const doc = docOf(c);
    return c.json(listPage(list(c, MAX_ITEMS), doc.pages, (page) => resources(c.get("base")).page(doc, page)));
  });

  app.get("/docs/:docId/pages/:page", (c) => {
    const doc = docOf(c);
    const page = byIdOrName("page", doc.pages, c.req.param("page"), (each) => each);
    return c.json(resources(c.get("base")).page(doc, page));
  });

  app.get("/docs/:docId/tables", (c) => {
    const doc = docOf(c);
    const request = list(c, MAX_ITEMS);
    const types = request.query.get("tableTypes")?.split(",") ?? ["table", "view"];
    const unknown = types.find((type) => type !== "table" && type !== "view");
    if (unknown !== undefined) throw new CodaError(400, `tableTypes must be of table, view, not "${unknown}".`);
    const tables = tablesAndViews(doc).filter((table) => types.includes(table.isView ? "view" : "table"));
    if (choiceParameter(request.query, "sortBy", ["name"])) {
      tables.sort((a, b) => a.self.name.localeCompare(b.self.name));
    }
    return c.json(listPage(request, tables, (table) => resources(c.get("base")).tableReference(doc, table)));
  });

  app.get("/docs/:docId/tables/:table", (c) => {
    const { doc, table } = tableOf(c);
    return c.json(resources(c.get("base")).table(doc, table));
  });

  app.get("/docs/:docId/tables/:table/columns", (c) => {
    const { doc, table } = tableOf(c);
    const request = list(c, MAX_ITEMS);
    const columns = columnsOf(table, booleanParameter(request.query, "visibleOnly") ?? false);
    return c.json(listPage(request, columns, (column) => resources(c.get("base")).column(doc, table, column)));
  });

  app.get("/docs/:docId/tables/:table/columns/:column", (c) => {
    const { doc, table } = tableOf(c);
    const column = byIdOrName("column", columnsOf(table, false), c.req.param("column"), (each) => each);
    return c.json(resources(c.get("base")).columnDetail(doc, table, column));
  });

  app.get("/docs/:docId/tables/:table/rows", (c) => {
    const { doc, table } = tableOf(c);
    const request = list(c, MAX_ROWS);
    const rows = selectRows(doc, table, request.query);
    const form = rowForm(table, request.query);
    const page = listPage(request, rows, (row) => resources(c.get("base")).row(doc, table, row, form));
    return c.json(page.nextPageToken ? page : { ...page, nextSyncToken: syncToken(store.revision()) });
  });

  app.post("/docs/:docId/tables/:table/rows", async (c) => {
    const body = await bodyOf(c, rowsUpsert);
    const { doc, table } = tableOf(c);
    if (table.isView) throw new CodaError(400, "Rows can be inserted only into a table, not into a view of it.");
    const keyColumnIds = (body.keyColumns ?? []).map((key) => columnNamed(table.base, key).id);
    const rows = body.rows.map((row) => ({
      id: newId("i-"),
      ...editedCells(doc, table.base, row, disableParsing(c)),
    }));
    const requestId = mutate(c, doc, { kind: "upsertRows", tableId: table.base.id, keyColumnIds, rows });
    return c.json({ requestId, ...(keyColumnIds.length === 0 ? { addedRowIds: rows.map((row) => row.id) } : {}) }, 202);
  });

  app.delete("/docs/:docId/tables/:table/rows", async (c) => {
    const { rowIds } = await bodyOf(c, rowsDelete);
    const { doc, table } = tableOf(c);
    const requestId = mutate(c, doc, { kind: "deleteRows", tableId: table.base.id, rowIds });
    return c.json({ requestId, rowIds }, 202);
  });

  app.get("/docs/:docId/tables/:table/rows/:row", (c) => {
    const { doc, table, row } = rowOf(c);
    return c.json(resources(c.get("base")).rowDetail(doc, table, row, rowForm(table, queryOf(c))));
  });

  app.put("/docs/:docId/tables/:table/rows/:row", async (c) => {
    const body = await bodyOf(c, rowUpdate);
    const { doc, table, row } = rowOf(c);
    const edit = editedCells(doc, table.base, body.row, disableParsing(c));
    const requestId = mutate(c, doc, { kind: "updateRow", tableId: table.base.id, rowId: row.id, ...edit });
    return c.json({ requestId, id: row.id }, 202);
  });

  app.delete("/docs/:docId/tables/:table/rows/:row", (c) => {
    const { doc, table, row } = rowOf(c);
    const requestId = mutate(c, doc, { kind: "deleteRows", tableId: table.base.id, rowIds: [row.id] });
    return c.json({ requestId, id: row.id }, 202);
  });

  app.get("/mutationStatus/:requestId", (c) => {
    const status = store.mutation(c.get("person").email, c.req.param("requestId"));
    if (!status) throw new CodaError(404, "There is no mutation with this request id.");
    return c.json(status);
  });

  app.get("/resolveBrowserLink", (c) => {
    const url = queryOf(c).get("url");
    const link = url === null ? undefined : parseBrowserLink(url);
    if (!link) throw new CodaError(400, "url must be a link to a Coda doc or an object in it.");
    const doc = findDoc(c, link.docId);
    const degrade = booleanParameter(queryOf(c), "degradeGracefully") ?? false;
    const resolved = resolveLink(doc, link, degrade, resources(c.get("base")));
    return c.json({ type: "apiLink", href: c.req.url, ...resolved });
  });

  app.notFound((c) => {
    options.log(`Coda stand-in: no such endpoint: ${c.req.method} ${new URL(c.req.url).pathname}`);
    return codaErrorResponse(404);
  });

  app.onError((error) => {
    if (error instanceof CodaError) return codaErrorResponse(error.status, error.message);
    options.log(`Coda stand-in: ${error.message}`);
    return codaErrorResponse(500);
  });

  return withFaults(async (request) => app.fetch(request), codaErrorResponse);
}

function rowForm(table: TableOrView, query: URLSearchParams): RowForm {
  const visibleOnly = booleanParameter(query, "visibleOnly") ?? query.get("sortBy") === "natural";
  return {
    columns: columnsOf(table, visibleOnly),
    useColumnNames: booleanParameter(query, "useColumnNames") ?? false,
    valueFormat: choiceParameter(query, "valueFormat", ["simple", "simpleWithArrays", "rich"]) ?? "simple",
  };
}

/** An id wins over a name; of several with one name, the first is taken. */
function byIdOrName<T>(
  what: string,
  all: T[],
  idOrName: string,
  identity: (each: T) => { id: string; name: string },
): T {
  const found =
    all.find((each) => identity(each).id === idOrName) ?? all.find((each) => identity(each).name === idOrName);
  if (found === undefined) throw new CodaError(404, `There is no ${what} with the id or name "${idOrName}".`);
  return found;
}

async function bodyOf<T>(c: Call, schema: z.ZodType<T>): Promise<T> {
  const body: unknown = await c.req.json().catch(() => {
    throw new CodaError(400, "The request body must be JSON.");
  });
  const parsed = schema.safeParse(body);
  if (!parsed.success) throw new CodaError(400, z.prettifyError(parsed.error));
  return parsed.data;
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
