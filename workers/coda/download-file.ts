import { ToolError } from "@hybrid-mcp/service-kit/tool";
import { UpstreamClient, type UpstreamClock } from "@hybrid-mcp/service-kit/upstream";

export interface DownloadOptions {
  /** Base URL of the API: its own origin may have any address, as it is the operator's setting. */
  baseUrl: string;
  signal: AbortSignal;
  clock?: UpstreamClock;
}

/** How long the download may take, in milliseconds: with the wait for the export it stays below a client's 60 s. */
const TIMEOUT_MS = 15_000;

/** Redirects that are followed, each to an address that is judged anew. */
const REDIRECTS = 3;

const ADVICE = {
  unanswered: "Reading changes nothing: try again.",
  tooLarge: "The page is too large to be read here.",
};

/**
 * Fetches a file that the API gave a link to. The link leads to another host, a file store, so the person's credential does
 * not go with it; and as the droplet can reach its own network, only the public internet may be meant.
 *
 * @throws {ToolError} for a link that leads anywhere else, and for every answer that is not the file
 * @throws {UpstreamError} when there is no answer, or a file of more than 10 MB
 */
export async function downloadFile(link: string, { baseUrl, signal, clock }: DownloadOptions): Promise<string> {
  let address = link;
  for (let redirects = 0; redirects <= REDIRECTS; redirects++) {
    const url = URL.canParse(address) ? new URL(address) : undefined;
    if (!url || !(url.origin === new URL(baseUrl).origin || isPublic(url))) {
      throw new ToolError("Coda gave a download link that leads to no public https address, so it was not followed.");
    }
    const client = new UpstreamClient({
      title: "Coda's file store",
      baseUrl: url.origin,
      call: { token: "", headers: {} },
      callTimeoutMs: TIMEOUT_MS,
      ...(clock && { clock }),
    });
    const response = await client.fetcher(ADVICE)(url.href, { redirect: "manual", signal });
    if (response.ok) return response.text();
    const location = response.headers.get("location");
    if (response.status < 300 || response.status >= 400 || location === null) {
      throw new ToolError(
        `Coda's file store answered ${response.status}. Read the page again in a while, without a cursor.`,
      );
    }
    address = URL.canParse(location, url.href) ? new URL(location, url).href : location;
  }
  throw new ToolError("Coda's file store redirects without end. Try again in a while.");
}

/** Suffixes of names that belong to no public host (RFC 6761, RFC 6762, RFC 8375, ICANN's reserved `internal`). */
const PRIVATE_NAMES = /(^|\.)(localhost|local|internal|intranet|lan|home|corp|test|invalid|onion|home\.arpa)$/;

/** An https URL with a public host's name, at the usual port: never an IP address in any of its spellings. */
function isPublic({ protocol, hostname, port, username, password }: URL): boolean {
  const name = hostname.replace(/\.$/, "");
  // URL parsing has made dotted decimals of every spelling of an IPv4 address; IPv6 addresses have brackets.
  const named = /^[a-z0-9-]+(\.[a-z0-9-]+)*\.[a-z][a-z0-9-]*$/.test(name) && !PRIVATE_NAMES.test(name);
  return protocol === "https:" && port === "" && username === "" && password === "" && named;
}
