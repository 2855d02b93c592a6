import { test } from "vitest";
import { flipsUnderLoad } from "./support/flips-under-load.ts";

test(
  "twenty random flips under twenty clients of both SDKs: no call fails, nobody signs in anew, nothing is lost or doubled",
  () => flipsUnderLoad({ count: 20, atOnce: [2, 3] }),
  900_000,
);
