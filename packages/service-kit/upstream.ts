import type { ActiveSpan } from "./telemetry.ts";

/** What the kit gives an upstream client for one tool call. */
export interface UpstreamCall {
  /** The person's credential for the API; empty for an API that asks for none. */
  token: string;
  /** Go with every request to the API: `traceparent` and the like. */
  headers: Record<string, string>;
  /** Told of each try of a request; the answer has the `traceparent` that goes with it. */
  observe?(method: string, url: URL): ActiveSpan;
}

/** An upstream API that answered with an error, or did not answer. */
export class UpstreamError extends Error {
  /** HTTP status of the upstream's answer; undefined when there was none. */
  readonly status: number | undefined;
  /** The `Retry-After` of the answer in seconds, where it gave one. */
  readonly retryAfter: number | undefined;
  /** The parsed JSON body of the answer; undefined when there was none. */
  readonly body: object | undefined;

  constructor(message: string, status?: number, retryAfter?: number, body?: object) {
    super(message);
    this.status = status;
    this.retryAfter = retryAfter;
    this.body = body;
  }
}

/** Time and chance, so that a test can stand in for both. */
export interface UpstreamClock {
  /** Milliseconds since 1970. */
  now(): number;
  /** From 0 up to, but not including, 1. */
  random(): number;
  /**
   * @param ms milliseconds to wait
   * @throws the signal's reason, as soon as it is aborted
   */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

export interface UpstreamOptions {
  /** Name for people, used in errors. */
  title: string;
  /** Base URL without a trailing slash. */
  baseUrl: string;
  call: UpstreamCall;
  /**
   * How long all requests of the client may take together, in milliseconds. By default 50 s: MCP clients give a tool call
   * up after 60 s unless they are told otherwise.
   */
  callTimeoutMs?: number;
  /** How long one try of a request may take, in milliseconds; default 20 s. */
  tryTimeoutMs?: number;
  /** Reads the reason out of an error body, in the API's own format. */
  reason?(body: object): string | undefined;
  /** Default: the system's. */
  clock?: UpstreamClock;
}

/** What a model is told to do next when a request goes wrong in one of these ways. */
export interface Advice {
  /** No answer, or one that leaves open whether it was done. Default: try again, for a POST look first. */
  unanswered?: string;
  /** An answer of more than 10 MB. Default: ask for less. */
  tooLarge?: string;
  /** Doing it twice is not doing it once, though the method says so: what may have been done is not tried again. */
  once?: boolean;
}

/** Retries of all requests of a client together. */
const RETRIES = 2;

/** Milliseconds before the first retry, halved at most by jitter; each later one doubles it. */
const BACKOFF_MS = 500;

/** A longer wait is left to the model: it tells the person, or does something else meanwhile. */
const LONGEST_WAIT_MS = 5_000;

/** Most bytes of an answer: it is kept in memory, of which a Worker has 128 MB. */
const MAX_BYTES = 10_000_000;

/** Doing these twice is doing them once (RFC 9110 section 9.2.2). */
const IDEMPOTENT = new Set(["GET", "HEAD", "OPTIONS", "PUT", "DELETE"]);

/** Answers of something on the way to the API, or of an API that is overloaded: the next try may meet another. */
const PASSING = new Set([502, 503, 504]);

const systemClock: UpstreamClock = {
  now: () => Date.now(),
  random: () => Math.random(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const stop = () => {
        clearTimeout(timer);
        reject(signal.reason);
      };
      const timer = setTimeout(() => {
        signal.removeEventListener("abort", stop);
        resolve();
      }, ms);
      signal.addEventListener("abort", stop, { once: true });
    }),
};

/** A request, ready to be tried. */
interface Sending {
  url: string | URL;
  method: string;
  headers: Headers;
  body: string | undefined;
  /** Default: redirects are followed. */
  redirect?: RequestInit["redirect"];
  signal: AbortSignal;
  advice: Advice;
}

/**
 * The API behind a service, for one tool call: base URL, credential, deadlines, retries and errors in one place.
 *
 * Retried is what does no harm: a request that changes nothing the second time, when there was no answer or a 502, 503 or
 * 504; and any request that was answered 429, as it was not carried out. All retries and waits are within one deadline.
 */
export class UpstreamClient {
  readonly #options: UpstreamOptions;
  readonly #clock: UpstreamClock;
  readonly #deadline: number;
  #retries = RETRIES;

  /** Its deadline runs from now. */
  constructor(options: UpstreamOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#deadline = this.#clock.now() + this.#callTimeout;
  }

