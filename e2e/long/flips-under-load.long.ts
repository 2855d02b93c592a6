import { test } from "vitest";
import { flipsUnderLoad } from "../support/flips-under-load.ts";

test("twenty random flips, one after the other, under twenty clients of both SDKs", () =>
  flipsUnderLoad({ count: 20, atOnce: [1, 1] }));

test("sixty random flips, one or several at a time", () => flipsUnderLoad({ count: 60, atOnce: [1, 3] }));
