import type { MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import type { BrokerEnv, Ctx } from "./config.ts";
import { MessagePage } from "./pages/message.tsx";
import { isForPrograms } from "./program-routes.ts";

const KIB = 1024;

/** Longest body of a request, in bytes: forms, and tokens in them. Nobody has to sign in to send one. */
const USUAL = upTo(64 * KIB);
/** A client's metadata, and a batch of audit events. */
const LARGE = upTo(KIB * KIB);
const LARGE_PATHS = new Set(["/oauth/register", "/audit"]);

/** Refuses a body that is too large before anything reads it whole (RFC 9110 section 15.5.14), whatever length it states. */
export const limitedBodies: MiddlewareHandler<{ Bindings: BrokerEnv }> = (c, next) =>
  (LARGE_PATHS.has(c.req.path) ? LARGE : USUAL)(c, next);

function upTo(maxSize: number): MiddlewareHandler<{ Bindings: BrokerEnv }> {
  const text = `This takes ${maxSize / KIB} KiB at most.`;
  return bodyLimit({
    maxSize,
    onError: (c: Ctx) =>
      isForPrograms(c.req.path)
        ? c.json({ error: "invalid_request", error_description: text }, 413)
        : c.html(<MessagePage title="That did not work" text={text} />, 413),
  });
}
