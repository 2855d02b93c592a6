import { execFile } from "node:child_process";
import type { Health, Healthcheck, HealthResult } from "./records.ts";

const second = 1000;
/** Defaults of HEALTHCHECK, https://docs.docker.com/reference/dockerfile/#healthcheck, in milliseconds. */
const defaults = { interval: 30 * second, timeout: 30 * second, retries: 3 };
/** While a container starts it is asked more often, as with `--start-interval`; milliseconds. */
const startIntervalMs = 200;
const keptResults = 5;
const keptOutput = 4096;

/** Runs a health check again and again. */
export interface HealthMonitor {
  stop(): void;
}

/**
 * @param check - with a `Test` that is not NONE
 * @param where - directory and environment of the container's process
 * @param changed - called with the new health after every check
 */
export function monitorHealth(
  check: Healthcheck,
  where: { cwd: string; env: Record<string, string> },
  changed: (health: Health) => void,
): HealthMonitor {
  const [interval, timeout, startPeriod] = [check.Interval, check.Timeout, check.StartPeriod].map(
    (time) => (time ?? 0) / 1e6,
  );
  const every = interval || defaults.interval;
  const retries = check.Retries || defaults.retries;
  const started = Date.now();
  const health: Health = { Status: "starting", FailingStreak: 0, Log: [] };
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  let startFailures = 0;

  const next = () => {
    const wait = health.Status === "starting" ? Math.min(every, startIntervalMs) : every;
    timer = setTimeout(() => void once(), wait);
  };
  const once = async () => {
    const result = await runCheck(check.Test ?? [], where, timeout || defaults.timeout);
    if (stopped) return;
    health.Log = [...health.Log, result].slice(-keptResults);
    if (result.ExitCode === 0) {
      health.Status = "healthy";
      health.FailingStreak = 0;
    } else if (health.Status !== "starting") {
      health.FailingStreak++;
    } else if (Date.now() - started > (startPeriod ?? 0)) {
      // Asked more often than said: only as many failures count as there would have been.
      startFailures++;
      health.FailingStreak = Math.max(1, Math.floor((startFailures * Math.min(every, startIntervalMs)) / every));
    }
    if (health.FailingStreak >= retries) health.Status = "unhealthy";
    changed(structuredClone(health));
    next();
  };
  changed(structuredClone(health));
  next();
  return {
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}

function runCheck(test: string[], where: { cwd: string; env: Record<string, string> }, timeoutMs: number) {
  const [kind, ...rest] = test;
  const [file = "", ...args] = kind === "CMD-SHELL" ? ["/bin/sh", "-c", rest.join(" ")] : kind === "CMD" ? rest : test;
  const start = new Date().toISOString();
  return new Promise<HealthResult>((done) => {
    const options = { ...where, timeout: timeoutMs, killSignal: "SIGKILL" as const, maxBuffer: 1024 * 1024 };
    execFile(file, args, options, (error, stdout, stderr) => {
      const code = error ? (typeof error.code === "number" ? error.code : error.killed ? -1 : 127) : 0;
      const output = error?.killed ? `Health check exceeded timeout (${timeoutMs} ms)` : stdout + stderr;
      const said = output || (code === 127 ? (error?.message ?? "") : "");
      done({ Start: start, End: new Date().toISOString(), ExitCode: code, Output: said.slice(0, keptOutput) });
    });
  });
}
