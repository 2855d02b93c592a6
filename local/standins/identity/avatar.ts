import { html } from "hono/html";

/** A picture of a person: the first letter of the name in a circle. */
export async function avatar(name: string): Promise<Response> {
  const svg = await html`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 96 96" role="img" aria-label="${name}">
<circle cx="48" cy="48" r="48" fill="#456"/>
<text x="48" y="64" fill="#fff" font-family="sans-serif" font-size="48" text-anchor="middle">${name.slice(0, 1)}</text>
</svg>`;
  return new Response(svg.toString(), {
    headers: { "content-type": "image/svg+xml", "content-security-policy": "default-src 'none'" },
  });
}
