import type { AuditEvent, Person } from "@hybrid-mcp/service-kit/broker-contract";
import { Hono } from "hono";
import { callsPerDay, DAY_MS, read, type TrailFilter, toCsv, toJsonLines } from "../audit/trail.ts";
import { authorizationServer } from "../authorization-server.ts";
import { type BrokerEnv, type Ctx, GATEWAY } from "../config.ts";
import { ActivityPage, type ActivityQuery, type ShownEvent } from "../pages/activity.tsx";
import { readRecord } from "../people/person-record.ts";
import { isAdministrator } from "../policy.ts";
import { titleOf } from "../resources.ts";
import { currentPerson } from "../session.ts";
import { administratorsOnly, navigation } from "./person.tsx";
import { signInPage } from "./sign-in.tsx";

/** The audit trail of a person, and everybody's for administrators: as a page with a chart, and as files. */
export const activityRoutes = new Hono<{ Bindings: BrokerEnv }>();

const PER_PAGE = 50;
/** Most days in the chart; without dates it shows the last {@link USUAL_DAYS}. */
const MOST_DAYS = 92;
const USUAL_DAYS = 30;
/** Events in one export, read in so many steps: a request has its bounds on the free plan. */
const EXPORT_LIMIT = 10_000;
const EXPORT_STEP = 1_000;

activityRoutes.get("/activity", async (c) => {
  const person = await currentPerson(c);
  if (!person) return signInPage(c, c.req.url);
  c.header("cache-control", "no-store");
  const query = queryOf(c);
  const filter = filterOf(c, person, query);
  if (!filter) return administratorsOnly(c, person, "everybody's activity");

  const after = c.req.query("after");
  const days = chartDays(filter, Date.now());
  const [{ events, next }, calls] = await Promise.all([
    read(c.env.AUDIT, { ...filter, limit: PER_PAGE, ...(after && { after }) }),
    callsPerDay(c.env.AUDIT, { ...filter, from: days[0]!, before: days.at(-1)! + DAY_MS }),
  ]);
  return c.html(
    <ActivityPage
      nav={navigation(c, person, "activity")}
      query={query}
      services={Object.keys(c.env.BROKER_CONFIG.resources)}
      events={await named(c.env, events, query.everyone !== undefined)}
      chart={{ days, calls, titleOf: (service) => shortTitle(c, service) }}
      older={next && `/activity${search({ ...query, after: next })}`}
      newest={after && `/activity${search({ ...query })}`}
      exportQuery={search({ ...query })}
      exportLimit={EXPORT_LIMIT}
    />,
  );
});

activityRoutes.get("/activity.csv", (c) => exported(c, "csv", "text/csv; charset=utf-8", toCsv));
activityRoutes.get("/activity.jsonl", (c) => exported(c, "jsonl", "application/jsonl; charset=utf-8", toJsonLines));

/** A file with what fits; when there is more, its name says so and `Link` (RFC 8288) has where the next part is. */
async function exported(c: Ctx, extension: string, type: string, write: (events: AuditEvent[]) => string) {
  const person = await currentPerson(c);
  if (!person) return c.redirect(`/sign-in?return=${encodeURIComponent("/activity")}`);
  const query = queryOf(c);
  const filter = filterOf(c, person, query);
  if (!filter) return administratorsOnly(c, person, "everybody's activity");
  const events: AuditEvent[] = [];
  let after = c.req.query("after");
  do {
    const page = await read(c.env.AUDIT, { ...filter, limit: EXPORT_STEP, ...(after && { after }) });
    events.push(...page.events.map(({ id: _, ...event }) => event));
    after = page.next;
  } while (after && events.length < EXPORT_LIMIT);
  const next = after && `/activity.${extension}${search({ ...query, after })}`;
  return c.body(write(events), 200, {
    "content-type": type,
    "content-disposition": `attachment; filename="activity${next ? "-part" : ""}.${extension}"`,
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    ...(next && { link: `<${next}>; rel="next"` }),
  });
}

