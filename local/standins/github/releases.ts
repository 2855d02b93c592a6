import { z } from "zod";
import { mayPush } from "./access.ts";
import type { AddRoutes, Call } from "./context.ts";
import { demandPush } from "./demand-scope.ts";
import { described } from "./described.ts";
import { GithubError, validationFailed } from "./error.ts";
import { bodyOf } from "./issue-edit.ts";
import { type Release, seedReleases } from "./releases-state.ts";

const changes = z.object({
  tag_name: z.string().min(1).optional(),
  target_commitish: z.string().optional(),
  name: z.string().optional(),
  body: z.string().optional(),
  draft: z.boolean().optional(),
  prerelease: z.boolean().optional(),
  make_latest: z.enum(["true", "false", "legacy"]).optional(),
});
const creation = changes.extend({ tag_name: z.string().min(1), generate_release_notes: z.boolean().optional() });

/** https://docs.github.com/en/rest/releases/releases */
export const addReleaseRoutes: AddRoutes = (app, { store, as, editor, paged, repositoryOf }) => {
  const stateOf = (c: Call, level: "read" | "write" = "read") => {
    const repository = repositoryOf(c, "contents", level);
    if (level === "write") demandPush(c, repository);
    const all = store.area("releases", seedReleases);
    const name = `${repository.owner}/${repository.name}`;
    all[name] ??= [];
    const releases = all[name];
    // Drafts are seen by who may publish them.
    const seen = mayPush(c.get("access").login, repository) ? releases : releases.filter(({ draft }) => !draft);
    return { name, releases, seen };
  };

  const find = (releases: Release[], is: (each: Release) => boolean): Release => {
    const found = releases.find(is);
    if (!found) throw new GithubError(404, "Not Found");
    return found;
  };

  const byId = (c: Call, level?: "read" | "write") => {
    const state = stateOf(c, level);
    return { ...state, release: find(state.seen, ({ id }) => String(id) === c.req.param("release")) };
  };

  const resource = (c: Call, name: string, each: Release) => {
    const html = `https://github.com/${name}/releases`;
    return described("release", {
      ...{ id: each.id, tag_name: each.tag, target_commitish: each.target, name: each.name, body: each.body },
      ...{ draft: each.draft, prerelease: each.prerelease, author: as(c).simpleUser(each.author) },
      ...{ created_at: each.createdAt, published_at: each.publishedAt, html_url: `${html}/tag/${each.tag}` },
      assets: each.assets.map(({ id, name: file, size, downloads }) =>
        described("release-asset", {
          ...{ id, name: file, size, download_count: downloads, content_type: "application/gzip" },
          browser_download_url: `${html}/download/${each.tag}/${file}`,
        }),
      ),
    });
  };

  const apply = (release: Release, change: z.output<typeof changes>, at: string) => {
    release.tag = change.tag_name ?? release.tag;
    release.target = change.target_commitish ?? release.target;
    release.name = change.name ?? release.name;
    release.body = change.body ?? release.body;
    release.draft = change.draft ?? release.draft;
    release.prerelease = change.prerelease ?? release.prerelease;
    release.publishedAt = release.draft ? null : (release.publishedAt ?? at);
  };

  const base = "/repos/:owner/:repo/releases";

  app.get(base, (c) => {
    const { name, seen } = stateOf(c);
    return paged(c, seen, (each) => resource(c, name, each));
  });

  app.get(`${base}/latest`, (c) => {
    const { name, seen } = stateOf(c);
    const latest = find(seen, ({ draft, prerelease }) => !draft && !prerelease);
    return c.json(resource(c, name, latest));
  });

  app.get(`${base}/tags/:tag`, (c) => {
    const { name, seen } = stateOf(c);
    const found = find(seen, ({ draft, tag }) => !draft && tag === c.req.param("tag"));
    return c.json(resource(c, name, found));
  });

  app.get(`${base}/:release`, (c) => {
    const { name, release } = byId(c);
    return c.json(resource(c, name, release));
  });

  app.post(base, async (c) => {
    const { name, releases } = stateOf(c, "write");
    const wanted = await bodyOf(c.req, creation);
    if (releases.some(({ tag, draft }) => !draft && tag === wanted.tag_name)) {
      throw validationFailed({ resource: "Release", field: "tag_name", code: "already_exists" });
    }
    const { login, at, nextId } = editor(c);
    const made: Release = {
      ...{ id: nextId(), tag: wanted.tag_name, target: "main", name: null, body: null, draft: false },
      ...{ prerelease: false, author: login, createdAt: at, publishedAt: null, assets: [] },
    };
    const notes = wanted.generate_release_notes
      ? `**Full Changelog**: https://github.com/${name}/commits/${made.tag}`
      : "";
    apply(made, { ...wanted, body: [wanted.body, notes].filter(Boolean).join("\n\n") }, at);
    releases.unshift(made);
    store.save();
    return c.json(resource(c, name, made), 201);
  });

  app.patch(`${base}/:release`, async (c) => {
    const { name, release } = byId(c, "write");
    apply(release, await bodyOf(c.req, changes), editor(c).at);
    store.save();
    return c.json(resource(c, name, release));
  });

  app.delete(`${base}/:release`, (c) => {
    const { releases, release } = byId(c, "write");
    releases.splice(releases.indexOf(release), 1);
    store.save();
    return c.body(null, 204);
  });
};
