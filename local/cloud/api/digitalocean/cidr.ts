import { isIPv4 } from "node:net";

/** A range of IPv4 addresses (RFC 4632): the first one as a number, and how many bits of it are fixed. */
export interface Range {
  base: number;
  bits: number;
}

/** @returns undefined if the text is no range, such as `10.1.0.0/24`, or does not begin at its first address */
export function parseRange(text: string): Range | undefined {
  const [address = "", length = ""] = text.split("/");
  const bits = Number(length);
  if (!isIPv4(address) || !/^\d{1,2}$/.test(length) || bits > 32) return undefined;
  const base = address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
  return base % size(bits) === 0 ? { base, bits } : undefined;
}

export function overlap(a: Range, b: Range): boolean {
  return a.base < b.base + size(b.bits) && b.base < a.base + size(a.bits);
}

/** The address that comes `offset` after the first one. */
export function addressAt({ base }: Range, offset: number): string {
  const value = base + offset;
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join(".");
}

/** How many addresses are in the range. */
export function size(bits: number): number {
  return 2 ** (32 - bits);
}
