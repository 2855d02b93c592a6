import { ToolError, toolsFor } from "@hybrid-mcp/service-kit/tool";
import { type Advice, type UpstreamCall, UpstreamClient, UpstreamError } from "@hybrid-mcp/service-kit/upstream";
import type { Document, ScrapeOptions } from "firecrawl";
import { type Answer, type Asked, endpointMissing, explained, notLetIn } from "./firecrawl-error.ts";
import { publicUrl } from "./public-url.ts";

/** Milliseconds that Firecrawl has beyond the page's own timeout: for its queue and for converting. */
const MARGIN_MS = 10_000;

/** What to do about a request besides sending it. */
export interface RequestOptions {
  /** What the path names, for what there is not: "crawl". */
  what?: string;
  /** Milliseconds that Firecrawl may take for it; default 20 s. */
  timeoutMs?: number;
  advice?: Advice;
  /** `success: false` is an answer to be told, not an error: code that failed, a job that did. */
  mayFail?: boolean;
}

/** Lets a program through Cloudflare Access, which is in front of an engine of one's own. */
export interface AccessCredentials {
  clientId: string;
  clientSecret: string;
}

/** Addresses in a text, up to what can be no part of one; an IPv6 address is in brackets, which else end it. */
const ADDRESSES = [
  /\b(?:https?|file|ftp):[/\\]{0,3}[^\s"'`<>()[\]{}|,;]+/gi,
  /\b(?:https?|file|ftp):[/\\]{0,3}[^\s"'`<>()/\\]{0,300}\[[\da-f:.]{2,60}\]/gi,
];

/**
 * The Firecrawl API v2. Types are those of the `firecrawl` package, whose client is not used: it cannot be told that the
 * caller has gone, and it brings axios and a second zod along.
 */
export class FirecrawlApi {
  readonly #baseUrl: string;
  readonly #call: UpstreamCall;
  readonly #isBehindAccess: boolean;
  readonly #allowedHosts: ReadonlySet<string>;
  #client: UpstreamClient | undefined;

  /**
   * @param baseUrl e.g. `https://api.firecrawl.dev`, without `/v2`
   * @param call with an API key; without a token for an engine of one's own that asks for none
   * @param allowedHosts `host:port` of what may be read though it is not public
   * @param access for an engine behind Cloudflare Access
   */
  constructor(
    baseUrl: string,
    call: UpstreamCall,
    allowedHosts: ReadonlySet<string>,
    access?: AccessCredentials | undefined,
  ) {
    this.#baseUrl = baseUrl.replace(/\/$/, "");
    this.#isBehindAccess = access !== undefined;
    this.#call = access
      ? {
          ...call,
          headers: {
            ...call.headers,
            "cf-access-client-id": access.clientId,
            "cf-access-client-secret": access.clientSecret,
          },
        }
      : call;
    this.#allowedHosts = allowedHosts;
  }

  /**
   * Lets a URL pass to Firecrawl: every one that a model gives goes through here.
   * @returns it in its normal form
   * @throws {ToolError} for one that is not public
   */
  target(url: string): string {
    return publicUrl(url, this.#allowedHosts).href;
  }

  /** @throws {ToolError} for a domain that is not public */
  domain(name: string): string {
    return publicUrl(`https://${name}`, this.#allowedHosts).hostname;
  }

  /**
   * Lets words for an agent or code for a browser pass, with the addresses that are written in them. It keeps a model from
   * asking for the wrong thing; code can still put an address together, which only the engine's network can stop.
   * @throws {ToolError} for an address that is not public
   */
  words(text: string): string {
    const found = ADDRESSES.flatMap((pattern) => [...text.matchAll(pattern)].map(([address]) => address));
    for (const address of found) if (URL.canParse(address)) this.target(address);
    return text;
  }

  /** Whether something may be given to a model that is said to come from there. */
  isPublic(url: string): boolean {
    try {
      this.target(url);
      return true;
    } catch (error) {
      if (error instanceof ToolError) return false;
      throw error;
    }
  }

  /** Whether a page is one to be given to a model: redirects may have led to what is not public. */
  mayGive({ metadata }: Document): boolean {
    const addresses = [metadata?.url, metadata?.sourceURL].flat().filter((each) => each != null);
    return addresses.every((each) => this.isPublic(String(each)));
  }

  /**
   * https://docs.firecrawl.dev/api-reference/endpoint/scrape
   *
   * @param url as it was given; one that is not public never reaches Firecrawl, and what a redirect to one brought is
   *   never returned
   * @param options `timeout` in milliseconds is needed for the deadline
   * @throws {ToolError} for a URL or a page that cannot be read
   * @throws {UpstreamError} when Firecrawl itself refuses or does not answer
   */
  async scrape(url: string, options: ScrapeOptions & { timeout: number }, signal: AbortSignal): Promise<Document> {
    const target = publicUrl(url, this.#allowedHosts);
    const { timeout } = options;
    const asked = { method: "POST", path: "/v2/scrape", url: target, timeout };
    const advice = { unanswered: "Try again in a while.", tooLarge: "Ask for markdown alone, with onlyMainContent." };
    const answer = await this.#sent<Answer & { data?: Document }>(asked, timeout + MARGIN_MS, (client) =>
      client.post("/v2/scrape", { url: target.href, ...options }, signal, advice),
    );
    // A hostname that does not resolve is answered 200 with `success: false`.
    if (!answer.success || !answer.data) throw explained(asked, 200, answer);
    const led = answer.data.metadata?.url;
    if (led) publicUrl(led, this.#allowedHosts);
    if (!this.mayGive(answer.data))
      throw new ToolError("The page led to an address that is not public. Give another URL.");
    return answer.data;
  }

  /**
   * @param path below the API's base; ids in it have been checked or encoded
   * @param query undefined ones are left out
   * @throws {UpstreamError} when Firecrawl refuses or does not answer
   */
  get<Body>(path: string, query: Query, signal: AbortSignal, request: RequestOptions = {}): Promise<Body> {
    const params = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) {
      for (const each of [value].flat()) if (each !== undefined) params.append(name, String(each));
    }
    const search = params.size > 0 ? `?${params}` : "";
    return this.#ask("GET", path, request, (client) => client.get(path + search, {}, signal, request.advice));
  }

  /** Sends a JSON body; otherwise as {@link get}. It is done once, as it may be charged for. */
  post<Body>(path: string, body: object, signal: AbortSignal, request: RequestOptions = {}): Promise<Body> {
    return this.#ask("POST", path, request, (client) => client.post(path, body, signal, request.advice));
  }

  /** As {@link post}. */
  patch<Body>(path: string, body: object, signal: AbortSignal, request: RequestOptions = {}): Promise<Body> {
    return this.#ask("PATCH", path, request, (client) => client.patch(path, body, signal, request.advice));
  }

  /** As {@link get}. */
  delete<Body>(path: string, signal: AbortSignal, request: RequestOptions = {}): Promise<Body> {
    return this.#ask("DELETE", path, request, (client) => client.delete(path, signal, request.advice));
  }

  /** Waits within the deadline of the call. @param ms milliseconds @returns false when there is no time for it */
  pause(ms: number, signal: AbortSignal): Promise<boolean> {
    return this.#shared.pause(ms, signal);
  }

  /** All requests of a call have one deadline, unless one has its own. */
  get #shared(): UpstreamClient {
    this.#client ??= this.#newClient(undefined);
    return this.#client;
  }

  #newClient(timeoutMs: number | undefined): UpstreamClient {
    const times = timeoutMs === undefined ? {} : { callTimeoutMs: timeoutMs, tryTimeoutMs: timeoutMs };
    return new UpstreamClient({ title: "Firecrawl", baseUrl: this.#baseUrl, call: this.#call, ...times });
  }

  async #ask<Body>(
    method: string,
    path: string,
    { what, timeoutMs, mayFail }: RequestOptions,
    send: (client: UpstreamClient) => Promise<Body & Answer>,
  ): Promise<Body> {
    const asked: Asked = { method, path, ...(what && { what }) };
    const answer = await this.#sent(asked, timeoutMs, send);
    if (answer.success === false && !mayFail) throw explained(asked, 200, answer);
    return answer;
  }

  /** @throws {Error} that tells the model what to do next */
  async #sent<Body>(
    asked: Asked,
    timeoutMs: number | undefined,
    send: (client: UpstreamClient) => Promise<Body>,
  ): Promise<Body> {
    try {
      return await send(timeoutMs === undefined ? this.#shared : this.#newClient(timeoutMs));
    } catch (error) {
      if (!(error instanceof UpstreamError)) throw error;
      // Access answers in its own words; the engine behind it was not asked.
      const isRefused = this.#isBehindAccess && !error.body && (error.status === 401 || error.status === 403);
      if (isRefused) throw notLetIn(error.status!);
      if (error.body) throw explained(asked, error.status!, error.body, error.retryAfter);
      if (error.status === 404) throw endpointMissing(asked);
      throw error;
    }
  }
}

type Query = Record<string, string | number | boolean | readonly string[] | undefined>;

/** What to do when a request that changes nothing is not answered, though it is a POST. */
export const HARMLESS: Advice = { unanswered: "Try again in a while." };

export const defineTool = toolsFor<FirecrawlApi>();
