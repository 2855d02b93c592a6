import { serviceNames } from "@hybrid-mcp/catalogue";
import type { DayOfCalls } from "../audit/trail.ts";
import { dayInWords } from "./moment.tsx";

/** How wide a day is and how wide its bar, in the chart's own units; the browser stretches them. */
const DAY_WIDTH = 10;
const BAR_WIDTH = 8;
const HEIGHT = 100;

export interface CallsChartProps {
  /** Midnights (UTC) of the days to show, one after the other, as Unix times in milliseconds. */
  days: number[];
  calls: DayOfCalls[];
  titleOf(service: string): string;
}

/** Calls per day, the services stacked; the same numbers as a table below, for whoever does not see a picture. */
export function CallsChart({ days, calls, titleOf }: CallsChartProps) {
  const services = [...new Set(calls.map(({ service }) => service))];
  const of = (day: number, service: string) =>
    calls.find((each) => each.day === day && each.service === service)?.calls ?? 0;
  const total = (day: number) => services.reduce((sum, service) => sum + of(day, service), 0);
  const most = Math.max(1, ...days.map(total));
  const all = days.reduce((sum, day) => sum + total(day), 0);
  const period = `${dayInWords(days[0]!)} to ${dayInWords(days.at(-1)!)}`;
  return (
    <section class="panel chart" aria-labelledby="calls">
      <h2 id="calls" style="margin-top: 0">
        Calls per day
      </h2>
      {all === 0 ? (
        <p>There were no calls from {period}.</p>
      ) : (
        <>
          <div class="axis" aria-hidden="true">
            <span>{most}</span>
            <span>{all} in all</span>
          </div>
          <svg
            viewBox={`0 0 ${days.length * DAY_WIDTH} ${HEIGHT}`}
            preserveAspectRatio="none"
            role="img"
            aria-labelledby="chart-title chart-text"
          >
            <title id="chart-title">Calls per day and service</title>
            <desc id="chart-text">
              {period}: {all} calls, at most {most} on one day. The numbers are in the table below.
            </desc>
            {days.map((day, at) => (
              <Bar at={at} day={day} services={services} of={of} most={most} titleOf={titleOf} />
            ))}
          </svg>
          <div class="axis" aria-hidden="true">
            <span>{dayInWords(days[0]!)}</span>
            <span>{dayInWords(days.at(-1)!)}</span>
          </div>
          <ul class="legend">
            {services.map((service) => (
              <li>
                <svg viewBox="0 0 1 1" aria-hidden="true">
                  <rect width="1" height="1" style={colour(service)} />
                </svg>
                {titleOf(service)}: {days.reduce((sum, day) => sum + of(day, service), 0)}
              </li>
            ))}
          </ul>
          <details>
            <summary>The numbers as a table</summary>
            <div class="scroll">
              <table>
                <thead>
                  <tr>
                    <th scope="col">Day (UTC)</th>
                    {services.map((service) => (
                      <th scope="col">{titleOf(service)}</th>
                    ))}
                  </tr>
                </thead>
                <tbody>
                  {days
                    .filter((day) => total(day) > 0)
                    .map((day) => (
                      <tr>
                        <th scope="row">{dayInWords(day)}</th>
                        {services.map((service) => (
                          <td>{of(day, service)}</td>
                        ))}
                      </tr>
                    ))}
                </tbody>
              </table>
            </div>
          </details>
        </>
      )}
    </section>
  );
}

interface BarProps {
  /** Place among the days. */
  at: number;
  day: number;
  services: string[];
  of(day: number, service: string): number;
  most: number;
  titleOf(service: string): string;
}

function Bar({ at, day, services, of, most, titleOf }: BarProps) {
  let top = HEIGHT;
  return (
    <>
      {services
        .filter((service) => of(day, service) > 0)
        .map((service) => {
          const calls = of(day, service);
          const height = (calls / most) * HEIGHT;
          top -= height;
          return (
            <rect
              x={at * DAY_WIDTH + (DAY_WIDTH - BAR_WIDTH) / 2}
              y={top.toFixed(2)}
              width={BAR_WIDTH}
              height={height.toFixed(2)}
              style={colour(service)}
            >
              <title>
                {dayInWords(day)}, {titleOf(service)}: {calls}
              </title>
            </rect>
          );
        })}
    </>
  );
}

/** A service has its colour everywhere; what is not in the catalogue shares one. */
function colour(service: string): string {
  const at = (serviceNames as string[]).indexOf(service) + 1;
  return `fill: var(--c${at >= 1 && at <= 5 ? at : 6})`;
}
