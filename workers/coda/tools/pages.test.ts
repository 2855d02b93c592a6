import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { call, type McpClient, refusal } from "../../oauth-broker/testing/service-client.ts";
import { codaHarness, DOC } from "../testing/coda-harness.ts";

interface Edited {
  id: string;
  applied: boolean;
}
interface Read {
  content: string;
  characters: number;
  next_cursor?: string;
}

const harness = codaHarness({ mutationDelayMs: 50 });
let client: McpClient;
beforeAll(async () => {
  client = await harness().client();
});
afterEach(() => harness().faults.clear());

const read = (page: string, args: object = {}) => call<Read>(client, "read_page", { doc: DOC, page, ...args });
const getPage = (page: string) => call<Record<string, unknown>>(client, "get_page", { doc: DOC, page });
const create = (args: object) => call<Edited>(client, "create_page", { doc: DOC, ...args });

describe("the pages of a doc", () => {
  test("list_pages: lists them with what is below what, page by page", async () => {
    const list = (args: object) =>
      call<{ pages: { name: string }[]; next_cursor?: string }>(client, "list_pages", { doc: DOC, ...args });
    const first = await list({ limit: 2 });
    expect(first.pages).toMatchObject([
      { id: "canvas-Overview01", name: "Overview", kind: "canvas", hidden: false },
      { id: "canvas-TasksPg002", name: "Task list", parent: "canvas-Overview01" },
    ]);
    expect((await list({ limit: 2, cursor: first.next_cursor })).pages[0]).toMatchObject({ name: "Team" });
    expect(await refusal(client, "list_pages", { doc: "none" })).toMatch(/^Coda answered 404/);
  });

  test("get_page: takes an id or a name, and tells subpages and authors", async () => {
    const page = await getPage("Overview");
    expect(page).toMatchObject({
      id: "canvas-Overview01",
      subtitle: "What the team works on",
      subpages: [{ id: "canvas-TasksPg002", name: "Task list" }],
      authors: ["ada@example.com"],
    });
    expect(await getPage("canvas-Overview01")).toEqual(page);
    expect(await refusal(client, "get_page", { doc: DOC, page: "none" })).toMatch(/^Coda answered 404/);
  });

  test("create_page: makes a page with content, below another that is named, and read_page reads it", async () => {
    const made = await create({
      name: "Plans",
      subtitle: "For spring",
      icon: "rocket",
      image: "https://example.com/cover.png",
      parent: "Team",
      content: "# Spring\n\n- Paint\n- Plant",
    });
    expect(made.applied).toBe(true);
    expect(await getPage(made.id)).toMatchObject({
      name: "Plans",
      parent: "canvas-TeamPage03",
      icon: "rocket",
      image: "https://example.com/cover.png",
    });
    expect((await read(made.id)).content).toBe("# Spring\n\n- Paint\n- Plant");
    expect(await refusal(client, "create_page", { doc: DOC, name: "x", parent: "none" })).toMatch(/^Coda answered 404/);
  });

  test("create_page: takes HTML, or the address of a site, but not both", async () => {
    const { id } = await create({ name: "Web", content: "<h2>News</h2><p>Good <b>news</b></p>", format: "html" });
    expect((await read(id)).content).toBe("## News\n\nGood **news**");
    const site = await create({ name: "Site", embed_url: "https://example.com/" });
    expect(await getPage(site.id)).toMatchObject({ kind: "embed" });
    expect(await refusal(client, "read_page", { doc: DOC, page: site.id })).toMatch(/^Coda answered 400: .*no content/);
    const both = { doc: DOC, name: "x", content: "x", embed_url: "https://example.com/" };
    expect(await refusal(client, "create_page", both)).toMatch(/either content or embed_url/);
    expect(await refusal(client, "create_page", { doc: DOC, name: "x", embed_url: "http://example.com/" })).toMatch(
      /embed_url/,
    );
  });

  test("update_page: renames it, hides it, and wants something to change", async () => {
    const { id } = await create({ name: "Draft" });
    const changes = { name: "Final", subtitle: "Really", icon: "star", hidden: true };
    expect(await call(client, "update_page", { doc: DOC, page: "Draft", ...changes })).toMatchObject({
      id,
      applied: true,
    });
    expect(await getPage("Final")).toMatchObject({ id, subtitle: "Really", icon: "star", hidden: true });
    expect(await refusal(client, "update_page", { doc: DOC, page: "Final" })).toMatch(/needs something to change/);
  });

  test("duplicate_page: makes a page with the same text beside it, and leaves the other as it is", async () => {
    const { id } = await create({ name: "Recipe", subtitle: "Of cake", parent: "Team", content: "Flour, **eggs**." });
    const copy = await call<Edited>(client, "duplicate_page", { doc: DOC, page: "Recipe" });
    expect(copy).toMatchObject({ name: "Copy of Recipe", applied: true });
    expect(await getPage(copy.id)).toMatchObject({ parent: "canvas-TeamPage03", subtitle: "Of cake" });
    expect((await read(copy.id)).content).toBe("Flour, **eggs**.");
    expect((await read(id)).content).toBe("Flour, **eggs**.");
    const moved = { doc: DOC, page: id, name: "Recipe two", parent: "Overview" };
    const { id: other } = await call<Edited>(client, "duplicate_page", moved);
    expect(await getPage(other)).toMatchObject({ name: "Recipe two", parent: "canvas-Overview01" });
  });

  test("delete_page: names its subpages in a dry run, and then deletes them with it", async () => {
    const { id } = await create({ name: "Attic" });
    const below = await create({ name: "Box", parent: id });
    expect(await call(client, "delete_page", { doc: DOC, page: "Attic", dry_run: true })).toEqual({
      would: 'Deletes the page "Attic" with its 1 subpages ("Box"), and the tables on them.',
    });
    expect(await getPage(below.id)).toMatchObject({ name: "Box" });
    expect(await call(client, "delete_page", { doc: DOC, page: "Attic" })).toMatchObject({ id, applied: true });
    for (const page of [id, below.id]) {
      expect(await refusal(client, "get_page", { doc: DOC, page })).toMatch(/^Coda answered 404/);
    }
  });
});

