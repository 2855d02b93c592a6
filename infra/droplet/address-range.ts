/** Ranges of `droplet.sshAllow` are at least this narrow, in bits: about what one provider gives one network. */
export const SHORTEST_PREFIX = { ipv4: 16, ipv6: 32 };

/**
 * Whether an address range holds more than somebody's own networks: a few such ranges are everybody.
 *
 * @param range in CIDR notation
 */
export function isTooWide(range: string): boolean {
  const bits = Number(range.split("/")[1]);
  return bits < (range.includes(":") ? SHORTEST_PREFIX.ipv6 : SHORTEST_PREFIX.ipv4);
}
