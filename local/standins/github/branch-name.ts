/** Whether Git refuses a name for a branch or tag (https://git-scm.com/docs/git-check-ref-format). */
export function isReservedName(name: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: Git refuses these
  return /[\u0000- \u007f~^:?*[\\]|\.\.|@\{|\/\/|\/\.|^\.|\/$|\.$|\.lock(?:\/|$)/.test(name);
}
