/** Base of the runtime image: Debian 12 slim, the multi-architecture index of 2026-08-05. */
export const BASE_IMAGE =
  "debian:bookworm-slim@sha256:abd67ffcfa541b485a3dff59865ab629aa048a6c613e639d36e7456b0b229241";

/** https://github.com/cloudflare/cloudflared/releases */
export const CLOUDFLARED_IMAGE =
  "cloudflare/cloudflared:2026.7.3@sha256:e39ee8da81ad5e05d77f38d2f51c60ca51bf2a8450ac3abab50c17fdb91d91bf";

// The digests below are those of the multi-architecture indexes, as several public repositories pin them independently of each
// other; none of the three has been pulled and run where this was written.

/** The n8n that is pinned. */
export const N8N_VERSION = "2.40.7";

/** https://github.com/n8n-io/n8n/releases */
export const N8N_IMAGE = `n8nio/n8n:${N8N_VERSION}@sha256:ffeb52485f78b1b06c9a832205853cf75da72a07a514c9a27724df85979d6c34`;

/** n8n supports 17 and newer; a new major version does not read the files of an older one. */
export const POSTGRES_IMAGE =
  "postgres:17.11-bookworm@sha256:051f7b7b3abdd564d5d1bd1e8c4b9c1b6e77087d1dd22020ede611c096a272e0";

/** https://github.com/restic/restic/releases */
export const RESTIC_IMAGE =
  "restic/restic:0.18.1@sha256:39d9072fb5651c80d75c7a811612eb60b4c06b32ffe87c2e9f3c7222e1797e76";

/**
 * A Firecrawl engine, as Firecrawl itself pins its published images together:
 * https://github.com/firecrawl/firecrawl/blob/fba45cdee6c037f976dd1902c7207aaf3b430520/docker-compose.prebuilt.yaml
 */
export const FIRECRAWL_IMAGE =
  "ghcr.io/firecrawl/firecrawl@sha256:20ea02d51fb5e1063637d7e43b5dcdf429bf69b7e1c1615b48b24bff1d0c13ae";
export const FIRECRAWL_PLAYWRIGHT_IMAGE =
  "ghcr.io/firecrawl/playwright-service@sha256:468009bae00911d40d7120d58489a1d529362c22c45585cb9076094fe61b0025";
export const FIRECRAWL_POSTGRES_IMAGE =
  "ghcr.io/firecrawl/nuq-postgres@sha256:aed86f62858f29bd971abddcdeb301c12888098d2cf5d33c1ba42b053bc460f6";

/** https://hub.docker.com/_/redis */
export const REDIS_IMAGE = "redis:7.4-alpine@sha256:ff02b58f971e7d7d156a1267e283fcbbeee91773b6aa36c49dac28ecfe28eadf";

/** https://hub.docker.com/_/rabbitmq */
export const RABBITMQ_IMAGE =
  "rabbitmq:3.13-management@sha256:e582c0bc7766f3342496d8485efb5a1df782b5ce3886ad017e2eaae442311f69";
