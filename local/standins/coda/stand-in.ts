import { createHash, timingSafeEqual } from "node:crypto";
import { type Context, Hono } from "hono";
import { z } from "zod";
import { type Faults, type Handler, withFaults } from "../faults.ts";
import { daysIn, docAnalytics, lastDay, pageAnalytics } from "./analytics.ts";
import { CodaError, codaErrorResponse } from "./error.ts";
import { pageExports } from "./exports.ts";
import { newId } from "./id.ts";
import { parseBrowserLink } from "./links.ts";
import { listPage, listRequest } from "./list.ts";
import type { Doc, Page, Person, Row } from "./model.ts";
import { CATEGORIES, docCreate, docPublish, docUpdate, newDoc, newPage } from "./new-doc.ts";
import { pageCreate, pageUpdate, toHtml, toMarkdown } from "./page-content.ts";
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
import {
  accessOf,
  GROUP,
  mayShare,
  permissionAdd,
  permissionResource,
  permissionsOf,
  permissionsWith,
  permissionsWithout,
  settingsOf,
  settingsUpdate,
} from "./sharing.ts";
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
  /** Milliseconds until an accepted edit is visible, and an export is there; default 300. */
  mutationDelayMs?: number;
  /** Milliseconds since 1970; default the system's clock. */
  now?: () => number;
}

type Env = { Variables: { person: Person; base: string; readOnly: boolean } };
type Call = Context<Env>;

