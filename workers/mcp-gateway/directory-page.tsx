import { raw } from "hono/html";
import type { OpenEntry } from "./directory.ts";

const style = `
:root {
  color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif;
  --paper: #f7f7f5; --card: #fff; --ink: #1c1d20; --quiet: #5b5f68; --line: #dcdcd8; --accent: #1a56db;
  --good: #0f6b46; --good-paper: #e2f3ea; --bad: #a8281f; --bad-paper: #fbe7e5; --note: #8a5100; --note-paper: #fdf1dc;
}
@media (prefers-color-scheme: dark) { :root {
  --paper: #15161a; --card: #1e2026; --ink: #ecedf0; --quiet: #a3a8b3; --line: #353841; --accent: #8ab0ff;
  --good: #7fdcae; --good-paper: #17352a; --bad: #ff9d94; --bad-paper: #43201d; --note: #f3c276; --note-paper: #3a2c12;
} }
* { box-sizing: border-box }
body { margin: 0; background: var(--paper); color: var(--ink) }
main { max-width: 34rem; margin: 0 auto; padding: 3rem 1rem 4rem }
h1 { font-size: 1.4rem; line-height: 1.25; margin: 0 0 1rem }
a { color: var(--accent); text-underline-offset: .15em }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px }
code { overflow-wrap: anywhere; background: var(--card); border: 1px solid var(--line); border-radius: .35rem; padding: .1rem .35rem }
ul { list-style: none; margin: 1.5rem 0; padding: 0; background: var(--card); border: 1px solid var(--line); border-radius: .75rem }
li { padding: .9rem 1rem; display: flex; flex-wrap: wrap; gap: .25rem 1rem; align-items: baseline; justify-content: space-between; overflow-wrap: anywhere }
li + li { border-top: 1px solid var(--line) }
.tag { border-radius: 1rem; padding: 0 .6rem; font-size: .85rem; white-space: nowrap }
.healthy { background: var(--good-paper); color: var(--good) }
.degraded { background: var(--note-paper); color: var(--note) }
.down { background: var(--bad-paper); color: var(--bad) }
small { color: var(--quiet); font-size: .875rem }
`;

const WORDS: Record<OpenEntry["health"], string> = {
  healthy: "Available",
  degraded: "Available, with trouble",
  down: "Not available",
};

/** Nothing but the page's own style: no script, no form, no frame, nothing from elsewhere. */
export const PAGE_POLICY = {
  "content-security-policy":
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
};

/** What is behind the gateway, for somebody who has opened its address in a browser. */
export function DirectoryPage(props: { servers: OpenEntry[]; brokerUrl: string; mcpUrl: string }) {
  return (
    <>
      {raw("<!doctype html>")}
      <html lang="en">
        <head>
          <meta charset="utf-8" />
          <meta name="viewport" content="width=device-width, initial-scale=1" />
          <title>MCP servers</title>
          <style dangerouslySetInnerHTML={{ __html: style }} />
        </head>
        <body>
          <main>
            <h1>MCP servers</h1>
            <p>
              Add this address to your MCP client to use every server that you may use: <code>{props.mcpUrl}</code>
            </p>
            <ul>
              {props.servers.map(({ name, title, health }) => (
                <li>
                  <span>
                    <strong>{title}</strong> <small>{name}</small>
                  </span>
                  <span class={`tag ${health}`}>{WORDS[health]}</span>
                </li>
              ))}
            </ul>
            <p>
              <a href={props.brokerUrl}>What you are connected to and who has access</a>
            </p>
          </main>
        </body>
      </html>
    </>
  );
}
