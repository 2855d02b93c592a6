/**
 * Reads a binding that holds secrets by name, as JSON.
 *
 * @param text undefined or empty: none are set
 * @returns those that have a value; an empty secret is none
 */
export function secretsIn(text: string | undefined): Record<string, string> {
  const secrets = JSON.parse(text || "{}") as Record<string, string>;
  return Object.fromEntries(Object.entries(secrets).filter(([, secret]) => secret));
}