/** More than these many results are never given at once; the description leaves the numbers to the API. */
const MAX_ROWS = 500;
const MAX_ITEMS = 100;
/** `maximum` of the limit of analytics. */
const MAX_ANALYTICS = 5000;

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
  const exports = pageExports(options.mutationDelayMs ?? 300, now);
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

  const mayAccess = (c: Call, doc: Doc) => accessOf(doc, c.get("person")) !== undefined;

  /** @throws {CodaError} 403 for whoever may only look */
  const mayEdit = (c: Call, doc: Doc) => {
    if (accessOf(doc, c.get("person")) !== "write") throw new CodaError(403, "You may not edit this doc.");
  };

  const docOf = (c: Call): Doc => {
    const doc = findDoc(c, c.req.param("docId")!);
    if (c.req.header("x-coda-doc-version") === "latest" && store.isStale(doc.id)) {
      throw new CodaError(400, "The API's view of the doc is not up to date yet.");
    }
    if (c.req.method !== "GET" && !c.req.path.endsWith("/export")) mayEdit(c, doc);
    return doc;
  };

  const findDoc = (c: Call, id: string): Doc => {
    const doc = store.doc(id);
    if (!doc) throw new CodaError(404, `There is no doc with the id "${id}".`);
    if (!mayAccess(c, doc)) throw new CodaError(403, "The API token does not grant access to this doc.");
    return doc;
  };

  const pageOf = (c: Call): { doc: Doc; page: Page } => {
    const doc = docOf(c);
    return { doc, page: byIdOrName("page", doc.pages, c.req.param("page")!, (each) => each) };
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
        (isPublished !== true || doc.published !== undefined) &&
        (inGallery !== true || doc.published?.discoverable === true) &&
        // No doc of the stand-in is starred.
        isStarred !== true &&
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

  app.patch("/docs/:docId", async (c) => {
    const { title, iconName } = await bodyOf(c, docUpdate);
    store.change(docOf(c), (doc) => {
      if (title !== undefined) doc.name = title;
      if (iconName !== undefined) doc.icon = iconName;
    });
    return c.json({});
  });

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

  app.post("/docs/:docId/pages", async (c) => {
    const body = await bodyOf(c, pageCreate);
    const doc = docOf(c);
    if (body.parentPageId !== undefined && !doc.pages.some(({ id }) => id === body.parentPageId)) {
      throw new CodaError(400, `There is no page with the id "${body.parentPageId}" to be the parent.`);
    }
    const page = newPage(body, c.get("person"), new Date(now()).toISOString());
    const requestId = mutate(c, doc, { kind: "createPage", page });
    return c.json({ requestId, id: page.id }, 202);
  });

  app.get("/docs/:docId/pages/:page", (c) => {
    const { doc, page } = pageOf(c);
    return c.json(resources(c.get("base")).page(doc, page));
  });

  app.put("/docs/:docId/pages/:page", async (c) => {
    const { name, subtitle, iconName, imageUrl, isHidden, contentUpdate } = await bodyOf(c, pageUpdate);
    const { doc, page } = pageOf(c);
    if (contentUpdate && page.embeds !== undefined) throw new CodaError(400, "The page has no content of its own.");
    const set = {
      ...(name === undefined ? {} : { name }),
      ...(subtitle === undefined ? {} : { subtitle }),
      ...(iconName === undefined ? {} : { icon: iconName }),
      ...(imageUrl === undefined ? {} : { image: imageUrl }),
      ...(isHidden === undefined ? {} : { hidden: isHidden }),
    };
    const content = contentUpdate && {
      mode: contentUpdate.insertionMode,
      markdown: toMarkdown(contentUpdate.canvasContent),
    };
    const requestId = mutate(c, doc, { kind: "updatePage", pageId: page.id, set, ...(content && { content }) });
    return c.json({ requestId, id: page.id }, 202);
  });

  app.delete("/docs/:docId/pages/:page", (c) => {
    const { doc, page } = pageOf(c);
    const requestId = mutate(c, doc, { kind: "deletePage", pageId: page.id });
    return c.json({ requestId, id: page.id }, 202);
  });

  app.post("/docs/:docId/pages/:page/export", async (c) => {
    const { outputFormat: format } = await bodyOf(c, exportBegin);
    const { doc, page } = pageOf(c);
    if (page.embeds !== undefined) throw new CodaError(400, "The page has no content of its own.");
    const { content = "" } = page;
    const text = format === "html" ? toHtml(content) : content;
    const id = exports.begin({ docId: doc.id, pageId: page.id, format, text });
    const href = `${resources(c.get("base")).docHref(doc)}/pages/${page.id}/export/${id}`;
    return c.json({ id, status: "inProgress", href }, 202);
  });

  app.get("/docs/:docId/pages/:page/export/:requestId", (c) => {
    const { doc, page } = pageOf(c);
    const mount = c.get("base").slice(0, -"/apis/v1".length);
    const status = exports.status(c.req.param("requestId"), doc.id, page.id, mount);
    if (!status) throw new CodaError(404, "There is no export with this request id.");
    return c.json({ ...status, href: c.req.url });
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

  app.post("/docs/:docId/tables/:table/rows/:row/buttons/:column", (c) => {
    const { doc, table, row } = rowOf(c);
    const column = byIdOrName("column", columnsOf(table, false), c.req.param("column"), (each) => each);
    if (!column.sets) throw new CodaError(400, `The column "${column.name}" is not a button.`);
    const requestId = mutate(c, doc, {
      kind: "updateRow",
      tableId: table.base.id,
      rowId: row.id,
      cells: column.sets,
      cleared: [],
    });
    return c.json({ requestId, rowId: row.id, columnId: column.id }, 202);
  });

  app.get("/docs/:docId/formulas", (c) => {
    const doc = docOf(c);
    const formulas = named(list(c, MAX_ITEMS), doc.formulas ?? []);
    return c.json(
      listPage(list(c, MAX_ITEMS), formulas, (each) => resources(c.get("base")).formulaReference(doc, each)),
    );
  });

  app.get("/docs/:docId/formulas/:formula", (c) => {
    const doc = docOf(c);
    const formula = byIdOrName("formula", doc.formulas ?? [], c.req.param("formula"), (each) => each);
    return c.json(resources(c.get("base")).formula(doc, formula));
  });

  app.get("/docs/:docId/controls", (c) => {
    const doc = docOf(c);
    const controls = named(list(c, MAX_ITEMS), doc.controls ?? []);
    return c.json(
      listPage(list(c, MAX_ITEMS), controls, (each) => resources(c.get("base")).controlReference(doc, each)),
    );
  });

  app.get("/docs/:docId/controls/:control", (c) => {
    const doc = docOf(c);
    const control = byIdOrName("control", doc.controls ?? [], c.req.param("control"), (each) => each);
    return c.json(resources(c.get("base")).control(doc, control));
  });

  app.post("/docs/:docId/hooks/automation/:ruleId", async (c) => {
    const payload = await bodyOf(c, z.record(z.string(), z.unknown()));
    const doc = docOf(c);
    const rule = doc.automations?.find(({ id }) => id === c.req.param("ruleId"));
    if (!rule) throw new CodaError(404, `There is no automation with the id "${c.req.param("ruleId")}".`);
    if (!rule.enabled) throw new CodaError(422, "The automation is switched off.");
    const taken = Object.entries(rule.takes).flatMap(([name, columnId]) =>
      typeof payload[name] === "string" ? [[columnId, payload[name]] as const] : [],
    );
    const row = { id: newId("i-"), cells: Object.fromEntries(taken), cleared: [] };
    const requestId = mutate(c, doc, { kind: "upsertRows", tableId: rule.tableId, keyColumnIds: [], rows: [row] });
    return c.json({ requestId }, 202);
  });

  /** @throws {CodaError} 403 for whoever may not change who has access */
  const sharedBy = (c: Call): Doc => {
    const doc = docOf(c);
    if (!mayShare(doc, c.get("person"))) throw new CodaError(403, "You may not share this doc.");
    return doc;
  };

  app.get("/docs/:docId/acl/metadata", (c) => {
    const doc = docOf(c);
    const canShare = mayShare(doc, c.get("person"));
    const canCopy = settingsOf(doc).allowCopying || accessOf(doc, c.get("person")) === "write";
    return c.json({ canShare, canShareWithWorkspace: canShare, canShareWithOrg: false, canCopy });
  });

  app.get("/docs/:docId/acl/permissions", (c) =>
    c.json(listPage(list(c, MAX_ITEMS), permissionsOf(docOf(c)), permissionResource)),
  );

  app.post("/docs/:docId/acl/permissions", async (c) => {
    const { access, principal } = await bodyOf(c, permissionAdd);
    const doc = sharedBy(c);
    const permissions = permissionsWith(doc, { id: newId("perm-"), access, principal });
    store.change(doc, (each) => {
      each.permissions = permissions;
    });
    return c.json({});
  });

  app.delete("/docs/:docId/acl/permissions/:permissionId", (c) => {
    const doc = sharedBy(c);
    const permissions = permissionsWithout(doc, c.req.param("permissionId"));
    store.change(doc, (each) => {
      each.permissions = permissions;
    });
    return c.json({});
  });

  app.get("/docs/:docId/acl/principals/search", (c) => {
    docOf(c);
    const query = queryOf(c).get("query")?.toLowerCase();
    const matches = (text: string) => query !== undefined && query !== "" && text.toLowerCase().includes(query);
    const users = tokens
      .filter(({ name, loginId }) => matches(`${name} ${loginId}`))
      .map(({ name, loginId }) => ({ name, loginId, type: "user" }));
    return c.json({ users: users.slice(0, 20), groups: matches(GROUP.groupName) ? [GROUP] : [] });
  });

  app.get("/docs/:docId/acl/settings", (c) => c.json(settingsOf(docOf(c))));

  app.patch("/docs/:docId/acl/settings", async (c) => {
    const body = await bodyOf(c, settingsUpdate);
    const doc = docOf(c);
    if (doc.owner.email !== c.get("person").email) throw new CodaError(403, "Only the owner may change this.");
    store.change(doc, (each) => {
      each.settings = { ...settingsOf(doc), ...body } as Doc["settings"] & object;
    });
    return c.json(settingsOf(doc));
  });

  app.get("/categories", (c) => c.json({ items: CATEGORIES.map((name) => ({ name })) }));

  app.put("/docs/:docId/publish", async (c) => {
    const body = await bodyOf(c, docPublish);
    const doc = docOf(c);
    if (doc.owner.email !== c.get("person").email) throw new CodaError(403, "Only its owner may publish a doc.");
    const { published } = doc;
    const slug = body.slug ?? published?.slug ?? doc.name.toLowerCase().replace(/[^a-z0-9]+/g, "-");
    const taken = store.docs().some((each) => each.id !== doc.id && each.published?.slug === slug);
    if (taken) throw new CodaError(400, `The slug "${slug}" is taken.`);
    const unknown = body.categoryNames?.find((name) => !CATEGORIES.includes(name));
    if (unknown !== undefined) throw new CodaError(400, `There is no category "${unknown}".`);
    const requestId = mutate(c, doc, {
      kind: "publish",
      published: {
        slug,
        discoverable: body.discoverable ?? published?.discoverable ?? false,
        earnCredit: body.earnCredit ?? published?.earnCredit ?? false,
        mode: body.mode ?? published?.mode ?? "view",
        categories: body.categoryNames ?? published?.categories ?? [],
      },
    });
    return c.json({ requestId }, 202);
  });

  app.delete("/docs/:docId/publish", (c) => {
    const doc = docOf(c);
    if (doc.owner.email !== c.get("person").email) throw new CodaError(403, "Only its owner may unpublish a doc.");
    store.change(doc, (each) => {
      delete each.published;
    });
    return c.json({});
  });

  app.get("/analytics/updated", (c) => {
    const day = lastDay(now());
    return c.json({
      docAnalyticsLastUpdated: day,
      packAnalyticsLastUpdated: day,
      packFormulaAnalyticsLastUpdated: day,
    });
  });

  /** The docs that analytics are about, with their numbers. */
  const analysed = (c: Call, query: URLSearchParams) => {
    const ids = query.get("docIds")?.split(",");
    const search = query.get("query")?.toLowerCase();
    const isPublished = booleanParameter(query, "isPublished");
    const cumulative = choiceParameter(query, "scale", ["daily", "cumulative"]) === "cumulative";
    return store
      .docs()
      .filter(
        (doc) =>
          mayAccess(c, doc) &&
          (ids === undefined || ids.includes(doc.id)) &&
          (search === undefined || doc.name.toLowerCase().includes(search)) &&
          (isPublished === undefined || (doc.published !== undefined) === isPublished) &&
          (query.get("workspaceId") ?? WORKSPACE.id) === WORKSPACE.id,
      )
      .map((doc) => docAnalytics(doc, daysIn(query, now()), cumulative, resources(c.get("base"))));
  };

  app.get("/analytics/docs/summary", (c) => {
    const items = analysed(c, queryOf(c));
    const sessions = items.flatMap(({ metrics }) => metrics.map(({ totalSessions }) => totalSessions));
    return c.json({ totalSessions: sessions.reduce((sum, each) => sum + each, 0) });
  });

  app.get("/analytics/docs", (c) => {
    const request = list(c, MAX_ANALYTICS);
    const items = analysed(c, request.query);
    const total = ({ metrics }: (typeof items)[number]) => metrics.reduce((sum, { views }) => sum + views, 0);
    if (request.query.get("orderBy") === "views") {
      const sign = request.query.get("direction") === "descending" ? -1 : 1;
      items.sort((a, b) => sign * (total(a) - total(b)));
    }
    const { href: _, ...page } = listPage(request, items, (item) => item);
    return c.json(page);
  });

  app.get("/analytics/docs/:docId/pages", (c) => {
    const doc = docOf(c);
    const request = list(c, MAX_ANALYTICS);
    const days = daysIn(request.query, now());
    const { href: _, ...page } = listPage(request, doc.pages, (each) => pageAnalytics(each, days));
    return c.json(page);
  });

  const workspaceOf = (c: Call) => {
    if (c.req.param("workspaceId") !== WORKSPACE.id) throw new CodaError(404, "There is no workspace with this id.");
  };
  const roleOf = (loginId: string) => store.role(loginId)?.role ?? (loginId === first.loginId ? "Admin" : "Editor");
  const members = tokens.filter((each, index) => tokens.findIndex(({ loginId }) => loginId === each.loginId) === index);

  app.get("/workspaces/:workspaceId/users", (c) => {
    workspaceOf(c);
    const request = list(c, MAX_ITEMS);
    const roles = request.query.get("includedRoles")?.split(",");
    const included = members.filter(({ loginId }) => roles?.includes(roleOf(loginId)) ?? true);
    const mine = ({ loginId }: CodaToken) => Number(loginId === c.get("person").email);
    const { href: _, ...page } = listPage(
      request,
      included.toSorted(
        (a, b) => mine(b) - mine(a) || ROLES.indexOf(roleOf(a.loginId)) - ROLES.indexOf(roleOf(b.loginId)),
      ),
      ({ loginId, name }) => {
        const changedAt = store.role(loginId)?.changedAt;
        return {
          email: loginId,
          name,
          role: roleOf(loginId),
          registeredAt: REGISTERED,
          ...(changedAt === undefined ? {} : { roleChangedAt: changedAt }),
          ownedDocs: store.docs().filter(({ owner }) => owner.email === loginId).length,
        };
      },
    );
    return c.json(page);
  });

  app.post("/workspaces/:workspaceId/users/role", async (c) => {
    const { email, newRole } = await bodyOf(c, roleChange);
    workspaceOf(c);
    if (roleOf(c.get("person").email) !== "Admin") throw new CodaError(403, "Only an admin may change roles.");
    if (!members.some(({ loginId }) => loginId === email)) throw new CodaError(404, `"${email}" is no member.`);
    return c.json({ roleChangedAt: store.setRole(email, newRole) });
  });

  app.get("/workspaces/:workspaceId/roles", (c) => {
    workspaceOf(c);
    const count = (role: (typeof ROLES)[number]) => members.filter(({ loginId }) => roleOf(loginId) === role).length;
    const month = {
      month: new Date(now()).toISOString().slice(0, 7),
      activeAdminCount: count("Admin"),
      activeDocMakerCount: count("DocMaker"),
      activeEditorCount: count("Editor"),
      inactiveAdminCount: 0,
      inactiveDocMakerCount: 0,
      inactiveEditorCount: 0,
    };
    return c.json({ items: [month] });
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

  return withFaults(async (request) => exports.download(request) ?? app.fetch(request), codaErrorResponse);
}

const ROLES = ["Admin", "DocMaker", "Editor"] as const;

/** The published description's `ChangeRole`. */
const roleChange = z.strictObject({ email: z.string(), newRole: z.enum(ROLES) });

/** When every member of the workspace registered. */
const REGISTERED = "2026-01-05T09:00:00.000Z";

/** The published description's `BeginPageContentExportRequest`. */
const exportBegin = z.strictObject({ outputFormat: z.enum(["html", "markdown"]) });

function named<T extends { name: string }>({ query }: { query: URLSearchParams }, all: T[]): T[] {
  if (!choiceParameter(query, "sortBy", ["name"])) return all;
  return all.toSorted((a, b) => a.name.localeCompare(b.name));
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
