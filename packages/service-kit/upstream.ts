/** An upstream API that answered with an error, or did not answer. */
export class UpstreamError extends Error {
  /** HTTP status of the upstream's answer; undefined when there was none. */
  readonly status: number | undefined;
  /** The `Retry-After` of the answer in seconds, where it gave one. */
  readonly retryAfter: number | undefined;

  constructor(message: string, status?: number, retryAfter?: number) {
    super(message);
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

export interface UpstreamOptions {
  /** Name for people, used in errors. */
  title: string;
  /** Base URL without a trailing slash. */
  baseUrl: string;
  headers: Record<string, string>;
  /** How long one request may take before it is given up, in milliseconds. */
  timeoutMs?: number;
  /** Reads the reason out of an error body, in the API's own format. */
  reason?(body: unknown): string | undefined;
}

/** A JSON API behind a service: base URL, credential, deadline and errors in one place. */
export class UpstreamClient {
  readonly #options: UpstreamOptions;

  constructor(options: UpstreamOptions) {
    this.#options = options;
  }

  /**
   * @param path below the base URL, starting with a slash
   * @param query parameters; undefined ones are left out
   * @param signal ends the request when the caller has gone
   * @returns the parsed JSON body
   * @throws {UpstreamError} for an error status, no answer in time, or a body that is not JSON
   */
  async get<Body>(
    path: string,
    query: Record<string, string | number | boolean | undefined>,
    signal: AbortSignal,
  ): Promise<Body> {
    const { title, baseUrl, headers, timeoutMs = 30_000 } = this.#options;
    const url = new URL(baseUrl + path);
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    let response: Response;
    let text: string;
    try {
      response = await fetch(url, { headers, signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]) });
      text = await response.text();
    } catch (error) {
      if (signal.aborted) throw error;
      const why =
        error instanceof Error && error.name === "TimeoutError" ? `no answer in ${timeoutMs} ms` : "unreachable";
      throw new UpstreamError(`${title} did not answer (${why}). Try again in a while.`);
    }
    let body: unknown;
    try {
      body = JSON.parse(text);
    } catch {
      throw new UpstreamError(`${title} answered ${response.status} with something that is not JSON.`, response.status);
    }
    if (!response.ok) throw this.#failed(response, body);
    return body as Body;
  }

  #failed(response: Response, body: unknown): UpstreamError {
    const reason = (body !== null && this.#options.reason?.(body)) || response.statusText;
    const seconds = Number(response.headers.get("retry-after"));
    const retryAfter = Number.isFinite(seconds) && seconds > 0 ? seconds : undefined;
    const next = retryAfter ? ` Try again in ${retryAfter} s.` : "";
    return new UpstreamError(
      `${this.#options.title} answered ${response.status}: ${reason}.${next}`,
      response.status,
      retryAfter,
    );
  }
}
