import { afterAll, beforeAll, expect, test } from "vitest";
import { FirecrawlHarness } from "./testing/firecrawl-harness.ts";
import { tools } from "./tools.ts";

let firecrawl: FirecrawlHarness;
beforeAll(async () => {
  firecrawl = await FirecrawlHarness.start();
});
afterAll(() => firecrawl?.close());

const text = async (name: string, args: Record<string, string>) => {
  const { messages } = await firecrawl.client.getPrompt({ name, arguments: args });
  return (messages[0]!.content as { text: string }).text;
};

test("prompts say what the person wants, and name only tools that there are", async () => {
  const { prompts } = await firecrawl.client.listPrompts();
  expect(prompts.map(({ name }) => name)).toEqual(["answer_from_the_web", "read_site"]);
  const question = await text("answer_from_the_web", { question: "How high is the tide?" });
  expect(question).toContain("How high is the tide?");
  const site = await text("read_site", { url: "https://example.com/", topic: "berths" });
  expect(site).toMatch(/https:\/\/example\.com\/ says about: berths/);
  const names = tools.map(({ name }) => name as string);
  for (const word of `${question} ${site}`.match(/\b[a-z]+(?:_[a-z]+)+\b/g)!)
    expect([...names, "next_cursor", "wait_seconds"]).toContain(word);
});

test("descriptions and instructions name only tools and fields that there are", () => {
  const known = new Set<string>(tools.map(({ name }) => name));
  const fields = new Set(
    tools.flatMap(({ input, output }) => [...Object.keys(input.shape), ...Object.keys(output.shape)]),
  );
  for (const { name, description } of tools) {
    const words = description.match(/\b[a-z]+(?:_[a-z]+)+\b/g) ?? [];
    for (const word of words) expect(known.has(word) || fields.has(word), `${word} in ${name}`).toBe(true);
  }
});
