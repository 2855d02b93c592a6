import { toolsFor } from "@hybrid-mcp/service-kit/tool";
import { type UpstreamCall, UpstreamClient, type UpstreamClock, UpstreamError } from "@hybrid-mcp/service-kit/upstream";
import type { components } from "@opensdks/sdk-coda/coda.oas.types";

type Schemas = components["schemas"];

/** One page of a list. */
interface Page {
  /** Most entries; Coda may give fewer. */
  limit?: number;
  /** `nextPageToken` of the page before. */
  pageToken?: string | undefined;
}

/** Milliseconds before each look at whether an edit is applied: Coda says "generally within several seconds". */
const LOOKS_MS = [300, 500, 700, 1000, 1500, ...Array<number>(8).fill(2000)];

/** The Coda API v1 as far as the tools use it, for one call; types come from its published OpenAPI document. */
export class CodaApi {
  readonly #client: UpstreamClient;

  /**
   * @param baseUrl e.g. `https://coda.io/apis/v1`
   * @param call with a Coda API token (account settings → API settings)
   * @param clock default: the system's
   */
  constructor(baseUrl: string, call: UpstreamCall, clock?: UpstreamClock) {
    this.#client = new UpstreamClient({
      title: "Coda",
      baseUrl,
      call,
      reason: (body) => (body as { message?: string }).message,
      ...(clock && { clock }),
    });
  }

  /** https://coda.io/developers/apis/v1#operation/listDocs */
  listDocs(query: Page & { query?: string | undefined }, signal: AbortSignal) {
    return this.#client.get<Schemas["DocList"]>("/docs", { ...query }, signal);
  }

  /** https://coda.io/developers/apis/v1#operation/listTables */
  listTables(docId: string, query: Page, signal: AbortSignal) {
    return this.#client.get<Schemas["TableList"]>(`/docs/${encodeURIComponent(docId)}/tables`, { ...query }, signal);
  }

  /** https://coda.io/developers/apis/v1#operation/listColumns */
  listColumns(docId: string, tableIdOrName: string, query: Page, signal: AbortSignal) {
    const path = `${tablePath(docId, tableIdOrName)}/columns`;
    return this.#client.get<Schemas["ColumnList"]>(path, { ...query }, signal);
  }

  /** https://coda.io/developers/apis/v1#operation/listRows */
  listRows(
    docId: string,
    tableIdOrName: string,
    query: Page & { query?: string | undefined; useColumnNames?: boolean; valueFormat?: string },
    signal: AbortSignal,
  ) {
    return this.#client.get<Schemas["RowList"]>(`${tablePath(docId, tableIdOrName)}/rows`, { ...query }, signal);
  }

  /**
   * Hands rows to Coda, which applies them later: {@link applied}
   * (https://coda.io/developers/apis/v1#operation/upsertRows).
   */
  upsertRows(docId: string, tableIdOrName: string, edit: Schemas["RowsUpsert"], signal: AbortSignal) {
    const unanswered = edit.keyColumns?.length
      ? "The rows may have been accepted all the same; sending the same again does no harm, as rows are found by their key columns."
      : "The rows may have been accepted all the same: look with list_rows before you try again, or they may be there twice.";
    const path = `${tablePath(docId, tableIdOrName)}/rows`;
    return this.#client.post<Schemas["RowsUpsertResult"]>(path, edit, signal, { unanswered });
  }

  /**
   * Waits until an edit that Coda has accepted is applied, for some 20 s at most
   * (https://coda.io/developers/apis/v1#operation/getMutationStatus). That Coda does not answer is no reason to end it:
   * the edit is accepted.
   *
   * @param requestId from the answer to the edit
   * @param waiting told after each look that found it not applied, how many there were
   * @returns undefined when it was not seen applied in that time; it still will be
   */
  async applied(
    requestId: string,
    signal: AbortSignal,
    waiting: (looks: number) => Promise<void>,
  ): Promise<Schemas["MutationStatus"] | undefined> {
    const path = `/mutationStatus/${encodeURIComponent(requestId)}`;
    for (const [looks, pause] of LOOKS_MS.entries()) {
      if (!(await this.#client.pause(pause, signal))) return undefined;
      try {
        const status = await this.#client.get<Schemas["MutationStatus"]>(path, {}, signal);
        if (status.completed) return status;
      } catch (error) {
        if (!(error instanceof UpstreamError)) throw error;
      }
      await waiting(looks + 1);
    }
    return undefined;
  }
}

export const defineTool = toolsFor<CodaApi>();

function tablePath(docId: string, tableIdOrName: string): string {
  return `/docs/${encodeURIComponent(docId)}/tables/${encodeURIComponent(tableIdOrName)}`;
}
