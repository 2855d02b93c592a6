import { expect, test } from "vitest";
import { LONG_NOTES } from "../../../local/standins/github/releases-state.ts";
import { githubService } from "../testing/github-service.ts";

interface Release {
  id: number;
  tag: string;
  draft: boolean;
  body?: string;
  next_body_offset?: number;
}
interface Releases {
  releases: Release[];
  next_cursor?: string;
}

const { call, refusal } = githubService();
const orchard = { owner: "ada", repo: "orchard" };
const tags = ({ releases }: Releases) => releases.map(({ tag }) => tag);

test("list_releases: lists the newest first, with the beginning of their notes", async () => {
  const first = await call<Releases>("list_releases", { ...orchard, limit: 3, body_length: 101 });
  expect(tags(first)).toEqual(["v1.3", "v1.2", "v1.1"]);
  expect(first.releases[2]).toMatchObject({ body: "🍏".repeat(101), body_truncated: true });
  expect(tags(await call<Releases>("list_releases", { ...orchard, cursor: first.next_cursor, limit: 3 }))).toEqual([
    "v1.0",
  ]);
});

test("get_latest_release: skips drafts and prereleases, and gives long notes in parts", async () => {
  // A character of two units is not cut in two.
  const first = await call<Release>("get_latest_release", { ...orchard, body_length: 1001 });
  expect(first.next_body_offset).toBe(1000);
  expect(first).toMatchObject({ tag: "v1.1", assets: [{ name: "orchard.tar.gz", size: 2048, downloads: 7 }] });
  const rest = await call<Release>("get_latest_release", { ...orchard, body_offset: first.next_body_offset });
  expect(first.body! + rest.body!).toBe("🍏".repeat(LONG_NOTES / 2));
  expect(rest).not.toHaveProperty("next_body_offset");
});

test("get_release_by_tag: finds what is published, and nothing else", async () => {
  expect(await call("get_release_by_tag", { ...orchard, tag: "v1.0" })).toMatchObject({ id: 400, name: "Version 1.0" });
  expect(await refusal("get_release_by_tag", { ...orchard, tag: "v1.3" })).toMatch(/^GitHub answered 404/);
  expect(await refusal("get_release_by_tag", { ...orchard, tag: ".." })).toContain("tag");
});

test("create_release: makes a release that get_release_by_tag finds, once", async () => {
  const args = { ...orchard, tag: "v2/beta", name: "Two", body: "Counts pears.", target: "next", prerelease: true };
  const made = await call<Release>("create_release", { ...args, generate_notes: true, latest: false });
  const found = await call<Release>("get_release_by_tag", { ...orchard, tag: "v2/beta" });
  expect(found).toEqual(made);
  expect(found.body).toBe("Counts pears.\n\n**Full Changelog**: https://github.com/ada/orchard/commits/v2/beta");
  expect(await refusal("create_release", args)).toMatch(
    /^GitHub answered 422: Validation Failed: tag_name already exists/,
  );
});

test("update_release: changes what is given and publishes a draft", async () => {
  const change = { ...orchard, release_id: 403, draft: false, name: "Three", latest: true };
  expect(await call("update_release", change)).toMatchObject({ draft: false, name: "Three" });
  expect(await call("get_latest_release", orchard)).toMatchObject({ id: 403, name: "Three", tag: "v1.3" });
  expect(await refusal("update_release", { ...orchard, release_id: 403 })).toMatch(/^Nothing to change was given/);
});

test("delete_release: says what it would delete, and deletes it", async () => {
  const release = { ...orchard, release_id: 402 };
  expect(await call("delete_release", { ...release, dry_run: true })).toEqual({
    would: "Deletes the release Version 1.2 of the tag v1.2 and its 1 files; the tag stays.",
  });
  expect(tags(await call<Releases>("list_releases", orchard))).toContain("v1.2");
  expect(await call("delete_release", release)).toEqual({ release_id: 402, deleted: true });
  expect(tags(await call<Releases>("list_releases", orchard))).not.toContain("v1.2");
});
