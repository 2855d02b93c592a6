/** A Workers route pattern, taken apart. */
export interface RoutePattern {
  /** Without the wildcard; `*.example.com` and `*example.com` differ in the dot that it begins with. */
  host: string;
  anyHostBefore: boolean;
  path: string;
  anyPathAfter: boolean;
}

/**
 * Reads a pattern by the rules of the Workers docs ("Routes", matching behavior): an optional scheme, `*` only at the beginning
 * of the hostname and at the end of the path, no query.
 * @returns undefined if it is no pattern of this zone
 */
export function parseRoutePattern(pattern: string, zone: string): RoutePattern | undefined {
  const parts = /^(?:https?:\/\/)?(\*?)([^/*?#:]+)(\/[^*?#]*)?(\*?)$/.exec(pattern);
  if (!parts) return undefined;
  const [, anyHost, hostname = "", path = "/", anyPath] = parts;
  const host = hostname.toLowerCase();
  const bare = host.replace(/^\./, "");
  if (anyHost === "" && host !== bare) return undefined;
  if (bare !== zone && !bare.endsWith(`.${zone}`)) return undefined;
  return { host, anyHostBefore: anyHost === "*", path, anyPathAfter: anyPath === "*" };
}

export function routeMatches(route: RoutePattern, hostname: string, path: string): boolean {
  const host = hostname.toLowerCase();
  const hostFits = route.anyHostBefore ? host.endsWith(route.host) : host === route.host;
  return hostFits && (route.anyPathAfter ? path.startsWith(route.path) : path === route.path);
}

/** Sorts the more specific pattern first: a plain hostname before a wildcard, a longer one before a shorter, then the path likewise. */
export function bySpecificity(a: RoutePattern, b: RoutePattern): number {
  return (
    Number(a.anyHostBefore) - Number(b.anyHostBefore) ||
    b.host.length - a.host.length ||
    Number(a.anyPathAfter) - Number(b.anyPathAfter) ||
    b.path.length - a.path.length
  );
}