/** What of the address counts; an empty field of the form is none, and one's own trail is of nobody else. */
function queryOf(c: Ctx): ActivityQuery {
  const own = ["service", "decision", "from", "to", "grant"] as const;
  const names = c.req.query("everyone") ? ([...own, "everyone", "user"] as const) : own;
  return Object.fromEntries(names.map((name) => [name, c.req.query(name)]).filter(([, value]) => value));
}

/** @returns undefined when it asks for what is not this person's to see */
function filterOf(c: Ctx, person: Person, query: ActivityQuery): TrailFilter | undefined {
  if (query.everyone && !isAdministrator(c.env.BROKER_CONFIG.administrators, person)) return undefined;
  const user = query.everyone ? query.user : person.id;
  const from = midnight(query.from);
  const to = midnight(query.to);
  return {
    ...(user !== undefined && { user }),
    ...(query.grant !== undefined && { grant: query.grant }),
    ...(query.service !== undefined && { service: query.service }),
    ...(isDecision(query.decision) && { decision: query.decision }),
    ...(from !== undefined && { from }),
    ...(to !== undefined && { before: to + DAY_MS }),
  };
}

function isDecision(text: string | undefined): text is AuditEvent["decision"] {
  return text === "allowed" || text === "denied" || text === "failed";
}

/** @param day `YYYY-MM-DD`; what is no day counts for nothing */
function midnight(day: string | undefined): number | undefined {
  const time = /^\d{4}-\d{2}-\d{2}$/.test(day ?? "") ? Date.parse(`${day}T00:00:00Z`) : Number.NaN;
  return Number.isNaN(time) ? undefined : time;
}

/** The days that the filter names, the last ones of them when they are too many for a chart. */
function chartDays({ from, before }: TrailFilter, now: number): number[] {
  const today = Math.floor(now / DAY_MS) * DAY_MS;
  const last = before === undefined ? Math.max(today, from ?? today) : before - DAY_MS;
  const first = Math.max(from ?? last - (USUAL_DAYS - 1) * DAY_MS, last - (MOST_DAYS - 1) * DAY_MS);
  const count = Math.max(1, (last - first) / DAY_MS + 1);
  return Array.from({ length: count }, (_, at) => last - (count - 1 - at) * DAY_MS);
}

/** A service's name in a list, where "every service" would not be understood. */
function shortTitle(c: Ctx, service: string): string {
  return service === GATEWAY ? "Gateway" : service === "" ? "None" : titleOf(c.env.BROKER_CONFIG, service);
}

function search(query: ActivityQuery & { after?: string }): string {
  const text = new URLSearchParams(Object.entries(query)).toString();
  return text && `?${text}`;
}

/** Gives events their names; each person and client is looked up once. */
async function named(env: BrokerEnv, events: AuditEvent[], everyone: boolean): Promise<ShownEvent[]> {
  const distinct = (values: (string | undefined)[]) => [...new Set(values.filter((value) => value !== undefined))];
  const oauth = authorizationServer(env).getOAuthApi(env);
  const clients = new Map(
    await Promise.all(
      distinct(events.map(({ client }) => client)).map(async (id): Promise<[string, string]> => {
        // A client ID that is an address says enough, and is not fetched for this.
        if (URL.canParse(id)) return [id, new URL(id).hostname];
        return [id, (await oauth.lookupClient(id))?.clientName ?? id];
      }),
    ),
  );
  const people = new Map(
    await Promise.all(
      distinct(everyone ? events.map(({ user }) => user) : []).map(
        async (id): Promise<[string, string]> => [id, (await readRecord(env, id))?.accounts[0]?.name ?? id],
      ),
    ),
  );
  return events.map((event) => {
    const personName = people.get(event.user ?? "");
    const clientName = clients.get(event.client ?? "");
    return { ...event, ...(personName && { personName }), ...(clientName && { clientName }) };
  });
}
