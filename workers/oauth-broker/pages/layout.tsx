import { raw } from "hono/html";
import type { Child, PropsWithChildren } from "hono/jsx";

const style = `
:root {
  color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif;
  --paper: #f7f7f5; --card: #fff; --ink: #1c1d20; --quiet: #5b5f68; --line: #dcdcd8; --accent: #1a56db; --on-accent: #fff;
  --good: #0f6b46; --good-paper: #e2f3ea; --bad: #a8281f; --bad-paper: #fbe7e5; --note: #8a5100; --note-paper: #fdf1dc;
  --c1: #2f6fde; --c2: #b45f06; --c3: #0f8a7e; --c4: #8b3fc7; --c5: #c2347f; --c6: #66707f;
}
@media (prefers-color-scheme: dark) { :root {
  --paper: #15161a; --card: #1e2026; --ink: #ecedf0; --quiet: #a3a8b3; --line: #353841; --accent: #8ab0ff; --on-accent: #10131a;
  --good: #7fdcae; --good-paper: #17352a; --bad: #ff9d94; --bad-paper: #43201d; --note: #f3c276; --note-paper: #3a2c12;
  --c1: #6ea2ff; --c2: #f0a04b; --c3: #3fc9ba; --c4: #c792f2; --c5: #f285b9; --c6: #98a1b0;
} }
* { box-sizing: border-box }
body { margin: 0; background: var(--paper); color: var(--ink) }
main, .bar > div { max-width: 34rem; margin: 0 auto; padding: 0 1rem }
.wide main, .bar > div { max-width: 64rem }
main { padding-block: 2rem 4rem }
body:not(.wide) main { padding-block-start: 3rem }
.bar { background: var(--card); border-bottom: 1px solid var(--line) }
.bar > div { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; align-items: center; min-height: 3.25rem; padding-block: .25rem }
.bar a { color: var(--quiet); text-decoration: none; padding: .35rem 0; border-bottom: 2px solid transparent }
.bar a:hover { color: var(--ink) }
.bar a[aria-current] { color: var(--ink); border-color: var(--accent) }
.bar form { margin-left: auto }
h1 { font-size: 1.4rem; line-height: 1.25; margin: 0 0 1rem }
h2 { font-size: 1.1rem; margin: 2.25rem 0 .5rem }
h2 + p { margin-top: 0 }
fieldset h2 { font-size: 1rem; margin: .75rem 0 0 }
a { color: var(--accent); text-underline-offset: .15em }
p { max-width: 42rem }
h1, p, bdi { overflow-wrap: anywhere }
form, fieldset { display: grid; gap: .75rem }
main > form + form { margin-top: .75rem }
fieldset { border: 1px solid var(--line); border-radius: .5rem; padding: 1rem; background: var(--card); margin: 0; min-width: 0 }
legend { padding: 0 .35rem }
button, .button, input, select { font: inherit; color: inherit; border-radius: .5rem; border: 1px solid var(--line) }
button, .button { background: var(--card); padding: .55rem 1rem; cursor: pointer; text-decoration: none; line-height: 1.4 }
button:hover, .button:hover { border-color: var(--quiet) }
button.main, .button.main { background: var(--accent); border-color: var(--accent); color: var(--on-accent) }
button.small, .button.small { padding: .3rem .75rem; font-size: .925rem }
input:not([type=checkbox]):not([type=radio]), select, textarea { padding: .45rem .6rem; background: var(--card); min-width: 0; max-width: 100%; min-height: 2.6rem }
td time { white-space: nowrap }
input[type=checkbox] { width: 1.1rem; height: 1.1rem; margin: .2rem 0 0; flex: none; accent-color: var(--accent) }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px }
.actions { display: flex; gap: .75rem; flex-wrap: wrap; align-items: center }
.actions form { display: block }
.notice, .warning { border-left: .25rem solid var(--note); background: var(--note-paper); padding: .6rem .9rem; border-radius: .25rem }
.notice { border-color: var(--good); background: var(--good-paper) }
label { display: flex; gap: .5rem; align-items: start }
label.field { display: grid; gap: .25rem }
small, .quiet { color: var(--quiet) }
small { font-size: .875rem }
.tag { display: inline-block; font-weight: 400; border-radius: 1rem; padding: 0 .6rem; font-size: .85rem; white-space: nowrap; background: var(--paper); border: 1px solid var(--line) }
.tag.good { background: var(--good-paper); color: var(--good); border-color: transparent }
.tag.bad { background: var(--bad-paper); color: var(--bad); border-color: transparent }
.tag.note { background: var(--note-paper); color: var(--note); border-color: transparent }
.cards { list-style: none; margin: 0; padding: 0; display: grid; background: var(--card); border: 1px solid var(--line); border-radius: .75rem }
.cards > li { padding: .9rem 1rem; display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: center; justify-content: space-between }
.cards > li + li { border-top: 1px solid var(--line) }
.cards > li > div:first-child { flex: 1 1 16rem; min-width: 0; overflow-wrap: anywhere }
.cards h3 { font-size: 1rem; margin: 0; display: flex; gap: .5rem; flex-wrap: wrap; align-items: center }
.cards p { margin: .15rem 0 0 }
.cards ul { margin: .25rem 0; padding-left: 1.2rem }
.filter { display: flex; flex-wrap: wrap; gap: .75rem; align-items: end; margin-bottom: 1.5rem }
.filter label { display: grid; gap: .15rem; font-size: .875rem; color: var(--quiet); flex: 1 1 8rem }
.filter label.tick { display: flex; flex: 0 0 auto; align-items: center; gap: .5rem; padding-bottom: .6rem }
.filter label.tick input { margin: 0 }
.filter select, .filter input { color: var(--ink); width: 100% }
.filter input[type=checkbox] { width: 1.1rem }
.panel { background: var(--card); border: 1px solid var(--line); border-radius: .75rem; padding: 1rem; margin: 0 0 1.5rem }
.chart svg { display: block; width: 100%; height: 9rem; border-bottom: 1px solid var(--line) }
.chart svg[role] rect { stroke: var(--card); stroke-width: 1; vector-effect: non-scaling-stroke }
.axis { display: flex; justify-content: space-between; font-size: .8rem; color: var(--quiet) }
.legend { display: flex; flex-wrap: wrap; gap: .25rem 1rem; list-style: none; padding: 0; margin: .75rem 0; font-size: .9rem }
.legend svg { width: .8rem; height: .8rem; display: inline-block; vertical-align: -.05rem; border: 0; margin-right: .35rem }
.scroll { overflow-x: auto }
table { border-collapse: collapse; width: 100%; font-size: .925rem; font-variant-numeric: tabular-nums }
th, td { text-align: left; vertical-align: top; padding: .5rem .75rem .5rem 0; border-bottom: 1px solid var(--line) }
td.name { min-width: 9rem }
th { font-weight: 600; color: var(--quiet); font-size: .85rem }
tbody tr:last-child > * { border-bottom: 0 }
td small { display: block; overflow-wrap: anywhere }
summary { cursor: pointer }
@media (max-width: 44rem) {
  .stacked thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%) }
  .stacked, .stacked tbody { display: block }
  .stacked tr { display: grid; grid-template-columns: 1fr auto; gap: .1rem .75rem; padding: .75rem 0; border-bottom: 1px solid var(--line) }
  .stacked tr:last-child { border-bottom: 0 }
  .stacked td { display: block; border: 0; padding: 0; min-width: 0; overflow-wrap: anywhere }
  .stacked td:empty { display: none }
  .stacked td.whole { grid-column: 1 / -1 }
}
`;

