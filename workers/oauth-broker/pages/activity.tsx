import type { AuditEvent } from "@hybrid-mcp/service-kit/broker-contract";
import { CallsChart, type CallsChartProps } from "./calls-chart.tsx";
import { ChosenName } from "./chosen-name.tsx";
import { Layout, type Navigation } from "./layout.tsx";
import { Moment } from "./moment.tsx";

/** What the form asks for, as it stands in the address; a day is `YYYY-MM-DD`. */
export interface ActivityQuery {
  service?: string;
  decision?: string;
  from?: string;
  to?: string;
  grant?: string;
  /** Of everybody, for administrators. */
  everyone?: string;
  user?: string;
}

/** An event with the names of what it speaks of. */
export interface ShownEvent extends AuditEvent {
  /** Undefined: only the person's own are shown. */
  personName?: string;
  clientName?: string;
}

export interface ActivityProps {
  nav: Navigation;
  query: ActivityQuery;
  /** Names of services that can be chosen. */
  services: string[];
  events: ShownEvent[];
  chart: CallsChartProps;
  /** Addresses of the next and the first page. */
  older: string | undefined;
  newest: string | undefined;
  /** Query string of the exports, with `?`. */
  exportQuery: string;
  /** Most events in one export. */
  exportLimit: number;
}

const KINDS: Record<AuditEvent["kind"], string> = {
  "sign-in": "Sign-in",
  "sign-out": "Sign-out",
  grant: "Access for a program",
  refresh: "Access prolonged",
  revoke: "Access ended",
  connect: "Connection",
  disconnect: "Connection ended",
  link: "Accounts linked",
  token: "Key handed out",
  call: "Call",
  view: "Page for administrators",
  lost: "Events lost",
};

const RESULTS = { allowed: "good", denied: "bad", failed: "note" };

/** The audit trail: what happened in a person's name, or everybody's, with a filter, a chart and exports. */
export function ActivityPage(props: ActivityProps) {
  const { nav, query, services, events, chart, older, newest, exportQuery, exportLimit } = props;
  const { titleOf } = chart;
  return (
    <Layout title={query.everyone ? "Everybody's activity" : "Your activity"} nav={nav}>
      <form class="filter" method="get" action="/activity">
        {query.grant && <input type="hidden" name="grant" value={query.grant} />}
        {query.user && <input type="hidden" name="user" value={query.user} />}
        <label>
          Service
          <select name="service">
            <option value="">All</option>
            {services.map((service) => (
              <option value={service} selected={service === query.service}>
                {titleOf(service)}
              </option>
            ))}
          </select>
        </label>
        <label>
          Result
          <select name="decision">
            <option value="">All</option>
            {Object.keys(RESULTS).map((decision) => (
              <option value={decision} selected={decision === query.decision}>
                {decision}
              </option>
            ))}
          </select>
        </label>
        <label>
          From
          <input type="date" name="from" value={query.from} />
        </label>
        <label>
          To
          <input type="date" name="to" value={query.to} />
        </label>
        {nav.administrator && (
          <label class="tick">
            <input type="checkbox" name="everyone" value="1" checked={query.everyone !== undefined} />
            Everybody's
          </label>
        )}
        <button class="main" type="submit">
          Show
        </button>
      </form>
      {(query.grant || query.user) && (
        <p>
          Only {query.grant ? "what one program did with one access" : "what one person did"}.{" "}
          <a href={query.everyone ? "/activity?everyone=1" : "/activity"}>Show everything</a>
        </p>
      )}

      <CallsChart {...chart} />

      <section aria-labelledby="events">
        <h2 id="events">What happened</h2>
        {events.length === 0 ? (
          <p>Nothing that fits.</p>
        ) : (
          <table class="stacked">
            <thead>
              <tr>
                <th scope="col">What</th>
                <th scope="col">Result</th>
                {query.everyone && <th scope="col">Who</th>}
                <th scope="col">Program</th>
                <th scope="col">When</th>
              </tr>
            </thead>
            <tbody>
              {events.map((event) => (
                <EventRow event={event} everyone={query.everyone !== undefined} titleOf={titleOf} />
              ))}
            </tbody>
          </table>
        )}
        <p class="actions">
          {newest && <a href={newest}>Newest</a>}
          {older && (
            <a href={older} rel="next">
              Older
            </a>
          )}
        </p>
        <p class="quiet">
          Export what fits: <a href={`/activity.csv${exportQuery}`}>CSV</a> or{" "}
          <a href={`/activity.jsonl${exportQuery}`}>JSON lines</a>, the newest {exportLimit.toLocaleString("en")} at
          most; choose days for older ones.
        </p>
      </section>
    </Layout>
  );
}

function EventRow({
  event,
  everyone,
  titleOf,
}: {
  event: ShownEvent;
  everyone: boolean;
  titleOf(name: string): string;
}) {
  const { kind, decision, reason, service, tool, durationMs, requestId, placement } = event;
  const about = [
    durationMs !== undefined && `${Math.round(durationMs)} ms`,
    placement && `on ${placement}`,
    requestId && `request ${requestId}`,
  ].filter(Boolean);
  return (
    <tr>
      <td>
        <strong>{[service && titleOf(service), tool ?? KINDS[kind]].filter(Boolean).join(": ")}</strong>
        {reason && <small>{reason}</small>}
        {about.length > 0 && <small>{about.join(" · ")}</small>}
      </td>
      <td>
        <span class={`tag ${RESULTS[decision]}`}>{decision}</span>
      </td>
      {everyone && (
        <td class="whole name">
          {event.user && (
            <a href={`/activity?everyone=1&user=${encodeURIComponent(event.user)}`}>
              <ChosenName name={event.personName ?? event.user} />
            </a>
          )}
        </td>
      )}
      <td class="whole">{event.clientName && <ChosenName name={event.clientName} />}</td>
      <td class="whole">
        <Moment at={event.time} />
      </td>
    </tr>
  );
}
