import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";

const faultSettings = z.strictObject({
  /** Milliseconds that every answer is held back. */
  latencyMs: z.number().int().min(0).max(600_000).optional(),
  /** The next `times` requests are answered with this error status and change nothing. */
  failNext: z
    .strictObject({
      status: z.number().int().min(400).max(599),
      times: z.number().int().min(1),
      /** Value of `Retry-After`, in seconds; default 1 for 429, else the header is left out. */
      retryAfterSeconds: z.number().int().min(0).optional(),
    })
    .optional(),
  /** Answers are a page of HTML with status 200, as of something that stands in the API's place. */
  garbage: z.boolean().optional(),
  /** Requests are taken but not answered until this is unset or the client gives up. */
  hang: z.boolean().optional(),
  /** Only requests whose path ends with this are held back or fail; default: every one. */
  onlyPath: z.string().startsWith("/").optional(),
});

/** What goes wrong on purpose; a field that is not set does nothing. */
export type FaultSettings = z.infer<typeof faultSettings>;

/** The faults of one stand-in. */
export interface Faults {
  /**
   * Replaces all settings; requests that hang go on if `hang` is not set again.
   * @throws {z.ZodError} when a field is unknown or out of range; the settings stay as they were.
   */
  set(settings: FaultSettings): void;
  clear(): void;
  /** The settings as they are now: `failNext.times` counts down and `failNext` goes away at 0. */
  current(): FaultSettings;
}

/** How a stand-in is called: with the URL as the client dialled it. */
export type Handler = (request: Request) => Promise<Response>;

/** Directly below where the stand-in is mounted, so never a path of the API. */
const CONTROL_PATH = /^(?:\/[^/]+)?\/_control$/;

/**
 * Puts faults in front of a stand-in. They are set by the program (`faults`) or at the path `…/_control` of the
 * stand-in: `PUT` a JSON object of {@link FaultSettings}, `GET` it, `DELETE` it. No other request can set one.
 * @param handler the stand-in
 * @param errorResponse the stand-in's own form of an error with this HTTP status
 */
export function withFaults(
  handler: Handler,
  errorResponse: (status: number) => Response,
): { handler: Handler; faults: Faults } {
  let settings: FaultSettings = {};
  const hanging = new Set<() => void>();

  const faults: Faults = {
    set(next) {
      settings = faultSettings.parse(next);
      if (!settings.hang) for (const release of [...hanging]) release();
    },
    clear: () => faults.set({}),
    current: () => structuredClone(settings),
  };

  const untilReleased = (signal: AbortSignal) =>
    new Promise<void>((resolve) => {
      const release = () => {
        hanging.delete(release);
        signal.removeEventListener("abort", release);
        resolve();
      };
      hanging.add(release);
      signal.addEventListener("abort", release);
      if (signal.aborted) release();
    });

  const takeFailure = () => {
    const failure = settings.failNext;
    if (!failure) return undefined;
    settings = { ...settings, failNext: failure.times > 1 ? { ...failure, times: failure.times - 1 } : undefined };
    return failure;
  };

  const faulty: Handler = async (request) => {
    const { pathname } = new URL(request.url);
    if (CONTROL_PATH.test(pathname)) return control(request, faults);
    if (!pathname.endsWith(settings.onlyPath ?? "")) return handler(request);
    const failure = takeFailure();
    if (settings.hang) await untilReleased(request.signal);
    if (settings.latencyMs) await sleep(settings.latencyMs);
    // What a client no longer waits for must not change anything.
    request.signal.throwIfAborted();
    if (settings.garbage) return new Response("<!doctype html><title>Welcome</title>", { headers: HTML });
    if (!failure) return handler(request);
    const response = errorResponse(failure.status);
    const retryAfter = failure.retryAfterSeconds ?? (failure.status === 429 ? 1 : undefined);
    if (retryAfter !== undefined) response.headers.set("retry-after", String(retryAfter));
    return response;
  };
  return { handler: faulty, faults };
}

const HTML = { "content-type": "text/html; charset=utf-8" };

async function control(request: Request, faults: Faults): Promise<Response> {
  if (request.method === "DELETE") faults.clear();
  else if (request.method === "PUT") {
    const parsed = faultSettings.safeParse(await request.json().catch(() => undefined));
    if (!parsed.success) return Response.json({ message: z.prettifyError(parsed.error) }, { status: 400 });
    faults.set(parsed.data);
  } else if (request.method !== "GET") {
    return new Response(null, { status: 405, headers: { allow: "GET, PUT, DELETE" } });
  }
  return Response.json(faults.current());
}
