import { createHash } from "node:crypto";
import { html, raw } from "hono/html";

type Markup = ReturnType<typeof html>;

const STYLE = `
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
body { margin: 0 auto; max-width: 26rem; padding: 1.5rem 1rem; }
h1 { font-size: 1.4rem; line-height: 1.25; overflow-wrap: anywhere; }
ul { list-style: none; margin: 1.5rem 0; padding: 0; }
li { margin: 0 0 1rem; }
button { border: 1px solid; border-radius: .5rem; box-sizing: border-box; cursor: pointer; font: inherit;
  min-height: 2.75rem; padding: .5rem 1rem; width: 100%; }
button:focus-visible, input:focus-visible { outline: 3px solid Highlight; outline-offset: 2px; }
small { display: block; overflow-wrap: anywhere; padding: .25rem .25rem 0; }
label { display: flex; gap: .5rem; margin: 0 0 1rem; min-height: 2.75rem; align-items: center; }
`;

// `form-action` is left out on purpose: browsers apply it to every redirect that follows a form, and where the client
// sends people on to is not known here.
const POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash("sha256").update(STYLE).digest("base64")}'`,
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join("; ");

/**
 * A whole page, without script and with nothing from elsewhere.
 * @param title plain text
 * @param content made with `html`, which escapes what is put in
 * @param status HTTP status, default 200
 */
export async function page(title: string, content: Markup, status = 200): Promise<Response> {
  const document = await html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${raw(STYLE)}</style>
</head>
<body>
<main>
${content}
</main>
</body>
</html>
`;
  return new Response(document.toString(), {
    status,
    headers: {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": POLICY,
      "cache-control": "no-store",
      "referrer-policy": "no-referrer",
      "x-content-type-options": "nosniff",
    },
  });
}

export interface SignInChoice {
  personId: string;
  name: string;
  /** The account that the person would sign in with, e.g. an address. */
  account: string;
}

/**
 * The page on which a person says who they are. Its form goes to the page's own URL, with `person` or `cancel`, and
 * `remember` if the box is ticked.
 * @param provider e.g. `GitHub`
 * @param client the application's name
 */
export function signInPage(provider: string, client: string, choices: SignInChoice[]): Promise<Response> {
  return page(
    `Sign in with ${provider}`,
    html`<h1>Sign in to ${client} with ${provider}</h1>
<p>This stands in for ${provider} on this machine. Nobody has a password here: say who you want to be.</p>
<form method="post">
<ul>
${choices.map(
  ({
    personId,
    name,
    account,
  }) => html`<li><button name="person" value="${personId}" aria-describedby="account-${personId}">Continue as ${name}</button>
<small id="account-${personId}">${account}</small></li>
`,
)}</ul>
<label><input type="checkbox" name="remember" value="on"> Stay signed in with this browser</label>
<button name="cancel" value="on">Cancel</button>
</form>`,
  );
}
