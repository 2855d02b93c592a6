/** Where a request belongs: W3C Trace Context (https://www.w3.org/TR/trace-context/). */
export interface Trace {
  /** Trace id, 32 hex digits: the request's id in answers, logs and the audit trail. */
  id: string;
  /** Id of what is done here for the request, 16 hex digits. */
  spanId: string;
  /** Id of what the caller does meanwhile; undefined where the trace begins here. */
  parentId?: string;
  /** Whether what belongs to the trace is to be recorded. */
  sampled: boolean;
  /** `traceparent` for what is asked of others on behalf of this request. */
  traceparent: string;
}

/** Version, trace id, parent id, flags; ids of zeros alone are not valid (section 3.2.2). */
const TRACEPARENT = /^00-(?!0{32})([0-9a-f]{32})-((?!0{16})[0-9a-f]{16})-([0-9a-f]{2})$/;

/** Headers in which a request carries its trace inside; what a client sends in them counts for nothing. */
const INSIDE = { id: "x-request-id", parentId: "x-trace-parent-id" };

/**
 * Goes on with the caller's trace, or begins one where there is none or it cannot be read (section 4.3).
 * @param sampled whether a trace that begins here is recorded
 */
export function traceOf(request: Request, sampled = false): Trace {
  const [, known, parentId, flags = sampled ? "01" : "00"] =
    TRACEPARENT.exec(request.headers.get("traceparent") ?? "") ?? [];
  return traceWith(known ?? hex(16), hex(8), flags, parentId);
}

/** The request as it goes on inside: its trace in its own headers, where `traceIn` finds it. */
export function traced(request: Request, sampled = false): Request {
  const { id, parentId, traceparent } = traceOf(request, sampled);
  // A copy does not tell by itself that the client went away.
  const inside = new Request(request, { signal: request.signal });
  inside.headers.set(INSIDE.id, id);
  inside.headers.set("traceparent", traceparent);
  if (parentId) inside.headers.set(INSIDE.parentId, parentId);
  else inside.headers.delete(INSIDE.parentId);
  return inside;
}

/** The trace of a request that `traced` has made. */
export function traceIn({ headers }: Request): Trace {
  const [, id, spanId, flags] = TRACEPARENT.exec(headers.get("traceparent")!)!;
  return traceWith(id!, spanId!, flags!, headers.get(INSIDE.parentId) ?? undefined);
}

/** Something that is done for a request, as a span of its own below it. */
export function childOf(trace: Trace): Trace {
  return traceWith(trace.id, hex(8), trace.traceparent.slice(-2), trace.spanId);
}

function traceWith(id: string, spanId: string, flags: string, parentId: string | undefined): Trace {
  return {
    id,
    spanId,
    ...(parentId && { parentId }),
    // The last bit (section 3.2.2.5.1).
    sampled: (Number.parseInt(flags, 16) & 1) === 1,
    traceparent: `00-${id}-${spanId}-${flags}`,
  };
}

function hex(bytes: number): string {
  const random = crypto.getRandomValues(new Uint8Array(bytes));
  return Array.from(random, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
