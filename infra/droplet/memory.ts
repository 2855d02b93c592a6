/** Most memory that each container may use, in megabytes. */
export const MEMORY_MB = {
  /** One service with workerd. */
  service: 256,
  connector: 256,
  /** Unless the config says otherwise. */
  n8n: 1024,
  n8nPostgres: 256,
  backup: 512,
  /** Parts of a Firecrawl engine. */
  firecrawlApi: 2304,
  firecrawlPlaywright: 1024,
  firecrawlPostgres: 384,
  redis: 128,
  rabbitmq: 256,
} as const;

/** What Debian, Docker and the agents on the droplet need besides, in megabytes. */
export const HOST_MB = 512;

/** What a Firecrawl engine needs, in megabytes. */
export const ENGINE_MB =
  MEMORY_MB.firecrawlApi +
  MEMORY_MB.firecrawlPlaywright +
  MEMORY_MB.firecrawlPostgres +
  MEMORY_MB.redis +
  MEMORY_MB.rabbitmq;

/**
 * Memory of a droplet by its size's slug (https://slugs.do-api.dev/), in megabytes.
 *
 * - `s-2vcpu-4gb`, `g-2vcpu-8gb-intel`, `m-2vcpu-16gb`, `so1_5-2vcpu-16gb`, `s-1vcpu-512mb-10gb`: it is in the name;
 * - `c-2`, `c-8-intel`: CPU-optimised ones have 2 GB for each processor.
 *
 * @returns undefined for a slug of another form, e.g. of a machine with GPUs
 */
export function dropletMemoryMb(size: string): number | undefined {
  const named = /^(?:s|g|gd|m|m3|m6|so|so1_5|c2)-\d+vcpu-(\d+)(gb|mb)(?:-|$)/.exec(size);
  if (named) return Number(named[1]) * (named[2] === "gb" ? 1024 : 1);
  const processors = /^c-(\d+)(?:-intel)?$/.exec(size)?.[1];
  return processors === undefined ? undefined : Number(processors) * 2048;
}

/** What runs on the droplet besides the Firecrawl engine, each with the memory that it may use, in megabytes. */
export interface Tenant {
  name: string;
  mb: number;
}

/**
 * Why a droplet is too small for a Firecrawl engine beside everything else on it.
 *
 * @returns undefined when it is large enough, or its size cannot be judged
 */
export function tooSmallForEngine(size: string, others: Tenant[]): string | undefined {
  const has = dropletMemoryMb(size);
  const needs = HOST_MB + ENGINE_MB + others.reduce((sum, { mb }) => sum + mb, 0);
  if (has === undefined || has >= needs) return undefined;
  const parts = [{ name: "the engine", mb: ENGINE_MB }, { name: "the system", mb: HOST_MB }, ...others].map(
    ({ name, mb }) => `${name} ${mb}`,
  );
  return `has ${has} MB, and a Firecrawl engine of one's own needs ${needs} MB here (${parts.join(", ")}); take a size with more memory, e.g. s-4vcpu-8gb, or services.firecrawl.engine: cloud`;
}
