import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { TestBrowser } from "../workers/oauth-broker/testing/test-browser.ts";
import { type BearerProxy, startBearerProxy } from "./conformance/bearer-proxy.ts";
import { declareFixtures, FIXTURES, type FixtureName, ONLY_FIXTURES } from "./conformance/declare-fixture.ts";
import { runConformance } from "./conformance/run-conformance.ts";
import { type CheckoutCopy, copyCheckout } from "./support/checkout-copy.ts";
import { accessToken, allow } from "./support/sign-in.ts";
import { TestStack } from "./support/test-stack.ts";

/** The suites of the MCP project, against a service that is built with the kit, in both its homes, and the broker. */

let stack: TestStack;
let copy: CheckoutCopy;

beforeAll(async () => {
  copy = copyCheckout();
  declareFixtures(copy);
  stack = await TestStack.create(ONLY_FIXTURES);
  stack.checkout = copy.path;
  await stack.must("up");
});
afterAll(async () => {
  await stack?.destroy();
  copy?.remove();
});

const originOf = (name: FixtureName) => `http://localhost:${FIXTURES[name].port + stack.portOffset}`;

/** The tool counts what it runs without asking for it too: extensions, such as tasks, which the kit does not have. */
const report = (what: string, output: string) =>
  process.stdout.write(`${what}: ${/^Total: .*$/m.exec(output)?.[0] ?? "no total"}\n`);

async function isClean(url: string, revision: string): Promise<void> {
  const expected = join(import.meta.dirname, `conformance/expected-failures.${revision}.yaml`);
  const args = ["server", "--url", url, "--requirements", revision, "--expected-failures", expected];
  const { code, output } = await runConformance(args);
  report(revision, output);
  expect(code, output).toBe(0);
}

async function servedBy(name: FixtureName): Promise<string | null> {
  return (await fetch(`${originOf(name)}/health`)).headers.get("x-served-by");
}

describe.each([
  ["a service built with the kit", "fixture", () => `${originOf("fixture")}/mcp`],
  ["the gateway, with such a service behind it", "test", () => stack.gatewayUrl],
] as const)("%s passes", (_, name, endpoint) => {
  describe.each(["workers", "droplet"] as const)("while the service is on %s", (placement) => {
    let proxy: BearerProxy;
    beforeAll(async () => {
      if (placement !== "workers") await stack.must("flip", name, placement);
      expect(await servedBy(name)).toBe(placement);
      proxy = await startBearerProxy(endpoint(), await accessToken(stack.authUrl, endpoint()));
    });
    afterAll(() => proxy?.close());

    test("every scenario that MCP 2026-07-28 requires", () => isClean(proxy.url, "2026-07-28"));

    test("every scenario that MCP 2025-11-25 requires, but those of sessions", () => isClean(proxy.url, "2025-11-25"));
  });
});

describe("the broker passes", () => {
  test("every scenario for authorization servers, a person allowing the client on the real pages", async () => {
    const port = await freePort();
    const { client_id } = await registerClient(`http://127.0.0.1:${port}/callback`);
    const resource = `${originOf("fixture")}/mcp`;
    const args = ["--url", stack.authUrl, "--client-id", client_id, "--resource", resource, "--port", String(port)];
    let visited: Promise<unknown> | undefined;
    const { code, output } = await runConformance(["authorization", ...args], (soFar) => {
      const url = /^http\S+\/authorize\?\S+$/m.exec(soFar)?.[0];
      if (url) visited ??= allow(url).then((callback) => new TestBrowser().open(callback));
    });
    await visited;
    report("authorization", output);
    expect(code, output).toBe(0);
    expect(output).toMatch(/✓ authorization-code-grant: [1-9]\d* passed, 0 failed/);
  });
});

async function registerClient(redirectUri: string): Promise<{ client_id: string }> {
  const response = await fetch(`${stack.authUrl}/oauth/register`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      client_name: "Conformance",
      redirect_uris: [redirectUri],
      token_endpoint_auth_method: "none",
    }),
  });
  expect(response.status).toBe(201);
  return (await response.json()) as { client_id: string };
}

/** A port of loopback that was free a moment ago: the tool listens there itself. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
