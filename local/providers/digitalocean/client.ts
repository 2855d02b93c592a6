import { setTimeout as sleep } from "node:timers/promises";
import type { OperationContext } from "../core/resource-type.ts";

/** The verbs of the v2 API; answers are whole bodies. */
export interface DigitalOceanApi {
  get<T>(path: string): Promise<T>;
  /** All pages of a list. @param key - the field that holds the items */
  list<T>(path: string, key: string): Promise<T[]>;
  post<T>(path: string, body: unknown): Promise<T>;
  put<T>(path: string, body: unknown): Promise<T>;
  patch<T>(path: string, body: unknown): Promise<T>;
  delete(path: string, body?: unknown): Promise<void>;
}

/** What the API said, e.g. `DigitalOcean API: unprocessable_entity: SSH Key is already in use on your account (HTTP 422, …).` */
export class DigitalOceanError extends Error {
  readonly status: number | undefined;

  constructor(message: string, status: number | undefined) {
    super(message);
    this.status = status;
  }
}

/** How often an action or a status is asked for, in milliseconds. */
const pollMs = 300;
/** How long we wait for them without `customTimeouts`, in seconds. */
const defaultTimeoutSeconds = 600;

/** Builds a path with every value URL-encoded. */
export function path(parts: TemplateStringsArray, ...values: unknown[]): string {
  return parts.reduce((joined, part, index) => joined + encodeURIComponent(String(values[index - 1])) + part);
}

/**
 * The DigitalOcean API, https://docs.digitalocean.com/reference/api/. (The npm client lacks uptime checks and alert
 * policies; plain requests serve all alike.) Settings: `apiEndpoint` and `token` of the provider, else
 * DIGITALOCEAN_API_URL (without `/v2`) and DIGITALOCEAN_TOKEN, the names that the official plugin reads.
 */
export function digitalOceanApi({ config, signal }: OperationContext): DigitalOceanApi {
  const { DIGITALOCEAN_API_URL, DIGITALOCEAN_TOKEN } = process.env;
  const base = String(config.apiEndpoint ?? DIGITALOCEAN_API_URL ?? "https://api.digitalocean.com").replace(/\/+$/, "");
  const token = String(config.token ?? DIGITALOCEAN_TOKEN ?? "");

  async function request<T>(method: string, where: string, body?: unknown): Promise<T> {
    if (!token) throw new DigitalOceanError("No DigitalOcean API token: set DIGITALOCEAN_TOKEN.", undefined);
    const what = `${method} /v2${where}`;
    let response: Response;
    try {
      response = await fetch(`${base}/v2${where}`, {
        method,
        signal,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body !== undefined && { "content-type": "application/json" }),
        },
        body: body === undefined ? null : JSON.stringify(body),
      });
    } catch (error) {
      if (signal.aborted) throw new DigitalOceanError(`${what} was cancelled.`, undefined);
      const { cause, message } = error as { cause?: { message?: string }; message: string };
      const reason = cause?.message ?? message;
      throw new DigitalOceanError(`Cannot reach the DigitalOcean API at ${base} (${what}): ${reason}.`, undefined);
    }
    const text = await response.text();
    const parsed = parse(text);
    if (response.ok) return parsed as T;
    const { id, message } = (parsed ?? {}) as { id?: string; message?: string };
    const said = [id, message].filter(Boolean).join(": ").replace(/\.$/, "") || text.slice(0, 200) || "no reason given";
    throw new DigitalOceanError(`DigitalOcean API: ${said} (HTTP ${response.status}, ${what}).`, response.status);
  }

  return {
    get: (where) => request("GET", where),
    async list<T>(where: string, key: string) {
      const items: T[] = [];
      const separator = where.includes("?") ? "&" : "?";
      for (let page = 1; ; page++) {
        const answer = await request<Record<string, unknown>>("GET", `${where}${separator}page=${page}&per_page=200`);
        items.push(...((answer[key] ?? []) as T[]));
        if (!(answer.links as { pages?: { next?: string } } | undefined)?.pages?.next) return items;
      }
    },
    post: (where, body) => request("POST", where, body),
    put: (where, body) => request("PUT", where, body),
    patch: (where, body) => request("PATCH", where, body),
    async delete(where, body) {
      await orGone(request("DELETE", where, body));
    },
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** The answer, or undefined where the API says that there is no such thing (404). */
export async function orGone<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof DigitalOceanError && error.status === 404) return undefined;
    throw error;
  }
}

/**
 * Asks until there is an answer that is not undefined.
 * @param what - for the error, e.g. `droplet 12 to become active`
 * @throws DigitalOceanError when that takes longer than the resource's timeout
 */
export async function until<T>(
  what: string,
  ask: () => Promise<T | undefined>,
  { timeoutSeconds, signal }: OperationContext,
): Promise<T> {
  const seconds = timeoutSeconds || defaultTimeoutSeconds;
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (Date.now() > deadline) throw new DigitalOceanError(`Waited ${seconds} s in vain for ${what}.`, undefined);
    await sleep(pollMs, undefined, { signal });
  }
}

interface Action {
  id: number;
  status: string;
  type: string;
}

/** Waits for an action to be done. @throws DigitalOceanError when it failed or takes too long */
export async function actionDone(
  api: DigitalOceanApi,
  { action }: { action: Action },
  context: OperationContext,
): Promise<void> {
  const ask = async () => {
    const { action: now } = await api.get<{ action: Action }>(path`/actions/${action.id}`);
    if (now.status === "errored") throw new DigitalOceanError(`The action ${now.type} (${now.id}) failed.`, undefined);
    return now.status === "completed" ? true : undefined;
  };
  await until(`action ${action.type} (${action.id})`, ask, context);
}
