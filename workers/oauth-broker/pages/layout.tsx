import type { PropsWithChildren } from "hono/jsx";

const style = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { max-width: 34rem; margin: 3rem auto; padding: 0 1rem }
h1 { font-size: 1.4rem; line-height: 1.25 }
form, fieldset { display: grid; gap: .75rem }
fieldset { border: 1px solid #8885; border-radius: .5rem; padding: 1rem }
button { font: inherit; padding: .6rem 1rem; border-radius: .5rem; border: 1px solid #8888; cursor: pointer }
button.main { background: #1a56db; border-color: #1a56db; color: #fff }
.actions { display: flex; gap: .75rem; flex-wrap: wrap }
.warning { border-left: .25rem solid #d97706; padding-left: .75rem }
label { display: flex; gap: .5rem; align-items: start }
small { opacity: .75 }
`;

/** A page of the broker: no script, no outside resource; everything that is shown is escaped. */
export function Layout({ title, children }: PropsWithChildren<{ title: string }>) {
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>{title}</title>
        <style dangerouslySetInnerHTML={{ __html: style }} />
      </head>
      <body>
        <main>
          <h1>{title}</h1>
          {children}
        </main>
      </body>
    </html>
  );
}
