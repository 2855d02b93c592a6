import { expect, test } from "vitest";
import { createTestStack } from "../testing/stack.ts";

const program = (keeper: string) => `
import * as random from "@pulumi/random";
const keepers = { version: "${keeper}" };
export const password = new random.RandomPassword("password", { length: 24, minSpecial: 2, keepers }).result;
export const bytes = new random.RandomBytes("bytes", { length: 32 }).base64;
export const id = new random.RandomId("id", { byteLength: 4, prefix: "x-" }).hex;
export const uuid = new random.RandomUuid("uuid", {}).result;
export const text = new random.RandomString("text", { length: 9, special: false, upper: false }).result;
`;

test("random values are made once, are kept, are secret where they must be, and change with their keepers", async () => {
  await using stack = await createTestStack({});
  await stack.program(program("1"));
  await stack.up();
  const first = await stack.outputs();
  expect(first.password).toHaveLength(24);
  expect(Buffer.from(String(first.bytes), "base64")).toHaveLength(32);
  expect(first.id).toMatch(/^x-[0-9a-f]{8}$/);
  expect(first.uuid).toMatch(/^[0-9a-f-]{36}$/);
  expect(first.text).toMatch(/^[a-z0-9]{9}$/);

  const text = await stack.exportText();
  expect(text).toContain(String(first.uuid));
  expect(text).not.toContain(String(first.password));
  expect(text).not.toContain(String(first.bytes));

  expect(await stack.preview("--refresh")).toEqual([]);
  await stack.program(program("2"));
  const steps = await stack.preview();
  expect([...new Set(steps.map((step) => step.name))]).toEqual(["password"]);
  await stack.up();
  const second = await stack.outputs();
  expect(second.password).not.toBe(first.password);
  expect(second.bytes).toBe(first.bytes);
}, 120_000);
