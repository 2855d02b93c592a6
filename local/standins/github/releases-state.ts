/** A release; its tag is there as soon as it is no draft. */
export interface Release {
  id: number;
  tag: string;
  target: string;
  name: string | null;
  body: string | null;
  draft: boolean;
  prerelease: boolean;
  author: string;
  createdAt: string;
  publishedAt: string | null;
  assets: { id: number; name: string; size: number; downloads: number }[];
}

/** The length of the notes of the seeded release that has long ones, in characters. */
export const LONG_NOTES = 30_000;

/** What the repositories have from the start, by full name: newest first. */
export function seedReleases(): Record<string, Release[]> {
  const release = (number: number, more: Partial<Release>): Release => ({
    id: 400 + number,
    tag: `v1.${number}`,
    target: "main",
    name: `Version 1.${number}`,
    body: `Counts ${number} more kinds of apples.`,
    draft: false,
    prerelease: false,
    author: "ada",
    createdAt: `2026-01-0${number + 1}T10:00:00Z`,
    publishedAt: `2026-01-0${number + 1}T11:00:00Z`,
    assets: [{ id: 450 + number, name: "orchard.tar.gz", size: 2048, downloads: 7 }],
    ...more,
  });
  return {
    "ada/orchard": [
      release(3, { draft: true, publishedAt: null, assets: [] }),
      release(2, { prerelease: true }),
      release(1, { body: "🍏".repeat(LONG_NOTES / 2) }),
      release(0, {}),
    ],
  };
}
