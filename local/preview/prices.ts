/**
 * What the parts of a stack cost, in US dollars without taxes: one table, as of `PRICES_READ`. Each group names its page; how
 * it was read is said where it was not the page itself. To renew: open each page, compare, set the date.
 */

/** The day on which the pages were read, as stored copies; where a page told its own date, it is with the source. */
export const PRICES_READ = "2026-11-26";

/** Where prices are from. */
export interface Source {
  url: string;
  /** The page's own date, or how else it is known to be current. */
  asOf: string;
}

/** Workers, KV, D1 and Durable Objects. Free plans refuse what is more, paid ones charge for it. */
export const cloudflare = {
  source: {
    url: "https://developers.cloudflare.com/workers/platform/pricing/",
    asOf: "2026, from the page's own text in cloudflare/cloudflare-docs (07acbb6)",
  } satisfies Source,
  /** Of the paid plan, a month, for the account. */
  paidPlan: 5,
  requests: { freeADay: 100_000, included: 10_000_000, perMillion: 0.3 },
  cpuMs: { included: 30_000_000, perMillion: 0.02 },
  kvReads: { freeADay: 100_000, included: 10_000_000, perMillion: 0.5 },
  kvWrites: { freeADay: 1_000, included: 1_000_000, perMillion: 5 },
  d1RowsWritten: { freeADay: 100_000, included: 50_000_000, perMillion: 1 },
  durableObjectRequests: { freeADay: 100_000, included: 1_000_000, perMillion: 0.15 },
} as const;

/** Of a whole droplet, a month, added to its price. */
export const dropletBackups = {
  source: {
    url: "https://docs.digitalocean.com/products/backups/details/pricing/",
    asOf: "2026-03-09, basic plans",
  } satisfies Source,
  weekly: 0.2,
  daily: 0.3,
} as const;

/** For each GiB a month. */
export const volume = {
  source: {
    url: "https://docs.digitalocean.com/products/volumes/details/pricing/",
    asOf: "not read anew: DigitalOcean's price of $10 for 100 GiB a month, unchanged since volumes exist",
  } satisfies Source,
  perGib: 0.1,
} as const;

/** For each check of a URL a month; alerts cost nothing besides. */
export const uptime = {
  source: {
    url: "https://docs.digitalocean.com/products/uptime/details/pricing/",
    asOf: "2026-03-27, as the page above it, https://docs.digitalocean.com/products/uptime/details/, quotes it",
  } satisfies Source,
  perCheck: 1,
} as const;

/** DigitalOcean's S3-compatible storage: one subscription for all of an account's. */
export const spaces = {
  source: {
    url: "https://docs.digitalocean.com/products/spaces/details/pricing/",
    asOf: "2026, as https://cloudtoolstack.com/learn/do-spaces-storage-guide quotes it",
  } satisfies Source,
  subscription: 5,
  includedGib: 250,
} as const;

