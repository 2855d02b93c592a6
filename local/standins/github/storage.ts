import { randomUUID } from "node:crypto";
import type { Call, GithubApp } from "./context.ts";

/** What links lead to, by the secret in them; they are for one process, as real ones are for minutes. */
const contents = new Map<string, string>();

/**
 * A link for a download that needs no credential, as GitHub's redirects to its storage have it. It is an address outside
 * of the API.
 * @param name how the path ends
 */
export function storageLink(c: Call, name: string, content: string): string {
  const secret = randomUUID();
  contents.set(secret, content);
  return `${c.get("base").replace(/\/api$/, "")}/storage/${name}?sig=${secret}`;
}

/** The storage, which like the real one refuses a credential that is not for it. To be added before what asks for one. */
export function addStorage(app: GithubApp): void {
  app.get("/:mount/storage/*", (c) => {
    if (c.req.header("authorization")) return c.text("InvalidAuthenticationInfo", 400);
    const content = contents.get(c.req.query("sig") ?? "");
    if (content === undefined) return c.text("AuthenticationFailed", 403);
    return c.text(content);
  });
}