  /**
   * @param path below the base URL, starting with a slash
   * @param query parameters; undefined ones are left out
   * @param signal ends the request when the caller has gone
   * @returns the parsed JSON body
   * @throws {UpstreamError} for an error status, no answer in time, or a body that is no JSON object or array, or too large
   */
  get<Body>(
    path: string,
    query: Record<string, string | number | boolean | undefined>,
    signal: AbortSignal,
    advice: Advice = {},
  ): Promise<Body> {
    const url = new URL(this.#options.baseUrl + path);
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    return this.#json({ url, method: "GET", headers: new Headers(), body: undefined, signal, advice });
  }

  /** Sends a JSON body if there is one; otherwise as {@link get}. */
  post<Body>(path: string, body: object | undefined, signal: AbortSignal, advice: Advice = {}): Promise<Body> {
    return this.#sendJson("POST", path, body, signal, advice);
  }

  /** Sends a JSON body; otherwise as {@link get}. */
  put<Body>(path: string, body: object, signal: AbortSignal, advice: Advice = {}): Promise<Body> {
    return this.#sendJson("PUT", path, body, signal, advice);
  }

  /** Sends a JSON body; otherwise as {@link get}. */
  patch<Body>(path: string, body: object, signal: AbortSignal, advice: Advice = {}): Promise<Body> {
    return this.#sendJson("PATCH", path, body, signal, advice);
  }

  /** Sends a JSON body if there is one; otherwise as {@link get}. */
  delete<Body>(path: string, signal: AbortSignal, advice: Advice = {}, body?: object): Promise<Body> {
    return this.#sendJson("DELETE", path, body, signal, advice);
  }

  /**
   * A `fetch` for a library that speaks to the API itself. It gives error statuses back, and adds the credential; a URL
   * of another origin than the API's is refused, as the credential is for nobody else.
   *
   * @param stream hand the body on as it comes: then its size is not limited, and when it breaks off there is no retry
   */
  fetcher(advice: Advice = {}, { stream = false } = {}): (url: string, init: RequestInit) => Promise<Response> {
    const { title, baseUrl } = this.#options;
    return async (url, init) => {
      if (new URL(url).origin !== new URL(baseUrl).origin) throw new Error(`${url} is no address of ${title}`);
      return this.#send(
        {
          url,
          method: (init.method ?? "GET").toUpperCase(),
          headers: new Headers(init.headers),
          body: init.body as string | undefined,
          redirect: init.redirect,
          signal: init.signal ?? new AbortController().signal,
          advice,
        },
        stream ? async (response) => response : (response) => this.#whole(response, advice),
      );
    };
  }

  /**
   * Waits, but not beyond the deadline.
   *
   * @param ms milliseconds
   * @returns false, without having waited, when that would leave no time to ask again
   * @throws the signal's reason, as soon as it is aborted
   */
  async pause(ms: number, signal: AbortSignal): Promise<boolean> {
    if (this.#clock.now() + ms >= this.#deadline) return false;
    await this.#clock.sleep(ms, signal);
    return true;
  }

  get #callTimeout(): number {
    return this.#options.callTimeoutMs ?? 50_000;
  }

