/**
 * Whether a version as `pulumi version` prints it (`v3.250.0`, `3.251.0-alpha.x1`) is at least `minimum`.
 * As in SemVer 2.0.0 section 11, a pre-release comes before its release.
 * @param minimum `major.minor.patch`
 * @returns false too for text that is no version
 */
export function isAtLeast(version: string, minimum: string): boolean {
  const [have, want] = [parse(version), parse(minimum)];
  if (!have || !want) return false;
  for (let i = 0; i < 3; i++) {
    const difference = have.numbers[i]! - want.numbers[i]!;
    if (difference !== 0) return difference > 0;
  }
  return have.release || !want.release;
}

function parse(text: string): { numbers: number[]; release: boolean } | undefined {
  const match = /^v?(\d+)\.(\d+)\.(\d+)(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$/.exec(text.trim());
  return match ? { numbers: match.slice(1, 4).map(Number), release: match[4] === undefined } : undefined;
}
