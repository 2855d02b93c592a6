/**
 * Cron expressions as Cloudflare reads them (https://developers.cloudflare.com/workers/configuration/cron-triggers/):
 * five fields in UTC; names of months and weekdays; weekdays count 1 (Sunday) to 7 (Saturday); `L` (last), `W` (nearest
 * weekday) and `#` (nth weekday of the month).
 */
export interface Cron {
  /** Whether it fires in the minute that this time is in. */
  matches(time: Date): boolean;
}

type DayTest = (time: Date) => boolean;

const MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const WEEKDAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/**
 * Reads a cron expression.
 * @throws Error that names the expression and the field that is wrong.
 */
export function parseCron(expression: string): Cron {
  const fields = expression.trim().split(/\s+/);
  const [minute, hour, day, month, weekday] = fields;
  if (fields.length !== 5 || !minute || !hour || !day || !month || !weekday) {
    throw new Error(
      `Cron expression "${expression}" must have five fields: minute hour day-of-month month day-of-week.`,
    );
  }
  const within = (text: string, name: string, min: number, max: number, names: string[] = []) => {
    const values = numbers(text, min, max, names);
    if (values === undefined) {
      throw new Error(`Cron expression "${expression}": "${text}" is not a valid ${name} (${min}-${max}).`);
    }
    return values;
  };
  const minutes = within(minute, "minute", 0, 59);
  const hours = within(hour, "hour", 0, 23);
  const months = within(month, "month", 1, 12, MONTHS);
  const dayTests = day.split(",").map<DayTest>((part) => {
    const last = /^L(?:-(\d+))?$/i.exec(part);
    if (last) return (time) => time.getUTCDate() === lastDay(time) - Number(last[1] ?? 0);
    if (/^LW$/i.test(part)) return (time) => time.getUTCDate() === nearestWeekday(time, lastDay(time));
    const near = /^(\d+)W$/i.exec(part);
    if (near && within(near[1] ?? "", "day of the month", 1, 31)) {
      return (time) => time.getUTCDate() === nearestWeekday(time, Math.min(Number(near[1]), lastDay(time)));
    }
    const days = within(part, "day of the month", 1, 31);
    return (time) => days.has(time.getUTCDate());
  });
  const weekdayTests = weekday.split(",").map<DayTest>((part) => {
    const [, name, kind, nth] = /^(\w+?)(L|#(\d))$/i.exec(part) ?? [];
    if (name !== undefined && kind !== undefined) {
      const days = within(name, "day of the week", 1, 7, WEEKDAYS);
      if (nth === undefined) return (time) => isOn(days, time) && time.getUTCDate() > lastDay(time) - 7;
      return (time) => isOn(days, time) && Math.ceil(time.getUTCDate() / 7) === Number(nth);
    }
    const days = within(part, "day of the week", 1, 7, WEEKDAYS);
    return (time) => isOn(days, time);
  });
  const onDay = (time: Date) => dayTests.some((test) => test(time));
  const onWeekday = (time: Date) => weekdayTests.some((test) => test(time));
  // As in any cron: where both day fields are limited, one of them is enough.
  const eitherDay = !day.startsWith("*") && !weekday.startsWith("*");
  return {
    matches: (time) =>
      minutes.has(time.getUTCMinutes()) &&
      hours.has(time.getUTCHours()) &&
      months.has(time.getUTCMonth() + 1) &&
      (eitherDay ? onDay(time) || onWeekday(time) : onDay(time) && onWeekday(time)),
  };
}

function isOn(weekdays: Set<number>, time: Date): boolean {
  return weekdays.has(time.getUTCDay() + 1);
}

function lastDay(time: Date): number {
  return new Date(Date.UTC(time.getUTCFullYear(), time.getUTCMonth() + 1, 0)).getUTCDate();
}

/** The Monday to Friday that is nearest to a day without leaving its month. */
function nearestWeekday(time: Date, day: number): number {
  const weekday = new Date(Date.UTC(time.getUTCFullYear(), time.getUTCMonth(), day)).getUTCDay();
  if (weekday === 6) return day === 1 ? 3 : day - 1;
  if (weekday === 0) return day === lastDay(time) ? day - 2 : day + 1;
  return day;
}

/** The values of `*`, `a`, `a-b`, each with an optional step, in a comma-separated list; undefined if it is not one. */
function numbers(text: string, min: number, max: number, names: string[]): Set<number> | undefined {
  const values = new Set<number>();
  const read = (word: string | undefined) => {
    const named = names.indexOf(word?.toUpperCase() ?? "");
    return named >= 0 ? named + min : Number(word);
  };
  for (const part of text.split(",")) {
    const match = /^(?:\*|(\w+)(?:-(\w+))?)(?:\/(\d+))?$/.exec(part);
    if (match === null) return undefined;
    const [, first, second, stepText] = match;
    const step = Number(stepText ?? 1);
    const from = first === undefined ? min : read(first);
    const to = second !== undefined ? read(second) : first === undefined || stepText !== undefined ? max : from;
    if (!(Number.isInteger(from) && Number.isInteger(to) && from >= min && to <= max && from <= to && step > 0)) {
      return undefined;
    }
    for (let value = from; value <= to; value += step) values.add(value);
  }
  return values;
}