/** Where a signed-in person is among their pages. */
export interface Navigation {
  current: "home" | "activity" | "policy";
  /** Administrators have a page more. */
  administrator: boolean;
}

const PAGES = [
  { name: "home", href: "/", label: "Access" },
  { name: "activity", href: "/activity", label: "Activity" },
  { name: "policy", href: "/policy", label: "Policy" },
] as const;

/** A page of the broker: no script, no outside resource; everything that is shown is escaped. */
export function Layout({
  title,
  heading = title,
  nav,
  children,
}: PropsWithChildren<{ title: string; heading?: Child; nav?: Navigation }>) {
  const pages = PAGES.filter(({ name }) => name !== "policy" || nav?.administrator);
  return (
    <>
      {raw("<!doctype html>")}
      <html lang="en">
        <head>
          <meta charset="utf-8" />
          <meta name="viewport" content="width=device-width, initial-scale=1" />
          <title>{title}</title>
          <style dangerouslySetInnerHTML={{ __html: style }} />
        </head>
        <body class={nav ? "wide" : ""}>
          {nav && (
            <header class="bar">
              <div>
                <nav class="actions" aria-label="Your pages">
                  {pages.map(({ name, href, label }) => (
                    <a href={href} aria-current={name === nav.current ? "page" : undefined}>
                      {label}
                    </a>
                  ))}
                </nav>
                <form method="post" action="/sign-out">
                  <button class="small" type="submit">
                    Sign out
                  </button>
                </form>
              </div>
            </header>
          )}
          <main>
            <h1>{heading}</h1>
            {children}
          </main>
        </body>
      </html>
    </>
  );
}
