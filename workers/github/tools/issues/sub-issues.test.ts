import { expect, test } from "vitest";
import { githubService } from "../../testing/github-service.ts";

const ORCHARD = { owner: "ada", repo: "orchard" };

const { call, refusal } = githubService();
const idOf = async (number: number) => (await call<{ id: number }>("get_issue", { ...ORCHARD, number })).id;
const children = async (number: number) => {
  const { sub_issues } = await call<{ sub_issues: { number: number }[] }>("list_sub_issues", { ...ORCHARD, number });
  return sub_issues.map((each) => each.number);
};
const add = async (number: number, child: number, args: object = {}) =>
  call("add_sub_issue", { ...ORCHARD, number, sub_issue_id: await idOf(child), ...args });

test("add_sub_issue: under one parent, from another only when it is asked for", async () => {
  expect(await add(1, 2)).toMatchObject({ number: 1 });
  expect(await children(1)).toEqual([2]);
  const again = { ...ORCHARD, number: 3, sub_issue_id: await idOf(2) };
  expect(await refusal("add_sub_issue", again)).toContain("Sub issue may only have one parent");
  await add(3, 2, { replace_parent: true });
  expect([await children(1), await children(3)]).toEqual([[], [2]]);
});

test("list_sub_issues: in their order, page by page", async () => {
  for (const child of [6, 7, 8]) await add(5, child);
  const page = await call<{ next_cursor: string }>("list_sub_issues", { ...ORCHARD, number: 5, limit: 2 });
  const rest = { ...ORCHARD, number: 5, limit: 2, cursor: page.next_cursor };
  expect(await call("list_sub_issues", rest)).toMatchObject({ sub_issues: [{ number: 8 }] });
});

test("reprioritize_sub_issue: moves behind or before another", async () => {
  for (const child of [11, 12, 13]) await add(10, child);
  const move = async (args: object) => call("reprioritize_sub_issue", { ...ORCHARD, number: 10, ...args });
  await move({ sub_issue_id: await idOf(11), after_id: await idOf(13) });
  expect(await children(10)).toEqual([12, 13, 11]);
  await move({ sub_issue_id: await idOf(11), before_id: await idOf(12) });
  expect(await children(10)).toEqual([11, 12, 13]);
  const neither = { ...ORCHARD, number: 10, sub_issue_id: await idOf(11) };
  expect(await refusal("reprioritize_sub_issue", neither)).toBe("Give either after_id or before_id.");
});

test("remove_sub_issue: takes it away, and the issue stays", async () => {
  await add(20, 21);
  const child = { ...ORCHARD, number: 20, sub_issue_id: await idOf(21) };
  await call("remove_sub_issue", child);
  expect(await children(20)).toEqual([]);
  expect(await idOf(21)).toBe(child.sub_issue_id);
  expect(await refusal("remove_sub_issue", child)).toMatch(/^GitHub answered 404/);
});
