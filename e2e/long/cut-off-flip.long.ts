import type { Placement } from "@hybrid-mcp/catalogue";
import { afterEach, describe, expect, test } from "vitest";
import { placementOf } from "../../local/cli/stack.ts";
import { eventsOf } from "../../local/cli/update.ts";
import { startCaller } from "../support/callers.ts";
import { type CutOff, cutOff } from "../support/cut-off.ts";
import { stepsOf } from "../support/engine-steps.ts";
import { killEverywhere, recordFlips } from "../support/killed-flips.ts";
import { remains } from "../support/remains.ts";
import { ONLY_CODA, TestStack } from "../support/test-stack.ts";

/** Flips that are cut off at every step: what takes longer than the one in `killed-flip.test.ts`. */

const HOURS = 3 * 3_600_000;
let stack: TestStack | undefined;
afterEach(() => stack?.destroy());

test(
  "killed at any step of a flip with which the droplet comes, or goes",
  async () => {
    const side = await recordFlips(ONLY_CODA);
    stack = side.stack;
    await killEverywhere([side], { droplet: ["cloudflared running", "coda running"], workers: [] });
  },
  HOURS,
);

const SERVICES = ["coda", "firecrawl"] as const;
const HOME: Record<Placement, Record<(typeof SERVICES)[number], Placement>> = {
  /** Where each is before. */
  workers: { coda: "workers", firecrawl: "droplet" },
  /** Where the flip leads. */
  droplet: { coda: "droplet", firecrawl: "workers" },
};
const words = (where: Record<string, Placement>) => SERVICES.flatMap((service) => [service, where[service]!]);

describe.each<CutOff>(["interrupt", "interrupt twice", "kill"])("%s", (how) => {
  test(
    "at any step of a flip of two services in opposite directions",
    async () => {
      stack = await TestStack.create({ "services.github.enabled": false, "cutover.confirmSeconds": 0.3 });
      const one = stack;
      await one.must("up");
      const tokens = { coda: await one.token("coda"), firecrawl: await one.token("firecrawl") };
      const call = {
        coda: { name: "list_docs", arguments: {} },
        firecrawl: { name: "scrape", arguments: { url: `${one.standInsUrl}/firecrawl/site/` } },
      };
      await one.must("flip", ...words(HOME.droplet));
      const steps = stepsOf(eventsOf(one.stack));
      await one.must("flip", ...words(HOME.workers));

      const start = performance.now();
      let [calls, moved] = [0, 0];
      for (const step of steps) {
        const at = `${how} at "${step}"\n`;
        const callers = SERVICES.map((service) => {
          const url = `${one.stack.publicUrl(service)}/mcp`;
          return startCaller({ url, token: tokens[service], rate: 10, call: call[service] });
        });
        const { result } = await cutOff(one, how, step, ["flip", ...words(HOME.droplet)]);
        const told = at + (result?.output ?? "");
        await one.must("up");
        for (const caller of callers) {
          const traffic = await caller.stop();
          expect(traffic.failures, told + one.cloudLog).toEqual([]);
          calls += traffic.calls;
        }
        const containers = ["cloudflared running"];
        for (const service of SERVICES) {
          const placement = placementOf(one.stack, service);
          const { headers } = await fetch(`${one.stack.publicUrl(service)}/health`);
          expect(headers.get("x-served-by"), told).toBe(placement);
          // What the command said of each is so.
          const title = { coda: "Coda", firecrawl: "Firecrawl" }[service];
          const isMoved = placement === HOME.droplet[service];
          if (isMoved) moved++;
          if (result) {
            expect(told).toMatch(isMoved ? `${title} runs on ${placement}.` : `${title} was not moved to`);
          } else expect(isMoved, told).toBe(true);
          if (placement === "droplet") containers.push(`${service} running`);
        }
        const there = containers.length > 1 ? containers.sort() : [];
        expect(await remains(one), told).toEqual({ containers: there, networks: there.length > 0 ? 1 : 0, runs: [] });
        expect((await one.must("up")).output, told).not.toMatch(/\d+ (created|updated|replaced|deleted)/);
        await one.must("flip", ...words(HOME.workers));
      }
      const seconds = ((performance.now() - start) / 1000).toFixed(0);
      process.stdout.write(
        `${how} at each of ${steps.length} steps of two flips: ${calls} calls, 0 failed, ${moved} of ${2 * steps.length} flips done, ${seconds} s\n`,
      );
    },
    HOURS,
  );
});
