import { join } from "node:path";
import { expect, test } from "vitest";
import { bundleWorker } from "./bundle.ts";

test("a bundle has zod's messages in English and in no other language", async () => {
  const { contents } = await bundleWorker(join(import.meta.dirname, "../../workers/coda"));
  const text = new TextDecoder().decode(contents);
  expect(text).toContain("Invalid input: expected ");
  expect(text).not.toContain("Ungültige Eingabe");
});
