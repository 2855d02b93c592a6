import type {
  ActiveCrawlsResponse,
  AgentListResponse,
  AgentResponse,
  AgentStatusResponse,
  AgentThreadResponse,
  AgentTraceResponse,
  BatchScrapeJob,
  BatchScrapeOptions,
  BatchScrapeResponse,
  BrowserCreateResponse,
  BrowserDeleteResponse,
  BrowserExecuteResponse,
  BrowserListResponse,
  ConcurrencyCheck,
  CrawlErrorsResponse,
  CrawlJob,
  CrawlOptions,
  CrawlResponse,
  CreateMonitorRequest,
  CreditUsage,
  CreditUsageHistoricalResponse,
  DeveloperSearchOptions,
  DeveloperSearchResponse,
  Document,
  EndpointFeedbackRequest,
  ExtractResponse,
  FeedbackResponse,
  FirecrawlClient,
  GetMonitorCheckOptions,
  ListMonitorsOptions,
  MapData,
  MapOptions,
  Monitor,
  MonitorCheck,
  MonitorCheckDetail,
  PaperMetadataResponse,
  QueueStatusResponse,
  ReadPaperResponse,
  ScrapeExecuteRequest,
  ScrapeOptions,
  SearchData,
  SearchPapersOptions,
  SearchPapersResponse,
  SearchRequest,
  SimilarPapersOptions,
  SimilarPapersResponse,
  TokenUsage,
  TokenUsageHistoricalResponse,
  UpdateMonitorRequest,
} from "firecrawl";

type Nothing = Record<string, never>;

/** What the SDK's methods take off an answer before they give its `data` away. */
interface Success<Data> {
  success: true;
  data: Data;
}

/** Pages of a job's documents: the API's `next` leads on with these. */
interface Skip {
  skip?: number;
  limit?: number;
}

/** A job as it is answered: its id is known to who asks. */
type Answered<Job> = Omit<Job, "id"> & { success: true; warning?: string };

/** Batch options are sent beside the URLs, not below `options`. */
type BatchScrapeRequest = Omit<BatchScrapeOptions, "options" | "idempotencyKey"> &
  Omit<ScrapeOptions, "toolDetail"> & { urls: string[] };

type DeveloperSearchRequest = Omit<DeveloperSearchOptions, "minStars" | "maxStars"> & {
  query: string;
  min_stars?: number;
  max_stars?: number;
};

/**
 * Every endpoint of the Firecrawl API v2 that the stand-in has, with the types that the official SDK (npm `firecrawl`)
 * publishes for what is sent and answered. Where the SDK takes an answer apart, the envelope is what its methods read.
 */
export interface Operations {
  scrape: { request: ScrapeOptions & { url: string }; response: Success<Document> & { warning?: string } };
  interact: { request: ScrapeExecuteRequest; response: BrowserExecuteResponse };
  stopInteraction: { response: BrowserDeleteResponse };
  map: { request: MapOptions & { url: string }; response: MapData & { success: true } };
  // `id` is what `searchFeedback` asks for; the SDK's own result leaves it out.
  search: { request: SearchRequest; response: Success<SearchData> & { id?: string; warning?: string } };
  developerSearch: { request: DeveloperSearchRequest; response: DeveloperSearchResponse };
  feedback: { request: EndpointFeedbackRequest; response: FeedbackResponse };
  startCrawl: { request: CrawlOptions & { url: string }; response: CrawlResponse & { success: true } };
  crawlStatus: { query: Skip; response: Answered<CrawlJob> };
  cancelCrawl: { response: { status: "cancelled" } };
  crawlErrors: { response: CrawlErrorsResponse };
  activeCrawls: { response: ActiveCrawlsResponse };
  crawlParamsPreview: {
    request: { url: string; prompt: string };
    response: Success<Omit<CrawlOptions, "webhook" | "scrapeOptions"> & { url: string }> & { warning?: string };
  };
  startBatchScrape: { request: BatchScrapeRequest; response: BatchScrapeResponse & { success: true } };
  batchScrapeStatus: { query: Skip; response: Answered<BatchScrapeJob> };
  cancelBatchScrape: { response: { status: "cancelled" } };
  batchScrapeErrors: { response: CrawlErrorsResponse };
  startExtract: { request: Parameters<FirecrawlClient["startExtract"]>[0]; response: ExtractResponse };
  extractStatus: { response: ExtractResponse };
  startAgent: { request: Parameters<FirecrawlClient["startAgent"]>[0]; response: AgentResponse };
  agentStatus: { response: AgentStatusResponse };
  cancelAgent: { response: { success: boolean } };
  listAgents: { query: { before?: number }; response: AgentListResponse };
  agentTrace: { query: { liveView?: boolean }; response: AgentTraceResponse };
  agentThread: { query: { includeData?: boolean }; response: AgentThreadResponse };
  openBrowser: { request: Parameters<FirecrawlClient["browser"]>[0]; response: BrowserCreateResponse };
  runInBrowser: { request: Parameters<FirecrawlClient["browserExecute"]>[1]; response: BrowserExecuteResponse };
  closeBrowser: { response: BrowserDeleteResponse };
  listBrowsers: { query: { status?: "active" | "destroyed" }; response: BrowserListResponse };
  createMonitor: { request: CreateMonitorRequest; response: Success<Monitor> };
  listMonitors: { query: ListMonitorsOptions; response: Success<Monitor[]> };
  getMonitor: { response: Success<Monitor> };
  updateMonitor: { request: UpdateMonitorRequest; response: Success<Monitor> };
  deleteMonitor: { response: { success: true } };
  runMonitor: { request: Nothing; response: Success<MonitorCheck> & { id: string } };
  listMonitorChecks: { query: ListMonitorsOptions; response: Success<MonitorCheck[]> };
  getMonitorCheck: {
    query: Pick<GetMonitorCheckOptions, "limit" | "skip" | "status">;
    response: Success<MonitorCheckDetail> & { next?: string };
  };
  creditUsage: { response: Success<CreditUsage> };
  creditUsageHistorical: { query: { byApiKey?: boolean }; response: CreditUsageHistoricalResponse };
  tokenUsage: { response: Success<TokenUsage> };
  tokenUsageHistorical: { query: { byApiKey?: boolean }; response: TokenUsageHistoricalResponse };
  queueStatus: { response: QueueStatusResponse };
  concurrency: { response: ConcurrencyCheck & { success: true } };
  searchPapers: { query: SearchPapersOptions & { query: string }; response: SearchPapersResponse };
  paper: { query: { query?: string; k?: number }; response: PaperMetadataResponse | ReadPaperResponse };
  similarPapers: { query: SimilarPapersOptions; response: SimilarPapersResponse };
}

