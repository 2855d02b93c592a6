const DAY = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeZone: "UTC" });
const MINUTE = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short", timeZone: "UTC" });

/** A point in time for people, in UTC: the server does not know where they are. @param at Unix time in milliseconds */
export function Moment({ at }: { at: number }) {
  const date = new Date(at);
  return <time datetime={date.toISOString()}>{MINUTE.format(date)} UTC</time>;
}

/** @param at Unix time in milliseconds */
export function dayInWords(at: number): string {
  return DAY.format(new Date(at));
}
