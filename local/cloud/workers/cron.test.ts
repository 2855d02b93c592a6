import { expect, test } from "vitest";
import { parseCron } from "./cron.ts";

/** The first minutes (UTC) from a start at which an expression fires. */
function fires(expression: string, start: string, count: number): string[] {
  const cron = parseCron(expression);
  const found: string[] = [];
  for (let time = Date.parse(start); found.length < count; time += 60_000) {
    if (cron.matches(new Date(time))) found.push(new Date(time).toISOString().slice(0, 16));
  }
  return found;
}

test.each([
  ["* * * * *", ["2026-01-01T00:00", "2026-01-01T00:01"]],
  ["*/30 * * * *", ["2026-01-01T00:00", "2026-01-01T00:30"]],
  ["45 * * * *", ["2026-01-01T00:45", "2026-01-01T01:45"]],
  ["0 17 * * sun", ["2026-01-04T17:00", "2026-01-11T17:00"]],
  ["0 17 * * 1", ["2026-01-04T17:00", "2026-01-11T17:00"]],
  ["10 7 * * mon-fri", ["2026-01-01T07:10", "2026-01-02T07:10", "2026-01-05T07:10"]],
  ["0 15 1 * *", ["2026-01-01T15:00", "2026-02-01T15:00"]],
  ["0 18 * * 6L", ["2026-01-30T18:00", "2026-02-27T18:00"]],
  ["59 23 LW * *", ["2026-01-30T23:59", "2026-02-27T23:59"]],
  ["0 0 L * *", ["2026-01-31T00:00", "2026-02-28T00:00"]],
  ["0 0 15W * *", ["2026-01-15T00:00", "2026-02-16T00:00"]],
  ["0 9 * * MON#2", ["2026-01-12T09:00", "2026-02-09T09:00"]],
  ["5,10 4-5 * feb *", ["2026-02-01T04:05", "2026-02-01T04:10", "2026-02-01T05:05"]],
  ["0 0 13 * fri", ["2026-01-02T00:00", "2026-01-09T00:00", "2026-01-13T00:00"]],
])("%s fires as Cloudflare's documentation says", (expression, expected) => {
  expect(fires(expression, "2026-01-01T00:00Z", expected.length)).toEqual(expected);
});

test.each([
  ["* * * *", "must have five fields"],
  ["60 * * * *", '"60" is not a valid minute (0-59)'],
  ["* 5-3 * * *", '"5-3" is not a valid hour'],
  ["* * 0 * *", '"0" is not a valid day of the month'],
  ["* * * foo *", '"foo" is not a valid month'],
  ["* * * * 8", '"8" is not a valid day of the week (1-7)'],
  ["*/0 * * * *", '"*/0" is not a valid minute'],
])("%s is refused with the field that is wrong", (expression, message) => {
  expect(() => parseCron(expression)).toThrow(message);
});
