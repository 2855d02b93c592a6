/** The Workers runtime version that services are written for, in both homes. */
export const COMPATIBILITY_DATE = "2026-07-01";

/**
 * In both homes: a client that goes away ends what is done for it
 * (https://developers.cloudflare.com/workers/configuration/compatibility-flags/).
 */
export const FLAGS_EVERYWHERE = ["enable_request_signal"];

/**
 * On Cloudflare, besides: what a Worker fetches may be an address that somebody else gave, and never reaches the zone's own
 * Workers past their routes.
 */
export const FLAGS_ON_WORKERS = [...FLAGS_EVERYWHERE, "global_fetch_strictly_public"];
