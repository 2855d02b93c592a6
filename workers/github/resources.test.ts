import { Client } from "@modelcontextprotocol/client";
import { expect, test } from "vitest";
import { LARGE_FILE } from "../../local/standins/github/files.ts";
import { githubService } from "./testing/github-service.ts";

/** With the toolsets that a client gets which asks for nothing. */
const { harness, call } = githubService({ headers: {} });
const client = async () => {
  const connected = await harness().client();
  if (!(connected instanceof Client)) throw new Error("the v2 SDK's client is the default");
  return connected;
};
const at = (path: string) => `github://repos/ada/orchard/contents/${path}`;
const read = async (uri: string) => {
  const { contents } = await (await client()).readResource({ uri });
  return contents;
};

test("a file of a repository can be read by its URI, as the tools left it", async () => {
  const { resourceTemplates } = await (await client()).listResourceTemplates();
  expect(resourceTemplates).toMatchObject([
    { name: "repository_file", uriTemplate: "github://repos/{owner}/{repo}/contents/{+path}", mimeType: "text/plain" },
  ]);
  const [readme] = await read(at("README.md"));
  expect(readme).toMatchObject({ uri: at("README.md"), text: expect.stringContaining("果樹園 🍎") });
  const odd = at("docs/spaces%20and%20%23signs%3F.md");
  expect(await read(odd)).toMatchObject([{ text: "A name that has to be encoded.\n" }]);
  const file = { owner: "ada", repo: "orchard", path: "src/new.ts", content: "export {};\n", message: "New" };
  await call("create_or_update_file", file);
  expect(await read(at("src/new.ts"))).toMatchObject([{ text: "export {};\n" }]);
});

test("what is no text file of that size is told", async () => {
  await expect(read(at("no/such.md"))).rejects.toThrow(/GitHub answered 404/);
  await expect(read(at("docs/logo.png"))).rejects.toThrow(/docs\/logo\.png is not text/);
  await expect(read(at(LARGE_FILE.path))).rejects.toThrow(/get_file_contents reads it in parts/);
});

test.each(["..%2F..%2Fuser", "a%2F..%2F..%2Fb", "%2E%2E/%2E%2E/user"])(
  "a URI that leads elsewhere never reaches GitHub: %s",
  async (path) => {
    const before = harness().arrived.length;
    await expect(read(at(path))).rejects.toThrow();
    expect(harness().arrived).toHaveLength(before);
  },
);

test("the prompts and the instructions name tools that there are for every client", async () => {
  const connected = await client();
  const { prompts } = await connected.listPrompts();
  expect(prompts.map(({ name }) => name)).toEqual(["review_pull_request", "triage_issues"]);
  const review = { name: "review_pull_request", arguments: { repository: "ada/orchard", number: "16" } };
  const { messages } = await connected.getPrompt(review);
  const { text } = messages[0]!.content as { text: string };
  expect(text).toContain("Review pull request #16 of the GitHub repository ada/orchard");
  const { tools } = await connected.listTools();
  const known = new Set(tools.map(({ name }) => name));
  const named = (text: string) => [...text.matchAll(/\b[a-z]+(?:_[a-z]+)+\b/g)].map(([word]) => word);
  const others = ["next_cursor", "next_offset", "next_body_offset", "dry_run"];
  for (const tool of named(connected.getInstructions() ?? "")) expect([...known, ...others]).toContain(tool);
  for (const { name, arguments: args = [] } of prompts) {
    const given = Object.fromEntries(args.map((each) => [each.name, "1"]));
    const said = (await connected.getPrompt({ name, arguments: given })).messages[0]!.content as { text: string };
    for (const tool of named(said.text)) expect(known).toContain(tool);
  }
});
