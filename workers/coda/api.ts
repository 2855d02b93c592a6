import { toolsFor, UpstreamClient } from "@hybrid-mcp/service-kit";
import type { components } from "@opensdks/sdk-coda/coda.oas.types";

type Schemas = components["schemas"];

/** The Coda API v1 as far as the tools use it; types come from its published OpenAPI document. */
export class CodaApi {
  readonly #client: UpstreamClient;

  /**
   * @param baseUrl e.g. `https://coda.io/apis/v1`
   * @param token a Coda API token (account settings → API settings)
   */
  constructor(baseUrl: string, token: string) {
    this.#client = new UpstreamClient({
      title: "Coda",
      baseUrl,
      headers: { authorization: `Bearer ${token}` },
      reason: (body) => (body as { message?: string }).message,
    });
  }

  /** https://coda.io/developers/apis/v1#operation/listDocs */
  listDocs(query: { query?: string; limit?: number; pageToken?: string }, signal: AbortSignal) {
    return this.#client.get<Schemas["DocList"]>("/docs", query, signal);
  }

  /** https://coda.io/developers/apis/v1#operation/listRows */
  listRows(
    docId: string,
    tableIdOrName: string,
    query: { query?: string; limit?: number; pageToken?: string; useColumnNames?: boolean; valueFormat?: string },
    signal: AbortSignal,
  ) {
    const path = `/docs/${encodeURIComponent(docId)}/tables/${encodeURIComponent(tableIdOrName)}/rows`;
    return this.#client.get<Schemas["RowList"]>(path, query, signal);
  }
}

export const defineTool = toolsFor<CodaApi>();
