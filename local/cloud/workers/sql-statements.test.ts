import { expect, test } from "vitest";
import { sqlStatements } from "./sql-statements.ts";

test.each([
  ["SELECT 1", ["SELECT 1"]],
  ["SELECT 1;", ["SELECT 1"]],
  ["SELECT 1; ; -- nothing\n; SELECT 2 /* ; */;\n", ["SELECT 1", "SELECT 2 /* ; */"]],
  [
    `INSERT INTO t VALUES ('a;''b', "c;d"); SELECT \`e;f\`, [g;h]`,
    [`INSERT INTO t VALUES ('a;''b', "c;d")`, "SELECT `e;f`, [g;h]"],
  ],
  [
    "CREATE TRIGGER x AFTER INSERT ON t BEGIN UPDATE t SET a = CASE WHEN b THEN 1 END; DELETE FROM u; END; SELECT 1",
    [
      "CREATE TRIGGER x AFTER INSERT ON t BEGIN UPDATE t SET a = CASE WHEN b THEN 1 END; DELETE FROM u; END",
      "SELECT 1",
    ],
  ],
  ["-- only a comment", []],
])("%s is split where SQLite ends a statement", (sql, statements) => {
  expect(sqlStatements(sql)).toEqual(statements);
});
