/** The part of the D1 binding that the audit trail uses. https://developers.cloudflare.com/d1/worker-api/ */
export interface AuditDatabase {
  prepare(sql: string): Statement;
  batch(statements: Statement[]): Promise<unknown>;
}

interface Statement {
  bind(...values: unknown[]): Statement;
  all<Row>(): Promise<{ results: Row[] }>;
  run(): Promise<{ meta: { changes?: number } }>;
}

/** The schema, step by step. A step that has been released is never changed: add another. */
const MIGRATIONS: string[][] = [
  [
    `CREATE TABLE audit (
      id INTEGER PRIMARY KEY,
      time INTEGER NOT NULL,
      kind TEXT NOT NULL,
      decision TEXT NOT NULL,
      reason TEXT, user TEXT, client TEXT, "grant" TEXT, service TEXT, tool TEXT,
      duration_ms REAL, request_id TEXT, placement TEXT
    ) STRICT`,
    "CREATE INDEX audit_by_user ON audit (user, time)",
    "CREATE INDEX audit_by_time ON audit (time)",
  ],
  // When each grant was used last, and what was done with it.
  [`CREATE INDEX audit_by_grant ON audit ("grant", time) WHERE "grant" IS NOT NULL`],
];

/**
 * Brings the schema up to the newest version; safe to repeat, and each step happens whole or not at all.
 *
 * @returns the steps that were taken
 */
export async function migrate(database: AuditDatabase): Promise<number> {
  await database.prepare("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER PRIMARY KEY)").run();
  const { results } = await database
    .prepare("SELECT COALESCE(MAX(version), 0) AS version FROM schema_version")
    .all<{ version: number }>();
  const from = results[0]!.version;
  for (const [step, statements] of MIGRATIONS.slice(from).entries()) {
    // D1 runs a batch as one transaction. Of two that migrate at once, the second fails here and leaves nothing.
    await database.batch([
      database.prepare("INSERT INTO schema_version (version) VALUES (?)").bind(from + step + 1),
      ...statements.map((sql) => database.prepare(sql)),
    ]);
  }
  return MIGRATIONS.length - from;
}
