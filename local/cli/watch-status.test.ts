import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Update } from "./placement-history.ts";
import type { StackView } from "./stack-view.ts";
import { watch } from "./watch-status.ts";

/** `status --watch` of a stack whose only service is asked here, and whose history is in memory. */

let written: string;
let server: ReturnType<typeof createServer>;
let updates: Update[];
let config: Update["config"];

const placed = (placement: string): Update["config"] => ({
  "hybrid-mcp:services": { objectValue: { coda: { placement } }, secret: false },
});
const update = (placement: string, endTime: string): Update => ({
  kind: "update",
  result: "succeeded",
  startTime: endTime,
  endTime,
  config: placed(placement),
});

let compared: number;
const view = () => {
  const { port } = server.address() as AddressInfo;
  const coda = { title: "Coda", placement: "workers", version: "1.0", url: `http://127.0.0.1:${port}/mcp` };
  return {
    name: "local",
    running: true,
    run: async (args: string[]) => JSON.stringify(args.at(-1) === "1" ? updates : []),
    deployed: async () => ({ services: { coda } }),
    config: async () => config,
    cloudflare: async () => ({ baseUrl: "", token: undefined }),
    compare: async () => {
      compared++;
      return { code: 0, stdout: "", stderr: "" };
    },
  } as unknown as StackView;
};

beforeEach(async () => {
  written = "";
  compared = 0;
  config = placed("workers");
  updates = [update("workers", "2026-01-05T12:00:00Z")];
  vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    written += text;
    return true;
  });
  server = createServer(({ url }, response) => {
    const { placement } = (config["hybrid-mcp:services"]!.objectValue as { coda: { placement: string } }).coda;
    response.writeHead(url === "/health" ? 200 : 401, { "x-served-by": placement });
    response.end(JSON.stringify({ status: "ok", version: "1.0" }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterEach(() => {
  vi.restoreAllMocks();
  server.close();
});

const lines = () => written.split("\n").filter((line) => line.includes(" coda: "));

test("what an update has applied is not called unapplied at the look after it, and drift is looked for anew", async () => {
  const watching = watch(view(), { seconds: 1, drift: true });
  try {
    await vi.waitFor(() => expect(lines().at(-1)).toContain("drift none"), 10_000);
    config = placed("droplet");
    await vi.waitFor(() => expect(lines().at(-1)).toContain("config not applied yet"), 10_000);
    expect(compared).toBe(1);
    updates = [update("droplet", "2026-01-05T12:01:00Z"), ...updates];
    // Sooner than what was learned gets too old.
    await vi.waitFor(() => {
      expect(lines().at(-1)).toContain("on droplet, served by droplet, ok");
      expect(lines().at(-1)).not.toContain("not as wanted");
      expect(compared).toBe(2);
    }, 10_000);
  } finally {
    process.emit("SIGINT");
    await watching;
  }
});
