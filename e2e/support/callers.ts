import { setTimeout as wait } from "node:timers/promises";

/** What callers saw while something was changed under them. */
export interface Traffic {
  calls: number;
  failures: string[];
  /** Longest time between two answers, in milliseconds: how long clients saw nothing. */
  worstPauseMs: number;
  /** Longest time that one call took, in milliseconds. */
  slowestMs: number;
  /** Placement → how many calls it answered. */
  servedBy: Record<string, number>;
}

export interface CallerOptions {
  /** MCP endpoint. */
  url: string;
  token: string;
  /** Calls a second, in all. */
  rate: number;
  /** `tools/call` params of each call. */
  call: { name: string; arguments: object };
  /** For https with a test certificate authority, or another address; default: the global one. */
  fetch?: typeof fetch;
}

/** Calls a tool at a steady rate, each call on its own whatever the others do, until it is stopped. */
export function startCaller(options: CallerOptions): { stop(): Promise<Traffic> } {
  const traffic: Traffic = { calls: 0, failures: [], worstPauseMs: 0, slowestMs: 0, servedBy: {} };
  const running = new Set<Promise<void>>();
  const stopped = new AbortController();
  const loop = (async () => {
    const start = performance.now();
    let lastAnswer = start;
    for (let n = 0; !stopped.signal.aborted; n++) {
      const call = one(options, n, traffic).finally(() => {
        const now = performance.now();
        traffic.worstPauseMs = Math.max(traffic.worstPauseMs, now - lastAnswer);
        lastAnswer = now;
        running.delete(call);
      });
      running.add(call);
      const next = start + ((n + 1) * 1000) / options.rate;
      await wait(Math.max(0, next - performance.now()));
    }
  })();
  return {
    async stop() {
      stopped.abort();
      await loop;
      await Promise.all(running);
      return traffic;
    },
  };
}

async function one(options: CallerOptions, id: number, traffic: Traffic): Promise<void> {
  const start = performance.now();
  traffic.calls++;
  try {
    const { response, messages } = await callTool(options, id, {});
    const servedBy = response.headers.get("x-served-by") ?? "nobody";
    traffic.servedBy[servedBy] = (traffic.servedBy[servedBy] ?? 0) + 1;
    const answer = messages.at(-1) as { result?: { isError?: boolean } } | undefined;
    if (!answer?.result || answer.result.isError) throw new Error(`HTTP ${response.status}: ${JSON.stringify(answer)}`);
  } catch (error) {
    const { message, cause } = error as Error;
    traffic.failures.push(`${message}${cause ? ` (${(cause as Error).message})` : ""}`);
  }
  traffic.slowestMs = Math.max(traffic.slowestMs, performance.now() - start);
}

/** One long call whose answer is streamed, with a progress message for every part. */
export async function openStream(options: Omit<CallerOptions, "rate">): Promise<{
  /** Resolves when the stream has ended by itself. */
  ended: Promise<{ progress: number; complete: boolean; servedBy: string | null; error?: string }>;
}> {
  const started = Promise.withResolvers<void>();
  let servedBy: string | null = null;
  let progress = 0;
  const ended = callTool(options, 1, { progressToken: "stream" }, (response, message) => {
    servedBy = response.headers.get("x-served-by");
    if ((message as { method?: string }).method === "notifications/progress") progress++;
    started.resolve();
  }).then(
    ({ messages }) => ({
      progress,
      complete: Boolean((messages.at(-1) as { result?: object } | undefined)?.result),
      servedBy,
    }),
    (error: Error) => {
      started.reject(error);
      return { progress, complete: false, servedBy, error: error.message };
    },
  );
  await started.promise;
  return { ended };
}

/** `tools/call` as a client of the protocol 2025-06-18 sends it. */
export function toolRequest(token: string, params: { name: string; arguments: object; _meta?: object }, id = 1) {
  return {
    method: "POST",
    headers: {
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      "mcp-protocol-version": "2025-06-18",
      authorization: `Bearer ${token}`,
    },
    body: JSON.stringify({ jsonrpc: "2.0", id, method: "tools/call", params }),
  };
}

/** Sends `tools/call` as a 2025-06-18 client does and reads the answer, JSON or an event stream, to its end. */
async function callTool(
  options: Omit<CallerOptions, "rate">,
  id: number,
  meta: object,
  onMessage: (response: Response, message: unknown) => void = () => {},
): Promise<{ response: Response; messages: unknown[] }> {
  const params = { ...options.call, _meta: meta };
  const response = await (options.fetch ?? fetch)(options.url, toolRequest(options.token, params, id));
  const messages: unknown[] = [];
  const take = (text: string) => {
    const message: unknown = JSON.parse(text);
    messages.push(message);
    onMessage(response, message);
  };
  if (!response.headers.get("content-type")?.startsWith("text/event-stream")) {
    const text = await response.text();
    if (!response.ok) throw new Error(`HTTP ${response.status}: ${text.slice(0, 200)}`);
    take(text);
    return { response, messages };
  }
  let buffer = "";
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    buffer += chunk;
    const events = buffer.split("\n\n");
    buffer = events.pop()!;
    for (const event of events) {
      const data = event
        .split("\n")
        .filter((line) => line.startsWith("data:"))
        .map((line) => line.slice(5).trim())
        .join("");
      if (data) take(data);
    }
  }
  return { response, messages };
}

/** One line for the person who reads the test's output. */
export function summary(what: string, { calls, failures, worstPauseMs, slowestMs, servedBy }: Traffic): string {
  const who = Object.entries(servedBy)
    .map(([placement, count]) => `${placement} ${count}`)
    .join(", ");
  return `${what}: ${calls} calls, ${failures.length} failed, worst pause ${Math.round(worstPauseMs)} ms, slowest ${Math.round(slowestMs)} ms (${who})\n`;
}
