import { extname } from "node:path";
import { z } from "zod";
import type { AddRoutes, Call } from "./context.ts";
import { demandScope } from "./demand-scope.ts";
import { described } from "./described.ts";
import { GithubError, validationFailed } from "./error.ts";
import { type Gist, seedGists } from "./gists-state.ts";
import { bodyOf } from "./issue-edit.ts";
import { isSame } from "./store.ts";

const creation = z.object({
  description: z.string().optional(),
  public: z.union([z.boolean(), z.enum(["true", "false"])]).default(false),
  files: z.record(z.string(), z.object({ content: z.string() })),
});
const changes = z.object({
  description: z.string().optional(),
  files: z
    .record(z.string(), z.object({ content: z.string().optional(), filename: z.string().nullish() }).nullable())
    .optional(),
});

const LANGUAGES: Record<string, string> = { ".md": "Markdown", ".txt": "Text", ".ts": "TypeScript" };

/** https://docs.github.com/en/rest/gists/gists */
export const addGistRoutes: AddRoutes = (app, { store, as, editor, paged }) => {
  const state = () => store.area("gists", seedGists);
  const isMine = (c: Call, gist: Gist) => isSame(gist.owner, c.get("access").login);

  /** Who knows the id may read it; only its owner may change it. */
  const gistOf = (c: Call, level: "read" | "write" = "read"): Gist => {
    if (level === "write") demandScope(c, "gist");
    const gist = state().gists.find((each) => each.id === c.req.param("gist"));
    if (!gist || (level === "write" && !isMine(c, gist))) throw new GithubError(404, "Not Found");
    return gist;
  };

  const resource = (c: Call, gist: Gist, schema: "base-gist" | "gist-simple") => {
    const files = Object.entries(gist.files).map(([filename, content]) => [
      filename,
      {
        ...{ filename, type: "text/plain", language: LANGUAGES[extname(filename)] ?? "Text" },
        raw_url: `https://gist.githubusercontent.com/${gist.owner}/${gist.id}/raw/${encodeURIComponent(filename)}`,
        size: Buffer.byteLength(content),
        ...(schema === "gist-simple" && { truncated: false, content }),
      },
    ]);
    const url = `${c.get("base")}/gists/${gist.id}`;
    return described(schema, {
      ...{ id: gist.id, url, html_url: `https://gist.github.com/${gist.id}`, description: gist.description },
      ...{ public: gist.public, comments: 0, files: Object.fromEntries(files), owner: as(c).simpleUser(gist.owner) },
      ...{ created_at: gist.createdAt, updated_at: gist.updatedAt, user: null, truncated: false },
    });
  };

  const listed = (c: Call, of: (gist: Gist) => boolean) => {
    const since = c.req.query("since") ?? "";
    const found = state().gists.filter((each) => of(each) && each.updatedAt > since);
    return paged(c, found, (each) => resource(c, each, "base-gist"));
  };

  app.get("/gists", (c) => listed(c, (each) => isMine(c, each) && (each.public || seesSecret(c))));
  app.get("/users/:login/gists", (c) => listed(c, (each) => each.public && isSame(each.owner, c.req.param("login"))));
  app.get("/gists/:gist", (c) => c.json(resource(c, gistOf(c), "gist-simple")));

  const refuseEmpty = (files: Record<string, string>) => {
    if (Object.keys(files).length === 0 || Object.values(files).some((content) => content.trim() === "")) {
      throw validationFailed({ resource: "Gist", field: "files", code: "missing_field" });
    }
  };

  app.post("/gists", async (c) => {
    demandScope(c, "gist");
    const wanted = await bodyOf(c.req, creation);
    const files = Object.fromEntries(Object.entries(wanted.files).map(([name, { content }]) => [name, content]));
    refuseEmpty(files);
    const { login, at, nextId } = editor(c);
    const gist: Gist = {
      ...{ id: nextId().toString(16), owner: login, description: wanted.description ?? null, files },
      ...{ public: String(wanted.public) === "true", createdAt: at, updatedAt: at },
    };
    state().gists.unshift(gist);
    store.save();
    return c.json(resource(c, gist, "gist-simple"), 201);
  });

  app.patch("/gists/:gist", async (c) => {
    const gist = gistOf(c, "write");
    const { description, files: changed = {} } = await bodyOf(c.req, changes);
    const files = { ...gist.files };
    for (const [name, change] of Object.entries(changed)) {
      if (change === null) {
        if (!(name in files)) throw validationFailed({ resource: "Gist", field: "files", code: "missing" });
        delete files[name];
      } else files[name] = change.content ?? files[name] ?? "";
    }
    refuseEmpty(files);
    Object.assign(gist, { files, description: description ?? gist.description, updatedAt: editor(c).at });
    store.save();
    return c.json(resource(c, gist, "gist-simple"));
  });

  app.delete("/gists/:gist", (c) => {
    const gist = gistOf(c, "write");
    const { gists } = state();
    gists.splice(gists.indexOf(gist), 1);
    store.save();
    return c.body(null, 204);
  });
};

function seesSecret(c: Call): boolean {
  return c.get("access").scopes?.includes("gist") ?? true;
}
