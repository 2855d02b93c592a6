/** Longest template and URI that are compared, in characters: the time it takes grows with their product. */
const LONGEST = 2_000;

/**
 * Whether a URI can be made from a template (RFC 6570): each expression stands for any text, without a slash unless it is
 * one of those that keep slashes (`{+path}`, `{#part}`, `{/segments}`). A server writes its templates, so no expression is
 * followed back: the time is bounded whatever they are.
 */
export function couldBe(uri: string, template: string): boolean {
  if (uri.length > LONGEST || template.length > LONGEST) return uri === template;
  const tokens = tokensOf(template);
  // Which tokens may come next, after what was read so far.
  let open = skipExpressions(tokens, new Set([0]));
  for (const character of uri) {
    const next = new Set<number>();
    for (const at of open) {
      const token = tokens[at];
      if (token === undefined) continue;
      if (typeof token === "string") {
        if (token === character) next.add(at + 1);
      } else if (token.slashes || character !== "/") {
        next.add(at);
      }
    }
    open = skipExpressions(tokens, next);
    if (open.size === 0) return false;
  }
  return open.has(tokens.length);
}

/** A character, or an expression. */
type Token = string | { slashes: boolean };

function tokensOf(template: string): Token[] {
  return [...template.matchAll(/\{([+#./;?&]?)[^{}]*\}|./gsu)].map(([text, operator]) =>
    text.length > 1 && text.startsWith("{") ? { slashes: operator !== "" && "+#/".includes(operator!) } : text,
  );
}

/** An expression may stand for nothing. */
function skipExpressions(tokens: readonly Token[], open: Set<number>): Set<number> {
  for (const at of open) if (typeof tokens[at] === "object") open.add(at + 1);
  return open;
}
