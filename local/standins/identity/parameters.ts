/**
 * The parameters of a token request: its form or JSON body, and its query for what the body leaves out.
 * A body that is neither has no parameters.
 */
export async function tokenParameters(request: Request): Promise<URLSearchParams> {
  const parameters = new URLSearchParams(new URL(request.url).search);
  const text = await request.text();
  for (const [name, value] of isJson(request) ? jsonEntries(text) : new URLSearchParams(text)) {
    parameters.set(name, value);
  }
  return parameters;
}

function isJson(request: Request): boolean {
  return /^application\/(?:[^;]+\+)?json\b/i.test(request.headers.get("content-type") ?? "");
}

function jsonEntries(text: string): [string, string][] {
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body !== "object" || body === null) return [];
    return Object.entries(body).filter((entry): entry is [string, string] => typeof entry[1] === "string");
  } catch {
    return [];
  }
}
