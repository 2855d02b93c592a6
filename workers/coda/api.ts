import { ToolError, toolsFor } from "@hybrid-mcp/service-kit/tool";
import {
  type Advice,
  type UpstreamCall,
  UpstreamClient,
  type UpstreamClock,
  UpstreamError,
} from "@hybrid-mcp/service-kit/upstream";
import type { components, paths } from "@opensdks/sdk-coda/coda.oas.types";
import { downloadFile } from "./download-file.ts";

/** The bodies of the API's requests and answers, by their names in its OpenAPI document. */
export type Schemas = components["schemas"];

type Method = "get" | "post" | "put" | "patch" | "delete";
type PathOf<M extends Method> = { [P in keyof paths]: paths[P] extends Record<M, unknown> ? P : never }[keyof paths];
type Operation<P extends keyof paths, M extends Method> = paths[P] extends Record<M, infer O> ? O : never;

type PathParameters<O> = O extends { parameters: { path: infer T } } ? T : Record<never, never>;
type Query<O> = O extends { parameters: { query?: infer T } } ? NonNullable<T> : Record<never, never>;
type Body<O> = "requestBody" extends keyof O
  ? NonNullable<O["requestBody"]> extends { content: { "application/json": infer T } }
    ? Mended<T>
    : never
  : undefined;
/** The package's types of these are nothing that there could be: an empty object and one with fields at once. */
interface Mends {
  initialPage: Schemas["PageCreate"];
  contentUpdate: Schemas["PageContentUpdate"];
}
type Mended<T> = { [K in keyof T]: K extends keyof Mends ? Mends[K] : T[K] };
type Success = 200 | 201 | 202;
type Answer<O> = O extends { responses: infer R }
  ? { [S in keyof R & Success]: R[S] extends { content: { "application/json": infer T } } ? T : never }[keyof R &
      Success]
  : never;

/** A page's content on its way out of Coda. */
export interface ExportedPage {
  /** Of the export; the same content can be had by it again, for a while. */
  exportId: string;
  text: string;
}

/** Milliseconds before each look at whether an edit is applied: Coda says "generally within several seconds". */
const LOOKS_MS = [300, 500, 700, 1000, 1500, ...Array<number>(8).fill(2000)];

/** Told after each look that found something not done yet, how many there were; an export tells its beginning too. */
type Waiting = (looks: number) => Promise<void>;

/**
 * The Coda API v1, for one call. Its operations are called by the path that its OpenAPI document gives them, from which the
 * types of parameters, bodies and answers come too (https://coda.io/developers/apis/v1).
 */
export class CodaApi {
  readonly #client: UpstreamClient;
  readonly #baseUrl: string;
  readonly #clock: UpstreamClock | undefined;

