/** Where a request belongs: W3C Trace Context (https://www.w3.org/TR/trace-context/). */
export interface Trace {
  /** Trace id, 32 hex digits: the request's id in answers, logs and the audit trail. */
  id: string;
  /** `traceparent` for what is asked of others on behalf of this request. */
  traceparent: string;
}

/** Version, trace id, parent id, flags; ids of zeros alone are not valid (section 3.2.2). */
const TRACEPARENT = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})$/;

/** Goes on with the caller's trace, or begins one where there is none or it cannot be read (section 4.3). */
export function traceOf(request: Request): Trace {
  const [, id = hex(16), flags = "00"] = TRACEPARENT.exec(request.headers.get("traceparent") ?? "") ?? [];
  return { id, traceparent: `00-${id}-${hex(8)}-${flags}` };
}

/** The request as it goes on inside: its trace in its own headers, where `traceIn` finds it. */
export function traced(request: Request): Request {
  const { id, traceparent } = traceOf(request);
  // A copy does not tell by itself that the client went away.
  const inside = new Request(request, { signal: request.signal });
  inside.headers.set("x-request-id", id);
  inside.headers.set("traceparent", traceparent);
  return inside;
}

/** The trace of a request that `traced` has made. */
export function traceIn({ headers }: Request): Trace {
  return { id: headers.get("x-request-id")!, traceparent: headers.get("traceparent")! };
}

function hex(bytes: number): string {
  const random = crypto.getRandomValues(new Uint8Array(bytes));
  return Array.from(random, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
