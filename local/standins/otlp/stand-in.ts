import type { Handler } from "../faults.ts";

/** A span as it came, with what its resource says of who sent it. */
export interface CollectedSpan {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  kind: number;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes: Record<string, unknown>;
  status: { code?: number };
  resource: Record<string, unknown>;
}

interface KeyValue {
  key: string;
  value: Record<string, unknown>;
}

interface TracesRequest {
  resourceSpans: {
    resource: { attributes: KeyValue[] };
    scopeSpans: { spans: (Omit<CollectedSpan, "attributes" | "resource"> & { attributes: KeyValue[] })[] }[];
  }[];
}

/** Spans that are remembered, the newest. */
const MOST = 2_000;

/**
 * A collector of OpenTelemetry spans (OTLP/HTTP with JSON, https://opentelemetry.io/docs/specs/otlp/): `POST …/v1/traces`
 * takes them, `GET …/spans?traceId=…` shows what came.
 *
 * @param authorization what it asks for in that header; undefined asks for nothing
 */
export function createOtlpStandIn({ authorization }: { authorization?: string } = {}): { handler: Handler } {
  const spans: CollectedSpan[] = [];
  const handler: Handler = async (request) => {
    const { pathname, searchParams } = new URL(request.url);
    if (request.method === "GET" && pathname.endsWith("/spans")) {
      return Response.json(spans.filter(({ traceId }) => traceId === searchParams.get("traceId")));
    }
    if (request.method !== "POST" || !pathname.endsWith("/v1/traces")) return new Response(null, { status: 404 });
    if (authorization !== undefined && request.headers.get("authorization") !== authorization) {
      return new Response(null, { status: 401 });
    }
    const found = await request
      .json()
      .then((body) => spansOf(body as TracesRequest))
      .catch(() => undefined);
    if (!found) return Response.json({ code: 3, message: "not an export request of traces" }, { status: 400 });
    spans.push(...found);
    spans.splice(0, spans.length - MOST);
    return Response.json({ partialSuccess: {} });
  };
  return { handler };
}

/** @throws {Error} for what is no request of the protocol, or a span without what it must have */
function spansOf({ resourceSpans }: TracesRequest): CollectedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) =>
      spans.map((span) => {
        const { traceId, spanId, startTimeUnixNano, endTimeUnixNano } = span;
        const valid =
          /^[0-9a-f]{32}$/.test(traceId) &&
          /^[0-9a-f]{16}$/.test(spanId) &&
          BigInt(endTimeUnixNano) >= BigInt(startTimeUnixNano);
        if (!valid) throw new Error("not a span");
        return { ...span, attributes: plain(span.attributes), resource: plain(resource.attributes) };
      }),
    ),
  );
}

function plain(attributes: KeyValue[]): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
}