  /**
   * @param baseUrl e.g. `https://coda.io/apis/v1`
   * @param call with a Coda API token (account settings → API settings)
   * @param clock default: the system's
   */
  constructor(baseUrl: string, call: UpstreamCall, clock?: UpstreamClock) {
    this.#baseUrl = baseUrl;
    this.#clock = clock;
    this.#client = new UpstreamClient({
      title: "Coda",
      baseUrl,
      call,
      reason: (body) => (body as { message?: string }).message,
      ...(clock && { clock }),
    });
  }

  /**
   * @param path as the OpenAPI document has it
   * @param parameters what stands for the names in it; they are encoded here
   * @throws {ToolError} for a parameter that would lead elsewhere in the API
   * @throws {UpstreamError} as {@link UpstreamClient.get}
   */
  get<P extends PathOf<"get">>(
    path: P,
    parameters: PathParameters<Operation<P, "get">>,
    query: Query<Operation<P, "get">>,
    signal: AbortSignal,
  ): Promise<Answer<Operation<P, "get">>> {
    const texts = Object.entries(query).map(([name, value]) => [name, Array.isArray(value) ? value.join() : value]);
    return this.#client.get(pathWith(path, parameters as object), Object.fromEntries(texts), signal);
  }

  /** @param advice what to do when it is not known whether it was done; otherwise as {@link get} */
  post<P extends PathOf<"post">>(
    path: P,
    parameters: PathParameters<Operation<P, "post">>,
    body: Body<Operation<P, "post">>,
    signal: AbortSignal,
    advice: Advice = {},
  ): Promise<Answer<Operation<P, "post">>> {
    return this.#client.post(pathWith(path, parameters as object), body as object | undefined, signal, advice);
  }

  /** As {@link get}. */
  put<P extends PathOf<"put">>(
    path: P,
    parameters: PathParameters<Operation<P, "put">>,
    body: Body<Operation<P, "put">>,
    signal: AbortSignal,
    advice: Advice = {},
  ): Promise<Answer<Operation<P, "put">>> {
    return this.#client.put(pathWith(path, parameters as object), body as object, signal, advice);
  }

  /** As {@link get}. */
  patch<P extends PathOf<"patch">>(
    path: P,
    parameters: PathParameters<Operation<P, "patch">>,
    body: Body<Operation<P, "patch">>,
    signal: AbortSignal,
    advice: Advice = {},
  ): Promise<Answer<Operation<P, "patch">>> {
    return this.#client.patch(pathWith(path, parameters as object), body as object, signal, advice);
  }

  /** As {@link get}. */
  delete<P extends PathOf<"delete">>(
    path: P,
    parameters: PathParameters<Operation<P, "delete">>,
    body: Body<Operation<P, "delete">>,
    signal: AbortSignal,
  ): Promise<Answer<Operation<P, "delete">>> {
    return this.#client.delete(pathWith(path, parameters as object), signal, {}, body as object | undefined);
  }

  /**
   * Waits until an edit that Coda has accepted is applied, for some 20 s at most
   * (https://coda.io/developers/apis/v1#operation/getMutationStatus). That Coda does not answer is no reason to end it:
   * the edit is accepted.
   *
   * @param requestId from the answer to the edit
   * @returns undefined when it was not seen applied in that time; it still will be
   */
  applied(requestId: string, signal: AbortSignal, waiting: Waiting): Promise<Schemas["MutationStatus"] | undefined> {
    return this.#polled(signal, waiting, async () => {
      const status = await this.get("/mutationStatus/{requestId}", { requestId }, {}, signal);
      return status.completed ? status : undefined;
    });
  }

  /**
   * Waits until a doc that is being deleted is not there any more, for some 20 s at most: Coda gives no id to ask by.
   * @returns whether that was seen
   */
  async gone(docId: string, signal: AbortSignal, waiting: Waiting): Promise<boolean> {
    const gone = await this.#polled(signal, waiting, async () => {
      try {
        await this.get("/docs/{docId}", { docId }, {}, signal);
        return undefined;
      } catch (error) {
        if (error instanceof UpstreamError && (error.status === 404 || error.status === 410)) return true;
        throw error;
      }
    });
    return gone === true;
  }

  /**
   * Has Coda write the content of a page to a file, waits for that for some 20 s at most, and fetches the file
   * (https://coda.io/developers/apis/v1#operation/beginPageContentExport).
   *
   * @throws {ToolError} when the export fails or takes longer
   */
  async exportPage(
    docId: string,
    pageIdOrName: string,
    format: Schemas["PageContentOutputFormat"],
    signal: AbortSignal,
    waiting: Waiting,
  ): Promise<ExportedPage> {
    const parameters = { docId, pageIdOrName };
    const unanswered = "Reading changes nothing: try again.";
    const path = "/docs/{docId}/pages/{pageIdOrName}/export";
    const begun = await this.post(path, parameters, { outputFormat: format }, signal, { unanswered });
    await waiting(0);
    const status = await this.#polled(signal, waiting, async () => {
      const seen = await this.#exportStatus({ ...parameters, requestId: begun.id }, signal);
      return seen.status === "inProgress" ? undefined : seen;
    });
    if (!status) throw new ToolError("Coda takes longer than usual to export this page. Try again in a minute.");
    return { exportId: begun.id, text: await this.#exported(status, signal) };
  }

  /**
   * The content of a page as an earlier {@link exportPage} found it.
   * @throws {ToolError} when Coda does not have it any more
   */
  async exportedPage(
    docId: string,
    pageIdOrName: string,
    exportId: string,
    signal: AbortSignal,
  ): Promise<ExportedPage> {
    try {
      const status = await this.#exportStatus({ docId, pageIdOrName, requestId: exportId }, signal);
      return { exportId, text: await this.#exported(status, signal) };
    } catch (error) {
      if (!(error instanceof UpstreamError && (error.status === 404 || error.status === 410))) throw error;
      throw new ToolError("What the cursor belongs to is not there any more. Read the page again, without a cursor.");
    }
  }

  #exportStatus(parameters: { docId: string; pageIdOrName: string; requestId: string }, signal: AbortSignal) {
    return this.get("/docs/{docId}/pages/{pageIdOrName}/export/{requestId}", parameters, {}, signal);
  }

  #exported({ downloadLink, error }: Schemas["PageContentExportStatusResponse"], signal: AbortSignal): Promise<string> {
    if (downloadLink === undefined) {
      throw new ToolError(
        `Coda could not export this page${error ? `: ${error}` : ""}. Pages that embed others cannot be.`,
      );
    }
    return downloadFile(downloadLink, { baseUrl: this.#baseUrl, signal, ...(this.#clock && { clock: this.#clock }) });
  }

  /** Looks again and again, for a bounded time; a look that fails is no reason to end it. */
  async #polled<Found>(
    signal: AbortSignal,
    waiting: Waiting,
    look: () => Promise<Found | undefined>,
  ): Promise<Found | undefined> {
    for (const [looks, pause] of LOOKS_MS.entries()) {
      if (!(await this.#client.pause(pause, signal))) return undefined;
      try {
        const found = await look();
        if (found) return found;
      } catch (error) {
        if (!(error instanceof UpstreamError)) throw error;
      }
      await waiting(looks + 1);
    }
    return undefined;
  }
}

/** Defines a tool that is given a {@link CodaApi}. */
export const defineTool = toolsFor<CodaApi>();

/** Puts encoded parameters into a path of the OpenAPI document. */
function pathWith(path: string, parameters: object): string {
  const texts = parameters as Record<string, string>;
  return path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const text = texts[name]!;
    // No encoding keeps these from leading elsewhere.
    if (text === "" || text === "." || text === "..") throw new ToolError(`${JSON.stringify(text)} is no id or name.`);
    return encodeURIComponent(text);
  });
}