/** Where each is: the paths that the SDK's methods dial. A `:name` stands for one segment. */
export const endpoints: Record<keyof Operations, `${"GET" | "POST" | "PATCH" | "DELETE"} /v2/${string}`> = {
  scrape: "POST /v2/scrape",
  interact: "POST /v2/scrape/:id/interact",
  stopInteraction: "DELETE /v2/scrape/:id/interact",
  map: "POST /v2/map",
  search: "POST /v2/search",
  developerSearch: "POST /v2/search/developer",
  feedback: "POST /v2/feedback",
  startCrawl: "POST /v2/crawl",
  crawlStatus: "GET /v2/crawl/:id",
  cancelCrawl: "DELETE /v2/crawl/:id",
  crawlErrors: "GET /v2/crawl/:id/errors",
  activeCrawls: "GET /v2/crawl/active",
  crawlParamsPreview: "POST /v2/crawl/params-preview",
  startBatchScrape: "POST /v2/batch/scrape",
  batchScrapeStatus: "GET /v2/batch/scrape/:id",
  cancelBatchScrape: "DELETE /v2/batch/scrape/:id",
  batchScrapeErrors: "GET /v2/batch/scrape/:id/errors",
  startExtract: "POST /v2/extract",
  extractStatus: "GET /v2/extract/:id",
  startAgent: "POST /v2/agent",
  agentStatus: "GET /v2/agent/:id",
  cancelAgent: "DELETE /v2/agent/:id",
  listAgents: "GET /v2/agent",
  agentTrace: "GET /v2/agent/:id/trace",
  agentThread: "GET /v2/agent/threads/:id",
  openBrowser: "POST /v2/browser",
  runInBrowser: "POST /v2/browser/:id/execute",
  closeBrowser: "DELETE /v2/browser/:id",
  listBrowsers: "GET /v2/browser",
  createMonitor: "POST /v2/monitor",
  listMonitors: "GET /v2/monitor",
  getMonitor: "GET /v2/monitor/:id",
  updateMonitor: "PATCH /v2/monitor/:id",
  deleteMonitor: "DELETE /v2/monitor/:id",
  runMonitor: "POST /v2/monitor/:id/run",
  listMonitorChecks: "GET /v2/monitor/:id/checks",
  getMonitorCheck: "GET /v2/monitor/:id/checks/:check",
  creditUsage: "GET /v2/team/credit-usage",
  creditUsageHistorical: "GET /v2/team/credit-usage/historical",
  tokenUsage: "GET /v2/team/token-usage",
  tokenUsageHistorical: "GET /v2/team/token-usage/historical",
  queueStatus: "GET /v2/team/queue-status",
  concurrency: "GET /v2/concurrency-check",
  searchPapers: "GET /v2/search/research/papers",
  paper: "GET /v2/search/research/papers/:id",
  similarPapers: "GET /v2/search/research/papers/:id/similar",
};
