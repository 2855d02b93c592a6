import { sha256 } from "./secret-handle.ts";

/**
 * Who calls with HTTP Basic (RFC 7617): the way services and products authenticate at the broker.
 *
 * @param secrets by name
 * @returns the name whose secret the header carries
 */
export async function authenticated(
  authorization: string | undefined,
  secrets: Readonly<Record<string, string>>,
): Promise<string | undefined> {
  const encoded = /^Basic +([\w+/]+=*)$/i.exec(authorization ?? "")?.[1];
  if (!encoded) return undefined;
  let text: string;
  try {
    text = atob(encoded);
  } catch {
    return undefined;
  }
  const [name = "", ...rest] = text.split(":");
  // A name that nobody has is compared as well, so that the time tells nothing about names. An empty secret opens nothing.
  const expected = (Object.hasOwn(secrets, name) && secrets[name]) || crypto.randomUUID();
  return (await sameText(rest.join(":"), expected)) ? name : undefined;
}

/** Compares hashes, whose length and order of bytes tell nothing about the texts. */
async function sameText(left: string, right: string): Promise<boolean> {
  const [a, b] = await Promise.all([sha256(left), sha256(right)]);
  let different = 0;
  for (let i = 0; i < a.length; i++) different |= a.charCodeAt(i) ^ b.charCodeAt(i);
  return different === 0;
}
