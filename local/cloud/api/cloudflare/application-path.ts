/** What an Access application protects, taken apart. */
export interface ApplicationPath {
  host: string;
  /** Without a slash at its end; empty: every path. */
  path: string;
}

/**
 * Reads `<host>` or `<host>/<path>`, with asterisks in either.
 * https://developers.cloudflare.com/cloudflare-one/access-controls/policies/app-paths/
 */
export function parseApplicationPath(uri: string): ApplicationPath {
  const [, host = "", path = ""] = /^(?:https?:\/\/)?([^/]*)(.*)$/.exec(uri) ?? [];
  // `example.com/*` is the same as `example.com`; any other wildcard does not cover what is in front of it.
  return { host: host.toLowerCase(), path: path === "/*" ? "" : path.replace(/\/+$/, "") };
}

/**
 * Whether a request belongs to an application: a path covers what is below it too.
 * @param path normalised, without a query
 */
export function covers({ host, path: covered }: ApplicationPath, hostname: string, path: string): boolean {
  return matcher(host, "[^.]*", "$").test(hostname.toLowerCase()) && matcher(covered, ".*", "(?:/.*)?$").test(path);
}

/** Sorts the more specific one first: of two rules for a common root path it alone counts. */
export function bySpecificPath(a: ApplicationPath, b: ApplicationPath): number {
  return (
    wildcards(a.host) - wildcards(b.host) ||
    b.host.length - a.host.length ||
    depth(b.path) - depth(a.path) ||
    wildcards(a.path) - wildcards(b.path) ||
    b.path.length - a.path.length
  );
}

const matcher = (text: string, wildcard: string, end: string) =>
  new RegExp(`^${text.split("*").map(escaped).join(wildcard)}${end}`);
const wildcards = (text: string) => text.split("*").length;
const depth = (path: string) => path.split("/").length;
const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
