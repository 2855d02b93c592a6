/** Base of the runtime image: Debian 12 slim, the multi-architecture index of 2026-08-05. */
export const BASE_IMAGE =
  "debian:bookworm-slim@sha256:abd67ffcfa541b485a3dff59865ab629aa048a6c613e639d36e7456b0b229241";

/** https://github.com/cloudflare/cloudflared/releases */
export const CLOUDFLARED_IMAGE =
  "cloudflare/cloudflared:2026.7.3@sha256:e39ee8da81ad5e05d77f38d2f51c60ca51bf2a8450ac3abab50c17fdb91d91bf";
