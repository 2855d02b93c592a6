import { CodaError } from "./error.ts";
import type { Doc, Page } from "./model.ts";
import type { Resources } from "./resources.ts";

const DAY_MS = 86_400_000;

/** How many days there are when no date is said. */
const USUAL_DAYS = 30;

/** The days, as `YYYY-MM-DD`, that `sinceDate` and `untilDate` select; the last one there is is yesterday. */
export function daysIn(query: URLSearchParams, now: number): string[] {
  const last = lastDay(now);
  const until = dateParameter(query, "untilDate") ?? last;
  const since = dateParameter(query, "sinceDate") ?? dayOf(Date.parse(until) - (USUAL_DAYS - 1) * DAY_MS);
  const days: string[] = [];
  for (let at = Date.parse(since); at <= Date.parse(until < last ? until : last); at += DAY_MS) days.push(dayOf(at));
  return days;
}

/** The last day that analytics know of. */
export function lastDay(now: number): string {
  return dayOf(now - DAY_MS);
}

/** `DocAnalyticsItem`: numbers are made up of the doc's id and the day, so they are the same every time. */
export function docAnalytics(doc: Doc, days: string[], cumulative: boolean, give: Resources) {
  const daily = days.map((date) => {
    const [sessionsMobile, sessionsDesktop, sessionsOther] = [count(doc.id, date, 7), count(date, doc.id, 20), 1];
    const [aiCreditsChat, aiCreditsColumn] = [count(doc.id, `${date}c`, 3), count(doc.id, `${date}k`, 3)];
    const totalSessions = sessionsMobile + sessionsDesktop + sessionsOther;
    return {
      views: totalSessions + count(doc.id, `${date}v`, 30),
      copies: count(doc.id, `${date}y`, 2),
      likes: count(doc.id, `${date}l`, 3),
      sessionsMobile,
      sessionsDesktop,
      sessionsOther,
      totalSessions,
      aiCreditsChat,
      aiCreditsBlock: 0,
      aiCreditsColumn,
      aiCreditsAssistant: 0,
      aiCreditsReviewer: 0,
      aiCredits: aiCreditsChat + aiCreditsColumn,
      date,
    };
  });
  const { id, href, browserLink, name, createdAt } = give.doc(doc);
  return {
    doc: { id, type: "doc", href, browserLink, title: name, createdAt },
    metrics: cumulative && daily.length > 0 ? [summed(daily)] : daily,
  };
}

/** `PageAnalyticsItem` */
export function pageAnalytics(page: Page, days: string[]) {
  return {
    page: { id: page.id, name: page.name },
    metrics: days.map((date) => {
      const users = count(page.id, date, 9);
      return {
        date,
        views: users * 3,
        sessions: users + 1,
        users,
        averageSecondsViewed: count(page.id, `${date}s`, 200),
        medianSecondsViewed: count(page.id, `${date}m`, 90),
        tabs: users + 2,
      };
    }),
  };
}

function summed<Metrics extends { date: string }>(daily: Metrics[]): Metrics {
  const total: Record<string, unknown> = { ...daily.at(-1)! };
  for (const name of Object.keys(total)) {
    if (name !== "date") total[name] = daily.reduce((sum, day) => sum + Number(day[name as keyof Metrics]), 0);
  }
  return total as Metrics;
}

/** A number from 0 up to, but not including, `below`. */
function count(a: string, b: string, below: number): number {
  let hash = 7;
  for (const char of a + b) hash = (hash * 31 + char.charCodeAt(0)) % 1_000_003;
  return hash % below;
}

function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

function dateParameter(query: URLSearchParams, name: string): string | undefined {
  const value = query.get(name);
  if (value === null) return undefined;
  if (!/^\d{4}-\d\d-\d\d$/.test(value) || Number.isNaN(Date.parse(value))) {
    throw new CodaError(400, `${name} must be a date such as 2026-11-30, not "${value}".`);
  }
  return value;
}