  #sendJson<Body>(
    method: string,
    path: string,
    body: object | undefined,
    signal: AbortSignal,
    advice: Advice,
  ): Promise<Body> {
    return this.#json({
      url: this.#options.baseUrl + path,
      method,
      headers: new Headers(body && { "content-type": "application/json" }),
      body: body && JSON.stringify(body),
      signal,
      advice,
    });
  }

  async #json<Body>(request: Sending): Promise<Body> {
    const response = await this.#send(request, (answer) => this.#whole(answer, request.advice));
    const text = await response.text();
    const body = objectIn(text);
    if (!body) {
      const message = `${this.#options.title} answered ${response.status} with something that is not its own.`;
      const next = afterwards(response, request) || "Try again in a while.";
      throw new UpstreamError(`${message} ${next}`, response.status, retryAfterOf(response));
    }
    if (!response.ok) throw this.#failed(request, response, body);
    return body as Body;
  }

  /** Tries until there is an answer to hand on, or nothing is left to try with. */
  async #send(request: Sending, read: (response: Response) => Promise<Response>): Promise<Response> {
    const { token, headers } = this.#options.call;
    for (const [name, value] of Object.entries(headers)) request.headers.set(name, value);
    if (token) request.headers.set("authorization", `Bearer ${token}`);
    for (;;) {
      let wait: number | undefined;
      try {
        const response = await this.#try(request, (answer) => {
          wait = this.#waitBeforeRetry(request, answer);
          return wait === undefined ? read(answer) : undefined;
        });
        if (response) return response;
      } catch (error) {
        const unanswered = error instanceof UpstreamError && error.status === undefined;
        wait = unanswered ? this.#waitBeforeRetry(request) : undefined;
        if (wait === undefined) throw error;
      }
      await this.#clock.sleep(wait!, request.signal);
    }
  }

  /** One try. @param use reads what it wants of the answer within the try's time; undefined lets it go */
  async #try(
    request: Sending,
    use: (answer: Response) => Promise<Response> | undefined,
  ): Promise<Response | undefined> {
    const { title, tryTimeoutMs = 20_000 } = this.#options;
    const { url, method, headers, body, redirect, signal, advice } = request;
    const left = this.#deadline - this.#clock.now();
    if (left <= 0) {
      const seconds = this.#callTimeout / 1000;
      throw new UpstreamError(
        `${title} was too slow: all of this took more than ${seconds} s. Ask for less at a time.`,
      );
    }
    const timeoutMs = Math.min(tryTimeoutMs, left);
    const timeout = AbortSignal.timeout(timeoutMs);
    const span = this.#options.call.observe?.(method, new URL(url));
    if (span) headers.set("traceparent", span.traceparent);
    try {
      const answer = await fetch(url, {
        method,
        headers,
        ...(body !== undefined && { body }),
        ...(redirect && { redirect }),
        signal: AbortSignal.any([signal, timeout]),
      });
      span?.end({ "http.response.status_code": answer.status }, answer.ok ? undefined : String(answer.status));
      const used = use(answer);
      if (!used) await answer.body?.cancel();
      return await used;
    } catch (error) {
      span?.end({}, signal.aborted ? "cancelled" : timeout.aborted ? "timeout" : "unreachable");
      if (signal.aborted || error instanceof UpstreamError) throw error;
      const why = timeout.aborted ? `no answer in ${timeoutMs} ms` : "unreachable";
      throw new UpstreamError(`${title} did not answer (${why}). ${advice.unanswered ?? byDefault(method)}`);
    }
  }

  /** The answer with its body in memory, so that one that breaks off counts as none. */
  async #whole(response: Response, { tooLarge = "Ask for less." }: Advice): Promise<Response> {
    const chunks: Uint8Array<ArrayBuffer>[] = [];
    let bytes = 0;
    for await (const chunk of response.body ?? []) {
      bytes += chunk.byteLength;
      if (bytes > MAX_BYTES) {
        const message = `${this.#options.title} answered with more than ${MAX_BYTES / 1_000_000} MB.`;
        throw new UpstreamError(`${message} ${tooLarge}`, response.status);
      }
      chunks.push(chunk);
    }
    const { status, statusText } = response;
    const headers = new Headers(response.headers);
    // The body is no longer as these say.
    headers.delete("content-encoding");
    headers.delete("content-length");
    return new Response(response.body && new Blob(chunks), { status, statusText, headers });
  }

  /**
   * Takes one of the retries, if it does no harm and there is time for it.
   * @returns milliseconds to wait before; undefined: no retry
   */
  #waitBeforeRetry({ method, advice }: Sending, answer?: Response): number | undefined {
    const passing = answer === undefined || PASSING.has(answer.status);
    const harmless = IDEMPOTENT.has(method) && !advice.once;
    if (answer?.status !== 429 && !(passing && harmless)) return undefined;
    if (this.#retries === 0) return undefined;
    const backoff = BACKOFF_MS * 2 ** (RETRIES - this.#retries) * (0.5 + this.#clock.random() / 2);
    const wait = Math.max(backoff, ((answer && retryAfterOf(answer)) ?? 0) * 1000);
    if (wait > LONGEST_WAIT_MS || this.#clock.now() + wait >= this.#deadline) return undefined;
    this.#retries--;
    return wait;
  }

  #failed(request: Sending, response: Response, body: object): UpstreamError {
    const { title } = this.#options;
    const said = String(this.#options.reason?.(body) || response.statusText);
    const reason = said.slice(0, 500).replace(/[.\s]+$/, "");
    const message = `${title} answered ${response.status}${reason && `: ${reason}`}. ${afterwards(response, request)}`;
    return new UpstreamError(message.trimEnd(), response.status, retryAfterOf(response), body);
  }
}

/** What an API answers with: an object or an array; undefined for anything else. */
export function objectIn(json: string): object | undefined {
  try {
    const body: unknown = JSON.parse(json);
    return typeof body === "object" && body !== null ? body : undefined;
  } catch {
    return undefined;
  }
}

/** What to do next after an answer that is no success; empty when the answer's own reason says it. */
function afterwards(response: Response, { method, advice }: Sending): string {
  const seconds = retryAfterOf(response);
  if (seconds !== undefined) return `Try again in ${seconds} s.`;
  if (response.status === 429) return "Try again in a while.";
  return response.ok || response.status >= 500 ? (advice.unanswered ?? byDefault(method)) : "";
}

function byDefault(method: string): string {
  if (IDEMPOTENT.has(method)) return "Try again in a while.";
  return "It may have been done all the same: look before you try again.";
}

/** `Retry-After` in seconds (RFC 9110 section 10.2.3); a date is left out, as clocks differ. */
function retryAfterOf(response: Response): number | undefined {
  const seconds = Number(response.headers.get("retry-after"));
  return Number.isFinite(seconds) && seconds > 0 ? seconds : undefined;
}
