import { afterAll, beforeAll, test } from "vitest";
import { killEverywhere, recordFlips, type Side } from "./support/killed-flips.ts";

/**
 * A flip of the hybrid stack, with Firecrawl on its droplet, is killed (`kill -9`, with its engine) at every step of it, as the
 * engine's own event log tells them, and `up` is run again: it goes on to where the flip was to lead, nothing is left over, and
 * no call fails. (What comes and goes with a droplet: `long/cut-off-flip.long.ts`.)
 */

let sides: Side[];

beforeAll(async () => {
  const flags = { "services.github.enabled": false };
  sides = await Promise.all([recordFlips(flags), recordFlips(flags)]);
});
afterAll(() => Promise.all(sides?.map(({ stack }) => stack.destroy()) ?? []));

test("killed at any step, in each direction, a flip is gone on with by the next up, and no call fails", async () => {
  await killEverywhere(sides, {
    droplet: ["cloudflared running", "coda running", "firecrawl running"],
    workers: ["cloudflared running", "firecrawl running"],
  });
}, 1_800_000);
