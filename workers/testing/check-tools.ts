import { catalogue, type ServiceName } from "@hybrid-mcp/catalogue";
import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { isTaken } from "../mcp-gateway/tool-names.ts";
import { post, textOf } from "../oauth-broker/testing/service-client.ts";
import type { ServiceHarness, SomeTool } from "./service-harness.ts";
import { invalidInputs, validInputs } from "./tool-inputs.ts";

/** Inputs that are tried of each tool and kind; a seed that fails is printed, to be tried again. */
const RUNS = 12;

/** A tool's answer as it comes over HTTP. */
interface Answer {
  result?: { content: { text: string }[]; isError?: boolean };
  error?: { code: number; message: string };
}

/**
 * What every tool of every service has to keep, as tests: to be called in a test file of the service.
 *
 * @param samples of each tool, arguments with which it works
 * @param harness gives the harness, once it is started
 */
export function checkTools(
  service: ServiceName,
  tools: readonly SomeTool[],
  samples: Record<string, Record<string, unknown>>,
  harness: () => ServiceHarness,
): void {
  const each = tools.map((tool) => [tool.name, tool] as const);
  const scopes: string[] = catalogue[service].scopes.map(({ name }) => name);

  /** Calls a tool over plain HTTP: whatever the service answers is seen. */
  const ask = async (name: string, args: Record<string, unknown>) => {
    const response = await post(harness().origin, await harness().token(), name, args, harness().headers);
    const text = await response.text();
    // Lines end where the format says, not where a value has U+2028 or the like.
    const event = text.split("\n").findLast((line) => line.startsWith("data: "));
    const json = text.startsWith("{") ? text : (event?.slice("data: ".length) ?? "{}");
    return { status: response.status, answer: JSON.parse(json) as Answer };
  };

  afterEach(() => {
    harness().faults.clear();
    harness().arrived.length = 0;
  });

  describe("as clients see it", () => {
    test.each(each)("%s is named, described and scoped as it should be, its input strict and explained", (_, tool) => {
      expect(tool.name).toMatch(/^[a-z][a-z0-9]*(_[a-z0-9]+)*$/);
      expect(isTaken(service, tool.name), "a name that clients take at the gateway").toBe(true);
      expect(scopes).toContain(tool.scope);
      expect(tool.title).not.toBe("");
      expect(tool.description.length).toBeGreaterThan(20);
      expect(tool.output, "an output schema").toBeDefined();
      const input = z.toJSONSchema(tool.input, { io: "input" }) as {
        additionalProperties?: unknown;
        properties?: Record<string, { description?: string }>;
      };
      expect(input.additionalProperties).toBe(false);
      for (const [name, { description }] of Object.entries(input.properties ?? {})) {
        expect(description, `a description of ${name}`).toBeTruthy();
      }
      if (tool.readOnly) expect(tool.preview).toBeUndefined();
    });

    test("no two tools have one name, and there are samples of each", () => {
      const names = tools.map(({ name }) => name);
      expect(new Set(names).size).toBe(names.length);
      expect(Object.keys(samples).toSorted()).toEqual(names.toSorted());
    });
  });

  describe("whatever it is given", () => {
    test.each(each)(
      "%s takes what fits its schema: an answer, or an error that a model can use",
      async (name, tool) => {
        await fc.assert(
          fc.asyncProperty(validInputs(tool.input), async (args) => {
            // A destructive tool is asked what it would do; what it does has tests of its own.
            const { status, answer } = await ask(name, { ...args, ...(tool.preview && { dry_run: true }) });
            expect(status).toBe(200);
            expect(answer.error).toBeUndefined();
            expect(textOf(answer.result!)).not.toContain("because of an error of its own");
          }),
          { numRuns: RUNS },
        );
      },
    );

    test.each(each)("%s refuses what does not, and the API hears nothing of it", async (name, tool) => {
      await fc.assert(
        fc.asyncProperty(invalidInputs(tool.input), async (args) => {
          harness().arrived.length = 0;
          const { status, answer } = await ask(name, args);
          expect(status).toBeLessThan(500);
          expect(answer.error ?? answer.result?.isError).toBeTruthy();
          expect(harness().arrived).toEqual([]);
        }),
        { numRuns: RUNS },
      );
    });
  });

  describe("when the API", () => {
    const failing = (status: number) => ({ failNext: { status, times: 10, retryAfterSeconds: 9 } });

    test.each(each)(
      "is in trouble, %s tells the model what is wrong and what to do, with every kind of it",
      async (name) => {
        const { faults, broker } = harness();
        const said = async () => {
          const { status, answer } = await ask(name, samples[name]!);
          expect(status).toBe(200);
          expect(answer.result?.isError, JSON.stringify(answer)).toBe(true);
          return textOf(answer.result!);
        };
        faults.set(failing(401));
        expect(await said()).toContain(`open ${broker.issuer}/auth/${service} and connect it again`);
        for (const status of [403, 404, 409, 500]) {
          faults.set({ failNext: { status, times: 10 } });
          expect(await said()).toContain(String(status));
        }
        for (const status of [429, 503]) {
          faults.set(failing(status));
          expect(await said()).toMatch(new RegExp(`${status}[^]*try again in 9 s`, "i"));
        }
        faults.set({ garbage: true });
        expect(await said()).not.toContain("because of an error of its own");
      },
    );
  });
}

/**
 * An API that takes a request and never answers, as one test of a service: every tool asks with the same client, whose
 * deadline is real time (the kit's own tests have one that is stood in for).
 *
 * @param args of a tool that only reads
 */
export function checkDeadline(name: string, args: Record<string, unknown>, harness: () => ServiceHarness): void {
  test(`when the API never answers, ${name} gives up before a client would, and says so`, async () => {
    harness().faults.set({ hang: true });
    const started = performance.now();
    const response = await post(harness().origin, await harness().token(), name, args, harness().headers);
    const text = await response.text();
    harness().faults.clear();
    expect(text).toMatch(/did not answer|too slow/);
    expect(text).toContain('"isError":true');
    // Clients of the SDK give up after 60 s.
    expect(performance.now() - started).toBeLessThan(60_000);
  }, 90_000);
}