describe("the content of a page", () => {
  test("read_page: gives Markdown or HTML, telling the progress of the export", async () => {
    const told: string[] = [];
    const { content, characters, next_cursor } = await call<Read>(
      client,
      "read_page",
      { doc: DOC, page: "Overview" },
      ({ message }) => void told.push(message!),
    );
    expect(content).toMatch(/^# Where things are\n\nThe team plans its work here\./);
    expect([characters, next_cursor]).toEqual([content.length, undefined]);
    expect(told[0]).toBe("Coda is exporting the page");
    const html = await read("Overview", { format: "html" });
    expect(html.content).toContain("<h1>Where things are</h1>");
    expect(html.content).toContain('<a href="https://example.com/guide">the guide</a>');
  });

  test("read_page: reads a long page in parts that make up the whole, though it is written to meanwhile", async () => {
    const line = (index: number) => `Line ${index} of many, with a 🚀 in it`;
    const text = Array.from({ length: 400 }, (_, index) => line(index)).join("\n");
    const { id } = await create({ name: "Long", content: text });
    const parts: string[] = [];
    let cursor: string | undefined;
    do {
      const part = await read(id, { limit: 4000, cursor });
      expect(part.content.length).toBeLessThanOrEqual(4000);
      expect(part.characters).toBe(text.length);
      parts.push(part.content);
      cursor = part.next_cursor;
      if (parts.length === 1) await call(client, "append_to_page", { doc: DOC, page: id, content: "Too late." });
    } while (cursor);
    expect(parts.length).toBeGreaterThan(2);
    expect(parts.join("")).toBe(text);
    expect(parts.slice(0, -1).every((part) => part.endsWith("\n"))).toBe(true);
  });

  test("read_page: says what to do with a cursor whose export is not there any more", async () => {
    const args = { doc: DOC, page: "Team", cursor: "10:gone" };
    expect(await refusal(client, "read_page", args)).toMatch(/Read the page again, without a cursor/);
    for (const cursor of ["x", "10:..", "10:", "-1:abc"]) {
      expect(await refusal(client, "read_page", { ...args, cursor })).toMatch(/cursor/);
    }
  });

  test("peek_page: gives the first lines, cut where they are long, and whether there is more", async () => {
    const peek = (page: string, args: object = {}) =>
      call<{ content: string; more: boolean }>(client, "peek_page", { doc: DOC, page, ...args });
    expect(await peek("Overview", { lines: 2 })).toMatchObject({
      content: "# Where things are\nThe team plans its work here.",
      more: true,
    });
    expect(await peek("Team")).toMatchObject({ more: false });
    const { id } = await create({ name: "One line", content: "x".repeat(2000) });
    const { content, more } = await peek(id);
    expect([content, more]).toEqual([`${"x".repeat(500)}…`, true]);
  });

  test("append_to_page: adds at the end, and what was there stays", async () => {
    const { id } = await create({ name: "Log", content: "First." });
    expect(await call(client, "append_to_page", { doc: DOC, page: "Log", content: "Second." })).toMatchObject({
      id,
      applied: true,
    });
    const html = { content: "<p>Third <i>time</i></p>", format: "html" };
    await call(client, "append_to_page", { doc: DOC, page: "Log", ...html });
    expect((await read(id)).content).toBe("First.\n\nSecond.\n\nThird *time*");
  });

  test("append_to_page: is not tried again when it may have been done", async () => {
    const { id } = await create({ name: "Once", content: "First." });
    harness().faults.set({ failNext: { status: 503, times: 1 } });
    expect(await refusal(client, "append_to_page", { doc: DOC, page: id, content: "Second." })).toMatch(
      /may have been appended all the same: look with read_page/,
    );
    expect((await read(id)).content).toBe("First.");
  });

  test("replace_page_content: says in a dry run what it takes away, and then only the new content is there", async () => {
    const { id } = await create({ name: "Notice", content: "Old words." });
    const args = { doc: DOC, page: id, content: "New words." };
    const { would } = await call<{ would: string }>(client, "replace_page_content", { ...args, dry_run: true });
    expect(would).toMatch(
      /^Takes away everything that is on the page "Notice".* and puts 10 characters of markdown there\.$/,
    );
    expect((await read(id)).content).toBe("Old words.");
    expect(await call(client, "replace_page_content", args)).toMatchObject({ id, applied: true });
    expect((await read(id)).content).toBe("New words.");
  });
});
