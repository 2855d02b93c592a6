/** workerd network services (`workerd.capnp`, `Network`), as Miniflare options. */

/**
 * Not reachable as public addresses although workerd's "public" has them: "this network" and benchmarking ranges,
 * documentation ranges, and the IPv6 ranges that carry an IPv4 address inside (IANA special-purpose registries).
 */
const NOT_PUBLIC = [
  "0.0.0.0/8",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "::/96",
  "64:ff9b::/96",
  "64:ff9b:1::/48",
  "100::/64",
  "2001::/23",
  "2001:db8::/32",
  "2002::/16",
];

/**
 * A network that connects to public addresses only: not loopback, private, link-local, shared (CGNAT), multicast or
 * reserved ones. The check is on the address that is connected to.
 * @param trustedCertificates PEM certificates of authorities to trust besides the public ones.
 */
export function publicNetwork(trustedCertificates: string[]) {
  return {
    network: { allow: ["public"], deny: NOT_PUBLIC, tlsOptions: { trustBrowserCas: true, trustedCertificates } },
  };
}

/** A network without limits. */
export function anyNetwork(trustedCertificates: string[]) {
  return {
    network: { allow: ["public", "private"], tlsOptions: { trustBrowserCas: true, trustedCertificates } },
  };
}
