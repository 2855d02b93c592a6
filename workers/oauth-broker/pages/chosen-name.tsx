/** Longest name and address that are shown, in characters. */
const LONGEST_NAME = 60;
const LONGEST_HOST = 100;

/**
 * A name that somebody has chosen freely, e.g. a client for itself, as it may stand in a sentence: nothing in it turns the
 * text around, hides, piles up or fills the page.
 */
export function chosenName(name: string): string {
  const characters = [...plain(name)];
  if (characters.length === 0) return "(no name)";
  return characters.length > LONGEST_NAME ? `${characters.slice(0, LONGEST_NAME - 1).join("")}…` : characters.join("");
}

/** Where a client is, in full where that fits: of a host the end says whose it is, of any other address the beginning. */
export function chosenHost(host: string): string {
  const characters = [...plain(host)];
  if (characters.length <= LONGEST_HOST) return characters.join("");
  const half = LONGEST_HOST / 2;
  return `${characters.slice(0, half - 1).join("")}…${characters.slice(-half).join("")}`;
}

/** {@link chosenName}, which keeps its own direction to itself. */
export function ChosenName({ name }: { name: string }) {
  return <bdi>{chosenName(name)}</bdi>;
}

/** {@link chosenHost}, which keeps its own direction to itself. */
export function ChosenHost({ host }: { host: string }) {
  return <bdi>{chosenHost(host)}</bdi>;
}

/** Without control, bidirectional and other invisible characters, and with no more marks on a letter than a script needs. */
function plain(text: string): string {
  return text
    .replace(/\s/gu, " ")
    .replace(/\p{C}/gu, "")
    .replace(/ +/g, " ")
    .replace(/(\p{M}{3})\p{M}+/gu, "$1")
    .trim();
}
