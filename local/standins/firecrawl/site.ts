import { setTimeout as sleep } from "node:timers/promises";
import { Hono } from "hono";
import { html, raw } from "hono/html";

export interface SiteOptions {
  /** Milliseconds that the page `slow` takes. */
  slowMs: number;
}

interface Page {
  title: string;
  description: string;
  body: string;
}

/** How many sections the page `large` has: about 300,000 characters, more than any reader takes at once. */
export const LARGE_PAGE_SECTIONS = 400;

const pages: Record<string, Page> = {
  "": {
    title: "Harbour Handbook",
    description: "How the harbour of Northport works, for its crews and guests",
    body: `<h1>Harbour Handbook</h1>
      <p>Northport has <strong>three piers</strong> and a <em>dry dock</em>. Read <a href="guides/arriving">how to arrive</a>,
      look at the <a href="tides">tides</a>, or see <a href="about">who runs the harbour</a>.</p>
      <h2>Rules</h2>
      <ol><li>Call the harbour master on channel 12.</li><li>Keep below 5 knots.</li><li>Moor where you are told to.</li></ol>
      <p><img src="pier.png" alt="The long pier"> Write to <a href="mailto:office@northport.example">the office</a>.</p>`,
  },
  about: {
    title: "Who runs the harbour",
    description: "The people of the harbour of Northport",
    body: `<h1>Who runs the harbour</h1>
      <p>Maren Olsen is the harbour master. Back to <a href="./">the handbook</a>.</p>
      <blockquote><p>A good berth is worth a short wait.</p></blockquote>`,
  },
  tides: {
    title: "Tides",
    description: "High and low water at Northport",
    body: `<h1>Tides</h1>
      <table><thead><tr><th>Day</th><th>High water</th><th>Low water</th></tr></thead>
      <tbody><tr><td>Monday</td><td>04:12</td><td>10:31</td></tr><tr><td>Tuesday</td><td>05:03</td><td>11:22</td></tr></tbody></table>`,
  },
  "guides/arriving": {
    title: "Arriving",
    description: "From the fairway to the berth",
    body: `<h1>Arriving</h1>
      <p>Send this on channel 12, then wait for the <a href="../tides#today">tide</a>:</p>
      <pre><code class="language-text">NORTHPORT, this is [ship], [length] m, requesting a berth.</code></pre>
      <ul><li>Fenders on both sides</li><li>Lines ready</li></ul>`,
  },
  "traps/": {
    title: "Traps",
    description: "Links that a reader should stumble over",
    body: `<h1>Traps</h1>
      <p>See <a href="safe">a safe page</a>, <a href="inside">a way inside</a>, <a href="pier.png">a picture</a>
      and <a href="loop">a circle</a>.</p>`,
  },
  "traps/safe": {
    title: "A safe page",
    description: "Nothing happens here",
    body: "<h1>A safe page</h1><p>All is well.</p>",
  },
  large: {
    title: "Logbook",
    description: "Every arrival since the harbour was opened",
    body: `<h1>Logbook</h1>${Array.from(
      { length: LARGE_PAGE_SECTIONS },
      (_, index) =>
        `<h2>Entry ${index + 1}</h2><p>${"The ship came in with the tide and left with the wind. ".repeat(14)}</p>`,
    ).join("\n")}`,
  },
};

/**
 * A small site to scrape: linked pages with the parts that a converter has to tell apart, and what goes wrong on real
 * sites. Below `…/site/`: the handbook itself, `about`, `tides`, `guides/arriving`; `large`; `slow`, which answers late;
 * `old-about` and `redirect?to=<url>`, which lead elsewhere, and `loop`, which leads nowhere; `data.json` and `pier.png`; `traps/` links to
 * such pages, `traps/inside` leads to the same site by the name localhost; `tides` can be given another note (`PUT`, as text), and shows it;
 * anything else is a 404 page.
 */
export function createSite(options: SiteOptions): Hono {
  const site = new Hono({ getPath: ({ url }) => new URL(url).pathname.replace(/^.*?\/site(?=\/)/, "") });

  site.get("/slow", async (c) => {
    // A reader that has gone ends the wait; nobody reads the answer then.
    await sleep(options.slowMs, undefined, { signal: c.req.raw.signal }).catch(() => undefined);
    return c.html(render({ title: "Slow", description: "Late", body: "<h1>Slow</h1><p>At last.</p>" }));
  });
  site.get("/old-about", (c) => c.redirect("about", 301));
  site.get("/loop", (c) => c.redirect("loop"));
  site.get("/redirect", (c) => c.redirect(c.req.query("to") ?? "./"));
  site.get("/traps/loop", (c) => c.redirect("loop"));
  site.get("/traps/inside", (c) => {
    const inside = new URL("../about", c.req.url);
    inside.hostname = "localhost";
    return c.redirect(inside.href);
  });
  site.get("/traps/pier.png", (c) => c.redirect("../pier.png"));
  let note = "";
  site.put("/tides", async (c) => {
    note = await c.req.text();
    return c.body(null, 204);
  });
  site.get("/tides", (c) => {
    const { body, ...page } = pages.tides!;
    return c.html(render({ ...page, body: note === "" ? body : `${body}<p>${escapeHtml(note)}</p>` }));
  });
  site.get("/data.json", (c) => c.json({ piers: 3 }));
  site.get("/pier.png", (c) => c.body(new Uint8Array([0x89, 0x50, 0x4e, 0x47]), 200, { "content-type": "image/png" }));
  for (const [path, page] of Object.entries(pages)) site.get(`/${path}`, (c) => c.html(render(page)));
  site.notFound((c) =>
    c.html(
      render({
        title: "Not found",
        description: "No such page",
        body: "<h1>Not found</h1><p>There is no such page.</p>",
      }),
      404,
    ),
  );
  return site;
}

const escapeHtml = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");

function render({ title, description, body }: Page) {
  return html`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <title>${title}</title>
    <meta name="description" content="${description}">
    <meta property="og:site_name" content="Northport">
    <link rel="icon" href="/favicon.ico">
    <style>body { font-family: sans-serif }</style>
    <script>window.visited = true;</script>
  </head>
  <body>
    <header><p>Port of Northport</p><nav><a href="https://northport.example/shop">Shop</a></nav></header>
    <main>${raw(body)}</main>
    <aside class="sidebar"><p>Weather: fair</p></aside>
    <footer><p>All times are local.</p></footer>
  </body>
</html>`;
}
