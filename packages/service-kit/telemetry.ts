import { childOf, type Trace } from "./trace.ts";

/** Bindings of telemetry, the same on Workers and on the droplet. */
export interface TelemetryEnv {
  /** Where spans are sent: an OTLP/HTTP traces endpoint, e.g. `https://otlp.example.com/v1/traces`. Unset: nowhere. */
  OTLP_TRACES_URL?: string;
  /** JSON: headers that let in there. */
  OTLP_HEADERS?: string;
}

/** Who tells of a request. */
export interface TelemetrySource {
  service: string;
  version: string;
  placement: "workers" | "droplet";
}

type Attributes = Record<string, string | number | boolean | undefined>;

/** What is being done. */
export interface ActiveSpan {
  /** Low in cardinality, e.g. `tools/call list_rows`; it may become known only on the way. */
  name: string;
  /** For whoever is asked to do a part of it. */
  readonly traceparent: string;
  /** What is learned on the way. @param error a short word of why it fails (`error.type`) */
  add(attributes: Attributes, error?: string): void;
  /** @param error as in `add`; undefined when it did not fail, or that was told before */
  end(attributes?: Attributes, error?: string): void;
}

/** `SpanKind` of the protocol. */
const KINDS = { server: 2, client: 3 } as const;

/** https://opentelemetry.io/docs/specs/otel/trace/api/#set-status */
const STATUS_ERROR = 2;

/** Longest wait for the endpoint, in milliseconds. */
const SEND_TIMEOUT_MS = 10_000;

interface Span {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  kind: number;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes: object[];
  status: { code?: number };
}

/**
 * The spans of one request, which are sent after its answer: OpenTelemetry, by OTLP/HTTP with JSON
 * (https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding). Names and attributes follow the semantic conventions;
 * nothing that a person or a model wrote is among them.
 *
 * Written by hand because the official exporter is made for Node and browsers; a test holds it against that one's encoding.
 */
export class Telemetry {
  readonly #env: TelemetryEnv;
  readonly #source: TelemetrySource;
  readonly #trace: Trace;
  readonly #spans: Span[] = [];

  constructor(env: TelemetryEnv, source: TelemetrySource, trace: Trace) {
    this.#env = env;
    this.#source = source;
    this.#trace = trace;
  }

  /** Whether spans go anywhere. */
  get isOn(): boolean {
    return this.#env.OTLP_TRACES_URL !== undefined && this.#trace.sampled;
  }

  /** The request itself. */
  server(name: string, attributes: Attributes = {}): ActiveSpan {
    return this.#begin(this.#trace, name, "server", attributes);
  }

  /** Something that is asked of another on behalf of the request. */
  client(name: string, attributes: Attributes = {}): ActiveSpan {
    return this.#begin(childOf(this.#trace), name, "client", attributes);
  }

  /** Sends what has ended since the last time. It never fails: a lost span is no reason to lose more. */
  async send(): Promise<void> {
    const { OTLP_TRACES_URL: url, OTLP_HEADERS: headers = "{}" } = this.#env;
    const spans = this.#spans.splice(0);
    if (!url || spans.length === 0) return;
    try {
      const response = await fetch(url, {
        method: "POST",
        headers: { ...(JSON.parse(headers) as Record<string, string>), "content-type": "application/json" },
        body: JSON.stringify(tracesRequest(this.#source, spans)),
        redirect: "manual",
        signal: AbortSignal.timeout(SEND_TIMEOUT_MS),
      });
      await response.body?.cancel();
      if (!response.ok) throw new Error(`HTTP ${response.status}`);
    } catch (error) {
      console.error(`${this.#source.service}: ${this.#trace.id}: spans were lost: ${(error as Error).message}`);
    }
  }

  #begin(trace: Trace, name: string, kind: keyof typeof KINDS, begun: Attributes): ActiveSpan {
    const start = Date.now();
    let ended = false;
    const known: Attributes = { ...begun };
    const active: ActiveSpan = {
      name,
      traceparent: trace.traceparent,
      add: (attributes, error) => {
        Object.assign(known, attributes, error !== undefined && { "error.type": error });
      },
      end: (attributes = {}, error) => {
        if (ended || !this.isOn) return;
        ended = true;
        active.add(attributes, error);
        this.#spans.push({
          traceId: trace.id,
          spanId: trace.spanId,
          ...(trace.parentId && { parentSpanId: trace.parentId }),
          name: active.name,
          kind: KINDS[kind],
          startTimeUnixNano: nanoseconds(start),
          endTimeUnixNano: nanoseconds(Date.now()),
          attributes: keyValues(known),
          status: known["error.type"] === undefined ? {} : { code: STATUS_ERROR },
        });
      },
    };
    return active;
  }
}

function tracesRequest({ service, version, placement }: TelemetrySource, spans: Span[]) {
  const resource = {
    "service.name": service,
    "service.namespace": "hybrid-mcp",
    "service.version": version,
    "hybrid_mcp.placement": placement,
  };
  return {
    resourceSpans: [
      { resource: { attributes: keyValues(resource) }, scopeSpans: [{ scope: { name: "hybrid-mcp" }, spans }] },
    ],
  };
}

/** 64-bit numbers are strings in the protocol's JSON. */
const nanoseconds = (ms: number) => `${ms}000000`;

function keyValues(attributes: Attributes): object[] {
  return Object.entries(attributes).flatMap(([key, value]): object[] => {
    if (value === undefined) return [];
    if (typeof value === "string") return [{ key, value: { stringValue: value } }];
    if (typeof value === "boolean") return [{ key, value: { boolValue: value } }];
    return [{ key, value: Number.isInteger(value) ? { intValue: value } : { doubleValue: value } }];
  });
}

/**
 * Ends a request's span when its answer has been read, to its end or not, and sends what is known of the request.
 * @returns the answer to give instead
 */
export function recorded(
  response: Response,
  telemetry: Telemetry,
  span: ActiveSpan,
  waitUntil: (work: Promise<unknown>) => void,
): Response {
  if (!telemetry.isOn) return response;
  const { status, body } = response;
  const ended = (error = status >= 400 ? String(status) : undefined) => {
    span.end({ "http.response.status_code": status }, error);
    return telemetry.send();
  };
  if (!body) {
    waitUntil(ended());
    return response;
  }
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  waitUntil(
    body.pipeTo(writable).then(
      () => ended(),
      () => ended("cancelled"),
    ),
  );
  return new Response(readable, response);
}
