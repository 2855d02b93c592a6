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
