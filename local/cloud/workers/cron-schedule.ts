import { type Cron, parseCron } from "./cron.ts";

/** Calls back at the minutes that scripts' cron expressions name, in UTC. */
export interface CronSchedule {
  /** @throws Error for an expression that is not one. */
  set(name: string, crons: string[]): void;
  close(): void;
}

/**
 * Starts a schedule.
 * @param fire called once per expression that matches a minute, with the minute's start.
 */
export function createCronSchedule(fire: (name: string, cron: string, time: Date) => void): CronSchedule {
  const entries = new Map<string, { text: string; cron: Cron }[]>();
  let timer: NodeJS.Timeout | undefined;
  let lastMinute = 0;

  const arm = () => {
    clearTimeout(timer);
    timer = undefined;
    if (entries.size === 0) return;
    // A timer may be a little early: the minute that it was for does not come again.
    const minute = Math.max(Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS, lastMinute) + MINUTE_MS;
    timer = setTimeout(() => {
      lastMinute = minute;
      const time = new Date(minute);
      for (const [name, crons] of entries) {
        for (const { text, cron } of crons) if (cron.matches(time)) fire(name, text, time);
      }
      arm();
    }, minute - Date.now());
    timer.unref();
  };

  return {
    set(name, crons) {
      const parsed = crons.map((text) => ({ text, cron: parseCron(text) }));
      if (parsed.length > 0) entries.set(name, parsed);
      else entries.delete(name);
      arm();
    },
    close() {
      clearTimeout(timer);
    },
  };
}

const MINUTE_MS = 60_000;
