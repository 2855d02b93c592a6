import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { JsonTraceSerializer } from "@opentelemetry/otlp-transformer";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { recorded, Telemetry, type TelemetryEnv } from "./telemetry.ts";
import { traceOf } from "./trace.ts";

const ID = "0af7651916cd43dd8448eb211c80319c";
const PARENT = "00f067aa0ba902b7";
const SOURCE = { service: "coda", version: "1", placement: "workers" } as const;

const requests: { headers: Record<string, unknown>; body: unknown }[] = [];
let status = 200;
const collector = createServer(async (request, response) => {
  requests.push({ headers: request.headers, body: await json(request) });
  response.writeHead(status).end("{}");
});
let env: TelemetryEnv;

beforeAll(async () => {
  await new Promise<void>((resolve) => collector.listen(0, "127.0.0.1", resolve));
  const { port } = collector.address() as AddressInfo;
  env = { OTLP_TRACES_URL: `http://127.0.0.1:${port}/v1/traces`, OTLP_HEADERS: '{"authorization":"Bearer t"}' };
});
afterAll(() => collector.close());
afterEach(() => {
  requests.length = 0;
  status = 200;
  vi.restoreAllMocks();
});

const trace = (flags = "01") =>
  traceOf(new Request("http://localhost/", { headers: { traceparent: `00-${ID}-${PARENT}-${flags}` } }));

// biome-ignore lint/suspicious/noExplicitAny: judged by the assertions
const spansOf = (body: any): any[] => body.resourceSpans[0].scopeSpans[0].spans;

test("spans are sent as OpenTelemetry's own exporter would", async () => {
  const telemetry = new Telemetry(env, SOURCE, trace());
  const span = telemetry.server("tools/call list_rows", {
    text: "t",
    whole: 1,
    part: 1.5,
    yes: true,
    left_out: undefined,
  });
  span.end({}, "tool_error");
  await telemetry.send();
  const [{ headers, body }] = requests as [(typeof requests)[0]];
  expect(headers).toMatchObject({ authorization: "Bearer t", "content-type": "application/json" });
  const [ours] = spansOf(body);
  const time = (nanoseconds: string): [number, number] => [
    Number(nanoseconds.slice(0, -9)),
    Number(nanoseconds.slice(-9)),
  ];
  const official = JsonTraceSerializer.serializeRequest([
    {
      name: "tools/call list_rows",
      // The API's numbers are one less than the protocol's.
      kind: 1,
      spanContext: () => ({ traceId: ID, spanId: ours.spanId, traceFlags: 1 }),
      parentSpanContext: { traceId: ID, spanId: PARENT, traceFlags: 1 },
      startTime: time(ours.startTimeUnixNano),
      endTime: time(ours.endTimeUnixNano),
      status: { code: 2 },
      attributes: { text: "t", whole: 1, part: 1.5, yes: true, "error.type": "tool_error" },
      resource: {
        attributes: {
          "service.name": "coda",
          "service.namespace": "hybrid-mcp",
          "service.version": "1",
          "hybrid_mcp.placement": "workers",
        },
      },
      instrumentationScope: { name: "hybrid-mcp" },
      links: [],
      events: [],
      duration: [0, 0],
      ended: true,
      droppedAttributesCount: 0,
      droppedEventsCount: 0,
      droppedLinksCount: 0,
    } as never,
  ]);
  expect(JSON.parse(new TextDecoder().decode(official))).toMatchObject(body as object);
});

test("what is asked of others is a span below the request's, and is told its own id", async () => {
  const telemetry = new Telemetry(env, SOURCE, trace());
  const server = telemetry.server("tools/call list_rows");
  const client = telemetry.client("GET");
  client.end({ "http.response.status_code": 200 });
  server.end();
  await telemetry.send();
  const [below, above] = spansOf(requests[0]!.body);
  expect([above.parentSpanId, below.parentSpanId]).toEqual([PARENT, above.spanId]);
  expect(client.traceparent).toBe(`00-${ID}-${below.spanId}-01`);
  expect([below.kind, above.kind, above.status]).toEqual([3, 2, {}]);
});

test.each([
  ["the caller does not record the trace", "00", true],
  ["the stack has nowhere to send it", "01", false],
])("nothing is sent where %s", async (_, flags, configured) => {
  const telemetry = new Telemetry(configured ? env : {}, SOURCE, trace(flags));
  telemetry.server("tools/call list_rows").end();
  await telemetry.send();
  expect(requests).toEqual([]);
});

test("a collector that refuses costs nothing but the spans, and the log says so without a secret", async () => {
  const said = vi.spyOn(console, "error").mockImplementation(() => {});
  status = 503;
  const telemetry = new Telemetry(env, SOURCE, trace());
  telemetry.server("x").end();
  await telemetry.send();
  expect(said.mock.calls).toEqual([[`coda: ${ID}: spans were lost: HTTP 503`]]);
});

test("a request's span ends with its answer's last byte", async () => {
  const telemetry = new Telemetry(env, SOURCE, trace());
  const span = telemetry.server("tools/call list_rows");
  const body = new TransformStream<Uint8Array, Uint8Array>();
  const work: Promise<unknown>[] = [];
  const answer = recorded(new Response(body.readable), telemetry, span, (each) => void work.push(each));
  const writer = body.writable.getWriter();
  const text = answer.text();
  await writer.write(new TextEncoder().encode("one "));
  expect(requests).toEqual([]);
  await writer.write(new TextEncoder().encode("two"));
  await writer.close();
  expect(await text).toBe("one two");
  await Promise.all(work);
  expect(spansOf(requests[0]!.body)).toHaveLength(1);
});
