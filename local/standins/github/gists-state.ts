export interface Gist {
  id: string;
  owner: string;
  description: string | null;
  public: boolean;
  /** Texts by the files' names. */
  files: Record<string, string>;
  createdAt: string;
  updatedAt: string;
}

/** What people have from the start: newest first. */
export function seedGists(): { gists: Gist[] } {
  const gist = (id: string, more: Partial<Gist>): Gist => ({
    id,
    owner: "ada",
    description: "Kinds of apples",
    public: true,
    files: { "kinds.md": "# Kinds\n\nBoskoop, Elstar, 紅玉\n" },
    createdAt: "2026-01-10T10:00:00Z",
    updatedAt: "2026-01-11T10:00:00Z",
    ...more,
  });
  const lines = Array.from({ length: 3000 }, (_, index) => `tree ${index + 1}: ${(index * 37) % 211} apples 🍏\n`);
  return {
    gists: [
      gist("aa11", {
        public: false,
        description: null,
        files: { "long.txt": lines.join(""), "short.txt": "Short.\n" },
      }),
      gist("bb22", {}),
      gist("cc33", { owner: "grace", description: "Of grace" }),
      gist("dd44", { owner: "grace", public: false }),
    ],
  };
}