/** Droplets by the size's slug: dollars a month, and gigabytes of disk, which no resize makes less. */
export const droplets = {
  source: {
    url: "https://www.digitalocean.com/pricing/droplets",
    asOf: "2026-09-20 for the range (from $4); sizes as the API's /v2/sizes listed them in sergeykuzmich/terraform-digitalocean-variables (0c6d2e0)",
  } satisfies Source,
  sizes: {
    "c-2": [42, 25],
    "c-4": [84, 50],
    "c-4-intel": [109, 50],
    "c-8": [168, 100],
    "c-8-intel": [218, 100],
    "c-16": [336, 200],
    "c-16-intel": [437, 200],
    "c-32": [672, 400],
    "c-32-intel": [874, 400],
    "c-48": [1008, 600],
    "c-48-intel": [1310, 600],
    "c2-2vcpu-4gb": [47, 50],
    "c2-4vcpu-8gb": [94, 100],
    "c2-4vcpu-8gb-intel": [122, 100],
    "c2-8vcpu-16gb": [188, 200],
    "c2-8vcpu-16gb-intel": [244, 200],
    "c2-16vcpu-32gb": [376, 400],
    "c2-16vcpu-32gb-intel": [489, 400],
    "c2-32vcpu-64gb": [752, 800],
    "c2-32vcpu-64gb-intel": [978, 800],
    "g-2vcpu-8gb": [63, 25],
    "g-2vcpu-8gb-intel": [76, 30],
    "g-4vcpu-16gb": [126, 50],
    "g-4vcpu-16gb-intel": [151, 60],
    "g-8vcpu-32gb": [252, 100],
    "g-8vcpu-32gb-intel": [302, 120],
    "g-16vcpu-64gb": [504, 200],
    "g-16vcpu-64gb-intel": [605, 240],
    "g-32vcpu-128gb": [1008, 400],
    "g-32vcpu-128gb-intel": [1210, 480],
    "g-40vcpu-160gb": [1260, 500],
    "g-48vcpu-192gb-intel": [1814, 720],
    "gd-2vcpu-8gb": [68, 50],
    "gd-2vcpu-8gb-intel": [79, 60],
    "gd-4vcpu-16gb": [136, 100],
    "gd-4vcpu-16gb-intel": [158, 120],
    "gd-8vcpu-32gb": [272, 200],
    "gd-8vcpu-32gb-intel": [317, 240],
    "gd-16vcpu-64gb": [544, 400],
    "gd-16vcpu-64gb-intel": [634, 480],
    "gd-32vcpu-128gb": [1088, 800],
    "gd-32vcpu-128gb-intel": [1268, 960],
    "gd-40vcpu-160gb": [1360, 1000],
    "gd-48vcpu-192gb-intel": [1901, 1440],
    "m-2vcpu-16gb": [84, 50],
    "m-2vcpu-16gb-intel": [99, 50],
    "m-4vcpu-32gb": [168, 100],
    "m-4vcpu-32gb-intel": [198, 100],
    "m-8vcpu-64gb": [336, 200],
    "m-8vcpu-64gb-intel": [396, 200],
    "m-16vcpu-128gb": [672, 400],
    "m-16vcpu-128gb-intel": [792, 400],
    "m-24vcpu-192gb": [1008, 600],
    "m-24vcpu-192gb-intel": [1188, 600],
    "m-32vcpu-256gb": [1344, 800],
    "m-32vcpu-256gb-intel": [1584, 800],
    "m3-2vcpu-16gb": [104, 150],
    "m3-2vcpu-16gb-intel": [110, 150],
    "m3-4vcpu-32gb": [208, 300],
    "m3-4vcpu-32gb-intel": [220, 300],
    "m3-8vcpu-64gb": [416, 600],
    "m3-8vcpu-64gb-intel": [440, 600],
    "m3-16vcpu-128gb": [832, 1200],
    "m3-16vcpu-128gb-intel": [880, 1200],
    "m3-24vcpu-192gb": [1248, 1800],
    "m3-24vcpu-192gb-intel": [1320, 1800],
    "m3-32vcpu-256gb": [1664, 2400],
    "m3-32vcpu-256gb-intel": [1760, 2400],
    "m6-2vcpu-16gb": [131, 300],
    "m6-4vcpu-32gb": [262, 600],
    "m6-8vcpu-64gb": [524, 1200],
    "m6-16vcpu-128gb": [1048, 2400],
    "m6-24vcpu-192gb": [1572, 3600],
    "m6-32vcpu-256gb": [2096, 4800],
    "s-1vcpu-512mb-10gb": [4, 10],
    "s-1vcpu-1gb": [6, 25],
    "s-1vcpu-1gb-amd": [7, 25],
    "s-1vcpu-1gb-intel": [7, 25],
    "s-1vcpu-1gb-35gb-intel": [8, 35],
    "s-1vcpu-2gb": [12, 50],
    "s-1vcpu-2gb-amd": [14, 50],
    "s-1vcpu-2gb-intel": [14, 50],
    "s-1vcpu-2gb-70gb-intel": [16, 70],
    "s-2vcpu-2gb": [18, 60],
    "s-2vcpu-2gb-amd": [21, 60],
    "s-2vcpu-2gb-intel": [21, 60],
    "s-2vcpu-2gb-90gb-intel": [24, 90],
    "s-2vcpu-4gb": [24, 80],
    "s-2vcpu-4gb-amd": [28, 80],
    "s-2vcpu-4gb-intel": [28, 80],
    "s-2vcpu-4gb-120gb-intel": [32, 120],
    "s-2vcpu-8gb-amd": [42, 100],
    "s-2vcpu-8gb-160gb-intel": [48, 160],
    "s-4vcpu-8gb": [48, 160],
    "s-4vcpu-8gb-amd": [56, 160],
    "s-4vcpu-8gb-intel": [56, 160],
    "s-4vcpu-8gb-240gb-intel": [64, 240],
    "s-4vcpu-16gb-amd": [84, 200],
    "s-4vcpu-16gb-320gb-intel": [96, 320],
    "s-8vcpu-16gb": [96, 320],
    "s-8vcpu-16gb-amd": [112, 320],
    "s-8vcpu-16gb-intel": [112, 320],
    "s-8vcpu-16gb-480gb-intel": [128, 480],
    "s-8vcpu-32gb-amd": [168, 400],
    "s-8vcpu-32gb-640gb-intel": [192, 640],
    "so-2vcpu-16gb": [131, 300],
    "so-2vcpu-16gb-intel": [131, 300],
    "so-4vcpu-32gb": [262, 600],
    "so-4vcpu-32gb-intel": [262, 600],
    "so-8vcpu-64gb": [524, 1200],
    "so-8vcpu-64gb-intel": [524, 1200],
    "so-16vcpu-128gb": [1048, 2400],
    "so-16vcpu-128gb-intel": [1048, 2400],
    "so-24vcpu-192gb": [1572, 3600],
    "so-24vcpu-192gb-intel": [1572, 3600],
    "so-32vcpu-256gb": [2096, 4800],
    "so-32vcpu-256gb-intel": [2096, 4800],
  } as Readonly<Record<string, readonly [dollarsAMonth: number, diskGb: number]>>,
};
