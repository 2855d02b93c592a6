import { toolsFor } from "@hybrid-mcp/service-kit/tool";
import { type UpstreamCall, UpstreamClient, type UpstreamClock, UpstreamError } from "@hybrid-mcp/service-kit/upstream";
import { Octokit } from "@octokit/core";
import type { components } from "@octokit/openapi-types";
import type { Endpoints } from "@octokit/types";
import { explained, TRY_AGAIN } from "./github-error.ts";
import { nextCursor, pageQuery } from "./page-cursor.ts";
import { readWindow, type Window } from "./read-window.ts";

type Schemas = components["schemas"];

/** What is at a path; a link or submodule carries fields of its own. */
export type Contents = Schemas["content-tree"] &
  Partial<Pick<Schemas["content-symlink"], "target">> &
  Partial<Pick<Schemas["content-submodule"], "submodule_git_url">>;

export interface RepositoryName {
  owner: string;
  repo: string;
}

const silent = { debug() {}, info() {}, warn() {}, error() {} };

/** What Octokit is given for a request: it goes through the {@link UpstreamClient}, credential, deadlines and all. */
interface RequestSettings {
  signal: AbortSignal;
  fetch: ReturnType<UpstreamClient["fetcher"]>;
  redirect?: RequestInit["redirect"];
}

/** The GitHub REST API as far as the tools use it, for one call; types come from its published OpenAPI document. */
export class GithubApi {
  readonly #baseUrl: string;
  readonly #client: UpstreamClient;
  readonly #octokit: Octokit;

  /**
   * @param baseUrl e.g. `https://api.github.com`
   * @param call with a token of an OAuth app, of a GitHub App's user, or a personal one
   * @param clock default: the system's
   */
  constructor(baseUrl: string, call: UpstreamCall, clock?: UpstreamClock) {
    this.#baseUrl = baseUrl;
    this.#client = new UpstreamClient({ title: "GitHub", baseUrl, call, ...(clock && { clock }) });
    this.#octokit = new Octokit({ baseUrl, userAgent: "hybrid-mcp", log: silent });
  }

