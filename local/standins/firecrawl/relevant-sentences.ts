/** Words that say nothing about what is asked for. */
const EMPTY = new Set(
  "a an and are as at be by can do does find for from get give has have how in is it its list me of on or page site tell the there this to was what when where which who with".split(
    " ",
  ),
);

/** The words of a text that carry meaning, in lower case and without a plural's s. */
export function wordsOf(text: string): string[] {
  const words = text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  return words.filter((word) => !EMPTY.has(word)).map((word) => (word.length > 3 ? word.replace(/s$/, "") : word));
}

/** How many of the query's different words a text has. */
export function relevanceOf(text: string, query: string): number {
  const words = new Set(wordsOf(text));
  return new Set(wordsOf(query).filter((word) => words.has(word))).size;
}

/**
 * Stands in for a language model: the sentences that share most words with what is asked.
 * @param most how many at most
 * @returns in the order of the text; empty when none has a word of it
 */
export function relevantSentences(text: string, query: string, most = 3): string[] {
  const sentences = plainText(text)
    .split(/(?<=[.!?])\s+|\n+/)
    .map((sentence) => sentence.trim())
    .filter((sentence) => sentence.length > 0);
  const scored = sentences.map((sentence, at) => ({ sentence, at, score: relevanceOf(sentence, query) }));
  const best = scored.filter(({ score }) => score > 0).toSorted((a, b) => b.score - a.score || a.at - b.at);
  return best
    .slice(0, most)
    .toSorted((a, b) => a.at - b.at)
    .map(({ sentence }) => sentence);
}

/** Markdown without its marks. */
export function plainText(markdown: string): string {
  return markdown
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replace(/^[#>\s]+|^\s*(?:[-*]|\d+\.)\s+/gm, "")
    .replace(/[*_`|]/g, "");
}
