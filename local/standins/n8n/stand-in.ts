import { createHash, timingSafeEqual } from "node:crypto";
import { STATUS_CODES } from "node:http";
import { Hono } from "hono";
import { type Faults, type Handler, withFaults } from "../faults.ts";
import { WORKFLOWS } from "./seed.ts";

export interface N8nStandInOptions {
  /** What clients send as `X-N8N-API-KEY`; at least one. */
  apiKeys: string[];
  /** Takes a line about what a person should know, e.g. an endpoint that the stand-in does not have. */
  log: (line: string) => void;
}

/** Items on a page, by default and at most. */
const PAGE = { usual: 100, most: 250 };

/**
 * A stand-in of n8n's public API (https://docs.n8n.io/api/; base path `…/api/v1` below wherever it is mounted), for as
 * long as n8n itself is not deployed: it has the workflows, to read. What it does not have is answered 404 and logged.
 * @returns `handler` answers requests; `faults` makes it fail on purpose (also over HTTP, at `…/_control`)
 * @throws {Error} when no key is given
 */
export function createN8nStandIn({ apiKeys, log }: N8nStandInOptions): { handler: Handler; faults: Faults } {
  if (apiKeys.length === 0) throw new Error("The n8n stand-in needs at least one API key.");
  const known = apiKeys.map(digest);
  const app = new Hono({ getPath: (request) => new URL(request.url).pathname.replace(/^.*?(?=\/api\/v1(\/|$))/, "") });

  app.use("/api/v1/*", async (c, next) => {
    const sent = c.req.header("x-n8n-api-key");
    if (sent === undefined) return c.json({ message: "'X-N8N-API-KEY' header required" }, 401);
    if (!known.some((each) => timingSafeEqual(each, digest(sent)))) return c.json({ message: "unauthorized" }, 401);
    return next();
  });

  app.get("/api/v1/workflows", (c) => {
    const { limit = String(PAGE.usual), cursor, active, ...others } = c.req.query();
    const unknown = Object.keys(others)[0];
    if (unknown) return c.json({ message: `Unknown query parameter '${unknown}'` }, 400);
    if (!/^\d+$/.test(limit)) return c.json({ message: "request/query/limit must be number" }, 400);
    if (Number(limit) > PAGE.most) return c.json({ message: `request/query/limit must be <= ${PAGE.most}` }, 400);
    // A cursor says where to go on and how many to give, whatever the request says.
    const at = cursor === undefined ? { offset: 0, limit: Number(limit) } : decoded(cursor);
    if (!at) return c.json({ message: "An invalid cursor was provided" }, 400);
    const all = WORKFLOWS.filter((each) => active === undefined || String(each.active) === active);
    const end = at.offset + at.limit;
    return c.json({
      data: all.slice(at.offset, end),
      nextCursor: end < all.length ? encoded({ offset: end, limit: at.limit }) : null,
    });
  });

  app.get("/api/v1/workflows/:id", (c) => {
    const found = WORKFLOWS.find(({ id }) => id === c.req.param("id"));
    return found ? c.json(found) : c.json({ message: "Not Found" }, 404);
  });

  app.notFound((c) => {
    log(`n8n stand-in: no such endpoint: ${c.req.method} ${new URL(c.req.url).pathname}`);
    return c.json({ message: "not found" }, 404);
  });

  return withFaults(
    async (request) => app.fetch(request),
    (status) => Response.json({ message: STATUS_CODES[status] ?? "Error" }, { status }),
  );
}

interface Position {
  offset: number;
  limit: number;
}

function encoded(position: Position): string {
  return Buffer.from(JSON.stringify(position)).toString("base64");
}

function decoded(cursor: string): Position | undefined {
  try {
    const position = JSON.parse(Buffer.from(cursor, "base64").toString()) as Position;
    return Number.isInteger(position.offset) && Number.isInteger(position.limit) ? position : undefined;
  } catch {
    return undefined;
  }
}

/** Digests have one length, so comparing them tells nothing about the key's. */
function digest(key: string): Buffer {
  return createHash("sha256").update(key).digest();
}