  /**
   * Any endpoint of the REST API, e.g. `request("GET /repos/{owner}/{repo}", { owner, repo }, signal)`
   * (https://docs.github.com/en/rest).
   *
   * @param parameters of path, query and body by name, as the published description has them
   * @param unanswered what a model is told to do when it is open whether the request was carried out
   * @returns the body; of an answer without one, as of most that delete, undefined
   * @throws {UpstreamError} for an error of GitHub, or no answer in time
   */
  request<Route extends keyof Endpoints>(
    route: Route,
    parameters: ParametersOf<Route>,
    signal: AbortSignal,
    unanswered?: string,
  ): Promise<DataOf<Route>> {
    return this.#ask(signal, async (request) => (await this.#endpoint(route, parameters, request)).data, {
      ...(unanswered && { unanswered }),
    });
  }

  /**
   * One page of a list, otherwise as {@link request}.
   * @param page as `pageInput` has it
   * @param accept the form of the answer, where there are several, e.g. `application/vnd.github.text-match+json`
   */
  page<Route extends keyof Endpoints>(
    route: Route,
    parameters: ParametersOf<Route>,
    page: { limit: number; cursor?: string | undefined },
    signal: AbortSignal,
    accept?: string,
  ): Promise<{ data: DataOf<Route>; nextCursor: string | undefined }> {
    return this.#ask(signal, async (request) => {
      const asked = { ...parameters, ...pageQuery(page), ...(accept && { headers: { accept } }) };
      const { data, headers } = await this.#endpoint(route, asked, request);
      return { data, nextCursor: nextCursor(headers.link) };
    });
  }

  /**
   * A query of the GraphQL API (https://docs.github.com/en/graphql), for what REST does not have.
   * @param Data what the query selects
   * @throws {UpstreamError} for errors too, which GitHub answers with 200
   */
  graphql<Data>(query: string, variables: Record<string, unknown>, signal: AbortSignal, unanswered?: string) {
    return this.#ask(
      signal,
      async (request) => json(await this.#octokit.graphql<Data>(query, { ...variables, request })),
      { ...(unanswered && { unanswered }) },
    );
  }

  /**
   * Where an endpoint sends on to for a download: a link that works for a short time, without a credential.
   * @throws {UpstreamError} for an error of GitHub, no answer in time, or a link that is neither HTTPS nor GitHub's own
   */
  link<Route extends keyof Endpoints>(
    route: Route,
    parameters: ParametersOf<Route>,
    signal: AbortSignal,
  ): Promise<string> {
    return this.#ask(signal, async (request) => {
      const { headers } = await this.#endpoint(route, parameters, { ...request, redirect: "manual" });
      const link = URL.parse(headers.location ?? "");
      const isSafe = link?.protocol === "https:" || link?.origin === new URL(this.#baseUrl).origin;
      if (!link || !isSafe) throw new UpstreamError(`GitHub answered with something that is not its own. ${TRY_AGAIN}`);
      return link.href;
    });
  }

  /**
   * Reads what is behind a {@link link}, without the credential: it is no address of the API.
   * @throws {UpstreamError} when it is not there, or does not come in time
   */
  async download<Answer>(
    link: string,
    read: (body: ReadableStream<Uint8Array>) => Promise<Answer>,
    signal: AbortSignal,
  ): Promise<Answer> {
    const title = "GitHub's storage";
    const call = { token: "", headers: {} };
    const storage = new UpstreamClient({ title, baseUrl: new URL(link).origin, call, callTimeoutMs: 20_000 });
    try {
      const { ok, status, body } = await storage.fetcher({}, { stream: true })(link, { redirect: "manual", signal });
      if (!ok || !body) {
        await body?.cancel();
        throw new UpstreamError(
          `${title} answered ${status}: the file is not there any more, or not yet. ${TRY_AGAIN}`,
        );
      }
      return await read(body);
    } catch (error) {
      if (signal.aborted) throw error;
      throw explained(error);
    }
  }

  async #endpoint<Route extends keyof Endpoints>(route: Route, parameters: object, request: RequestSettings) {
    const { status, data, headers } = await this.#octokit.request(route as string, { ...parameters, request });
    // 204 and 205 have no body, nor does a redirect.
    const hasBody = ![204, 205, 302].includes(status);
    return { headers, data: (hasBody ? json(data) : undefined) as DataOf<Route> };
  }

  /**
   * What is at a path, in the form that is an object for folders too. Of a file above 1 MB the content is missing
   * (`encoding` is `none`): https://docs.github.com/en/rest/repos/contents#get-repository-content
   */
  getContents(name: RepositoryName, at: ContentsAt, signal: AbortSignal): Promise<Contents> {
    return this.#ask(signal, async (request) => {
      const body = await this.#contents(name, at, "object", request);
      return json((await new Response(body).json().catch(() => undefined)) as Contents);
    });
  }

  /** Bytes of a file of up to 100 MB, of which no more is read than is asked for. */
  readFile(name: RepositoryName, at: ContentsAt, window: Window, signal: AbortSignal): Promise<Uint8Array> {
    const read = async (request: RequestSettings) => {
      const body = await this.#contents(name, at, "raw", request);
      return readWindow(body, window);
    };
    return this.#ask(signal, read, { stream: true });
  }

  /** A change as `git diff` shows it, of which no more is read than is asked for; otherwise as {@link request}. */
  readDiff<Route extends DiffRoute>(
    route: Route,
    parameters: ParametersOf<Route>,
    window: Window,
    signal: AbortSignal,
  ): Promise<Uint8Array> {
    const read = async (request: RequestSettings) => {
      const { data, headers } = await this.#octokit.request(route as string, {
        ...parameters,
        headers: { accept: "application/vnd.github.diff" },
        request: { ...request, parseSuccessResponseBody: false },
      });
      if (!headers["content-type"]?.includes("github.diff")) throw notGithub();
      return readWindow(data as ReadableStream<Uint8Array>, window);
    };
    return this.#ask(signal, read, { stream: true });
  }

  async #contents(name: RepositoryName, { path, ref }: ContentsAt, form: "object" | "raw", request: RequestSettings) {
    const { data } = await this.#octokit.request("GET /repos/{owner}/{repo}/contents/{path}", {
      ...name,
      path,
      ...(ref !== undefined && { ref }),
      headers: { accept: `application/vnd.github.${form}+json` },
      request: { ...request, parseSuccessResponseBody: false },
    });
    return data as unknown as ReadableStream<Uint8Array>;
  }

  /** @throws {UpstreamError} for an error of GitHub, or no answer in time */
  async #ask<Answer>(
    signal: AbortSignal,
    ask: (request: RequestSettings) => Promise<Answer>,
    { unanswered = TRY_AGAIN, stream = false } = {},
  ): Promise<Answer> {
    try {
      return await ask({ signal, fetch: this.#client.fetcher({ unanswered }, { stream }) });
    } catch (error) {
      if (signal.aborted) throw error;
      throw explained(error, unanswered);
    }
  }
}

type DiffRoute =
  | "GET /repos/{owner}/{repo}/pulls/{pull_number}"
  | "GET /repos/{owner}/{repo}/commits/{ref}"
  | "GET /repos/{owner}/{repo}/compare/{basehead}";

/** What an endpoint is asked with, by the published description. */
export type ParametersOf<Route extends keyof Endpoints> = Omit<
  Endpoints[Route]["parameters"],
  "headers" | "baseUrl" | "mediaType"
>;

/** What an endpoint answers with, by the published description. */
export type DataOf<Route extends keyof Endpoints> = Endpoints[Route]["response"]["data"];

interface ContentsAt {
  /** From the root, without slashes around it; empty for the root. */
  path: string;
  /** Branch, tag or commit; undefined for the default branch. */
  ref: string | undefined;
}

export const defineTool = toolsFor<GithubApi>();

/** @throws {UpstreamError} for what Octokit could not read as JSON: something in GitHub's place has answered */
function json<Data>(data: Data): Data {
  if (typeof data === "object" && data !== null) return data;
  throw notGithub();
}

function notGithub(): UpstreamError {
  return new UpstreamError(`GitHub answered with something that is not its own. ${TRY_AGAIN}`);
}
