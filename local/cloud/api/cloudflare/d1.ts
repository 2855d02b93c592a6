import { type Context, Hono } from "hono";
import type { D1Result } from "../../contracts.ts";
import { type Fields, isFields, readFields, text, without } from "./body.ts";
import type { CloudflareContext } from "./context.ts";
import { ApiError, page, success } from "./envelope.ts";
import { now, uuid } from "./identifiers.ts";
import type { Database } from "./records.ts";

/** `/accounts/{account_id}/d1/database` (Cloudflare API, D1). */
export function d1Routes(context: CloudflareContext): Hono {
  const { databases, runtime } = context;

  const database = (c: Context): Database => {
    const asked = c.req.param("database_id") ?? "";
    // The API finds a database by its name, too.
    const found = databases.get(asked) ?? databases.find((other) => other.name === asked);
    if (!found) throw new ApiError(404, 7404, `The database ${asked} could not be found`);
    return found;
  };
  const update = async (c: Context): Promise<Response> => {
    const body = await readFields(c);
    const before = database(c);
    const read_replication = replication(body) ?? before.read_replication;
    const extra = { ...before.extra, ...without(body, "uuid", "name", "created_at", "read_replication") };
    return success(c, describe(databases.put({ ...before, read_replication, extra })));
  };
  const run = async (c: Context): Promise<D1Result[]> => {
    const { id } = database(c);
    const results: D1Result[] = [];
    for (const { sql, params } of statements(await readFields(c))) {
      try {
        results.push(...(await runtime.d1(id, sql, params)));
      } catch (error) {
        throw new ApiError(400, 7500, (error as Error).message);
      }
    }
    return results;
  };

  return new Hono()
    .get("/", (c) => {
      const name = c.req.query("name");
      const found = databases.list((one) => name === undefined || one.name === name).map(describe);
      return page(
        c,
        found.map((one) => without(one, "read_replication")),
        { default: 100, max: 10_000 },
      );
    })
    .post("/", async (c) => {
      const body = await readFields(c);
      const name = text(body, "name");
      if (name === undefined) throw new ApiError(400, 7400, "Invalid property: name => Required");
      if (databases.find((other) => other.name === name)) {
        throw new ApiError(400, 7502, `Database with name: '${name}' already exists`);
      }
      const extra = without(body, "uuid", "name", "created_at", "read_replication");
      const read_replication = replication(body) ?? { mode: "disabled" };
      return success(c, describe(databases.put({ id: uuid(), name, created_at: now(), read_replication, extra })));
    })
    .get("/:database_id", async (c) => {
      const found = database(c);
      return success(c, { ...describe(found), ...(await measure(context, found.id)) });
    })
    .put("/:database_id", update)
    .patch("/:database_id", update)
    .delete("/:database_id", async (c) => {
      const { id } = database(c);
      await runtime.deleteD1(id);
      databases.delete(id);
      return success(c, null);
    })
    .post("/:database_id/query", async (c) => success(c, await run(c)))
    .post("/:database_id/raw", async (c) => {
      const results = await run(c);
      return success(
        c,
        results.map(({ results: rows, ...rest }) => ({
          ...rest,
          results: { columns: Object.keys(rows[0] ?? {}), rows: rows.map((row) => Object.values(row)) },
        })),
      );
    });
}

function describe({ id, extra, ...database }: Database): Fields {
  return { ...extra, uuid: id, version: "production", ...database };
}

/** Tables and size, as the database itself tells them; left out if it cannot be asked. */
async function measure({ runtime, log }: CloudflareContext, id: string): Promise<Fields> {
  const count =
    "SELECT count(*) AS tables FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf\\_%' ESCAPE '\\'";
  try {
    const [answer] = await runtime.d1(id, count, []);
    const size = answer?.meta.size_after;
    return {
      num_tables: answer?.results[0]?.tables ?? 0,
      ...(typeof size === "number" ? { file_size: size } : {}),
    };
  } catch (error) {
    log(`cloudflare: D1 database ${id} does not answer: ${(error as Error).message}`);
    return {};
  }
}

/** @returns undefined if the body leaves it as it is; the official Terraform plugin sends null for that */
function replication(body: Fields): { mode: string } | undefined {
  const value = body.read_replication;
  if (value === undefined || value === null) return undefined;
  if (!isFields(value) || (value.mode !== "auto" && value.mode !== "disabled")) {
    throw new ApiError(400, 7400, "Invalid property: read_replication.mode => Expected 'auto' | 'disabled'");
  }
  return { mode: value.mode };
}

function statements(body: Fields): { sql: string; params: unknown[] }[] {
  const batch = body.batch === undefined ? [body] : body.batch;
  if (!Array.isArray(batch)) throw new ApiError(400, 7400, "Invalid property: batch => Expected array");
  return batch.map((entry: unknown) => {
    const sql = isFields(entry) ? entry.sql : undefined;
    const params = isFields(entry) ? (entry.params ?? []) : [];
    if (typeof sql !== "string" || sql === "") throw new ApiError(400, 7400, "Invalid property: sql => Required");
    if (!Array.isArray(params)) throw new ApiError(400, 7400, "Invalid property: params => Expected array");
    return { sql, params };
  });
}
