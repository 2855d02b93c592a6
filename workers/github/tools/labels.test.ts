import { expect, test } from "vitest";
import { githubService } from "../testing/github-service.ts";

const ORCHARD = { owner: "ada", repo: "orchard" };

const { call, refusal } = githubService();

test("list_labels: goes through them by its cursor", async () => {
  const first = await call<{ labels: object[]; next_cursor: string }>("list_labels", { ...ORCHARD, limit: 5 });
  expect(first.labels[0]).toEqual({ name: "bug", color: "d73a4a", description: "Something isn't working" });
  const rest = { ...ORCHARD, limit: 5, cursor: first.next_cursor };
  expect((await call<{ labels: object[] }>("list_labels", rest)).labels).toHaveLength(4);
});

test("get_label: finds a name with spaces in it", async () => {
  const label = await call("get_label", { ...ORCHARD, name: "good first issue" });
  expect(label).toMatchObject({ name: "good first issue", color: "7057ff" });
  expect(await refusal("get_label", { ...ORCHARD, name: "no such" })).toMatch(/^GitHub answered 404/);
  expect(await refusal("get_label", { ...ORCHARD, name: ".." })).toContain("must be a label's name");
});

test("create_label: can be read then, and there is only one of a name", async () => {
  const ripe = { ...ORCHARD, name: "ripe/soon?", color: "00ff00", description: "Next week" };
  await call("create_label", ripe);
  expect(await call("get_label", { ...ORCHARD, name: "ripe/soon?" })).toEqual({
    ...{ name: "ripe/soon?", color: "00ff00", description: "Next week" },
  });
  expect(await refusal("create_label", ripe)).toContain("already exists");
});

test("update_label: changes its name on the issues too", async () => {
  await call("create_label", { ...ORCHARD, name: "unripe" });
  await call("update_issue", { ...ORCHARD, number: 1, labels: ["unripe"] });
  await call("update_label", { ...ORCHARD, name: "unripe", new_name: "green", color: "00ff00" });
  expect(await call("get_issue", { ...ORCHARD, number: 1 })).toMatchObject({ labels: ["green"] });
  expect(await refusal("update_label", { ...ORCHARD, name: "green" })).toContain("name at least one thing");
});

test("delete_label: says what happens, and takes it off the issues", async () => {
  await call("create_label", { ...ORCHARD, name: "rotten" });
  await call("update_issue", { ...ORCHARD, number: 2, labels: ["bug", "rotten"] });
  const rotten = { ...ORCHARD, name: "rotten" };
  expect(await call("delete_label", { ...rotten, dry_run: true })).toEqual({
    would: "Deletes the label rotten of ada/orchard, and takes it off all issues that have it.",
  });
  expect(await call("get_issue", { ...ORCHARD, number: 2 })).toMatchObject({ labels: ["bug", "rotten"] });
  await call("delete_label", rotten);
  expect(await call("get_issue", { ...ORCHARD, number: 2 })).toMatchObject({ labels: ["bug"] });
  expect(await refusal("delete_label", { ...rotten, dry_run: true })).toMatch(/^GitHub answered 404/);
});
