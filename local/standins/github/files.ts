import { commitSha, type Signature, type Tree } from "./git-object.ts";

/** A branch or tag: a name for a commit. */
export interface Ref {
  name: string;
  kind: "branch" | "tag";
  sha: string;
  tree: Tree;
  message: string;
  parents: string[];
  author: Signature;
}

/** Who made the commits that are there from the start, and when the first was made. */
const ADA = { name: "Ada Lovelace", email: "ada@example.com" };
const FIRST = Date.UTC(2026, 0, 5, 9);

/** The seeded file that is too large for the JSON form of the contents API (limit 1 MB): 60 000 lines. */
export const LARGE_FILE = { path: "data/readings.csv", lines: 60_000 };

const text = (content: string) => ({ type: "file", content: Buffer.from(content) }) as const;

const README = `# Orchard

Counts apples, tree by tree. Écoute, žluťoučký, 果樹園 🍎: names in any language.

## Use

    orchard count --tree 7
`;

const COUNT = `/** How many apples hang on a tree. */
export function count(tree: { apples: unknown[] }): number {
  return tree.apples.length;
}
`;

/** The smallest PNG: one transparent pixel. */
const PIXEL = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==",
  "base64",
);

const orchardMain: Tree = new Map([
  ["README.md", text(README)],
  ["LICENSE", text("Apache License 2.0\n")],
  ["READ_ME", { type: "symlink", target: "README.md" }],
  [LARGE_FILE.path, { type: "file", content: readings() }],
  ["data/latest", { type: "symlink", target: "../../elsewhere/readings.csv" }],
  ["docs/guide.md", text("# Guide\n\nPick, count, repeat.\n")],
  ["docs/long.md", text(longPage())],
  ["docs/logo.png", { type: "file", content: PIXEL }],
  ["docs/empty.md", text("")],
  ["docs/spaces and #signs?.md", text("A name that has to be encoded.\n")],
  ["src/count.ts", text(COUNT)],
  ["src/index.ts", text('export { count } from "./count.ts";\n')],
  [
    "vendor/ladder",
    {
      type: "submodule",
      url: "https://git.example.com/tools/ladder.git",
      commit: "5bb43f8fdbd9a1a2a8b4b2d2b4a43d4d2d77f2d1",
    },
  ],
]);

const orchardNext: Tree = new Map([
  ...orchardMain,
  ["src/weigh.ts", text("export const weigh = (apples: number[]) => apples.reduce((a, b) => a + b, 0);\n")],
]);

const ledgerMain: Tree = new Map([
  ["README.md", text("# Ledger\n\nWho owes whom how many apples. Private.\n")],
  ["2026.csv", text("who,whom,apples\nada,grace,3\n")],
]);

/** Numbers of the pull requests that are there from the start; each has a branch of its own. */
export const SEEDED_PULLS = [16, 32, 48, 64];

const main = ref("main", "branch", orchardMain, "Seed");

/** The refs of each seeded repository, by its full name; the first is the default branch. */
export const refsOf: Record<string, Ref[]> = {
  "ada/orchard": [
    main,
    ref("next", "branch", orchardNext, "Weigh apples", main),
    { ...main, name: "v1.0", kind: "tag" },
    ...SEEDED_PULLS.map((number) => {
      const tree = new Map([...orchardMain, [`docs/topic-${number}.md`, text(`# Topic ${number}\n`)]]) as Tree;
      return ref(`topic-${number}`, "branch", tree, `Write about topic ${number}`, main);
    }),
  ],
  "ada/ledger": [ref("main", "branch", ledgerMain, "Seed")],
};

function ref(name: string, kind: Ref["kind"], tree: Tree, message: string, parent?: Ref): Ref {
  const author = { ...ADA, date: new Date(FIRST + (parent ? 3_600_000 : 0)).toISOString().replace(".000Z", "Z") };
  const parents = parent ? [parent.sha] : [];
  return {
    ...{ name, kind, tree, message, parents, author },
    sha: commitSha(tree, parents, message, { author, committer: author }),
  };
}

function readings(): Buffer {
  const lines = Array.from(
    { length: LARGE_FILE.lines },
    (_, index) => `tree-${String(index % 97).padStart(3, "0")},${1_767_603_600 + index * 60},${(index * 37) % 211}`,
  );
  return Buffer.from(`${lines.join("\n")}\n`);
}

/** A little over 100 KB, each line with a character of more than one byte. */
function longPage(): string {
  return Array.from({ length: 2000 }, (_, index) => `Line ${index + 1}: the apples of row ${index % 40} are ripe 🍏.\n`)
    .join("")
    .concat("The end.\n");
}
