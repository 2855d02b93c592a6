import { ToolError } from "@hybrid-mcp/service-kit/tool";
import ipaddr from "ipaddr.js";

/** Names that lead to the machine itself or into its own network, wherever they are resolved. */
const LOCAL_NAMES = [
  ...["localhost", "localdomain", "local", "internal", "intranet", "lan", "home", "corp", "private", "home.arpa"],
  // Where Google Cloud answers about the machine and its credentials.
  "metadata.goog",
];

/** Where Azure answers about the machine: an address that is public by its range. */
const PLATFORM_ADDRESSES = ["168.63.129.16"];

/** Global unicast, the only part of IPv6 that is given out (https://www.iana.org/assignments/ipv6-unicast-address-assignments). */
const GLOBAL_UNICAST = ipaddr.parseCIDR("2000::/3");

const HOST_AND_PORT = /^(?:\[[^\]/]+\]|[^\s:/?#@[\]\\]+):\d{1,5}$/;

/**
 * Reads the operator's exceptions.
 *
 * @param list `host:port`, separated by commas, e.g. `localhost:8782,[fd00::7]:80`; undefined or empty: none
 * @returns the entries in the form of a URL's host
 * @throws {ToolError} for an entry that is not `host:port`; nothing is allowed then
 */
export function parseAllowedHosts(list: string | undefined): ReadonlySet<string> {
  const entries = (list ?? "")
    .split(",")
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "");
  return new Set(
    entries.map((entry) => {
      if (!HOST_AND_PORT.test(entry) || !URL.canParse(`http://${entry}`)) {
        throw new ToolError(
          `The setting FIRECRAWL_ALLOWED_HOSTS is wrong: "${entry}" is not host:port. Tell the operator; no page can be read until it is corrected.`,
        );
      }
      return hostAndPort(new URL(`http://${entry}`));
    }),
  );
}

/**
 * Refuses what must not be fetched on a person's behalf, so that nobody reaches the network behind the service with it
 * (server-side request forgery): anything but http and https, credentials in the URL, addresses that are not public, and
 * names that are local. The URL is judged as WHATWG parsers read it, so `http://0x7f.1/` is 127.0.0.1. Whether a public
 * name leads to an address that is not is known only to the one that resolves it: that is the engine's part.
 *
 * @param text the URL as it was given
 * @param allowedHosts `host:port` of what may be fetched though it is not public
 * @returns the URL in its normal form
 * @throws {ToolError} telling what is wrong with it and what to give instead
 */
export function publicUrl(text: string, allowedHosts: ReadonlySet<string>): URL {
  if (!URL.canParse(text)) {
    throw new ToolError(`"${shown(text)}" is not a URL. Give the whole address, such as https://example.com/page.`);
  }
  const url = new URL(text);
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw new ToolError(`Only http and https pages can be read, not ${url.protocol} ones. Give an https:// address.`);
  }
  if (url.username !== "" || url.password !== "") {
    throw new ToolError("The URL has a user name or password in it. Give it without: pages are read anonymously.");
  }
  if (allowedHosts.has(hostAndPort(url))) return url;
  const why = reasonAgainst(url.hostname);
  if (why) {
    throw new ToolError(
      `${url.host} cannot be read: ${why}. Only pages of the public internet can be; give another URL.`,
    );
  }
  return url;
}

function hostAndPort(url: URL): string {
  return `${url.hostname}:${url.port || (url.protocol === "https:" ? "443" : "80")}`;
}

/** Why a host is not of the public internet; undefined when nothing speaks against it. */
function reasonAgainst(hostname: string): string | undefined {
  const bare = hostname.replace(/^\[(.*)\]$/, "$1");
  if (ipaddr.isValid(bare)) return isPublicAddress(bare) ? undefined : "it is not a public address";
  const name = hostname.replace(/\.+$/, "");
  if (LOCAL_NAMES.some((local) => name === local || name.endsWith(`.${local}`))) return "it is a local name";
  if (!name.includes(".")) return "it is a name of a local network";
  return undefined;
}

function isPublicAddress(text: string): boolean {
  const address = ipaddr.parse(text);
  if (address.range() !== "unicast" || PLATFORM_ADDRESSES.includes(address.toString())) return false;
  // What wraps an IPv4 address (mapped, NAT64, 6to4, Teredo) has a range of its own or lies outside.
  return address.kind() === "ipv4" || address.match(GLOBAL_UNICAST);
}

function shown(text: string): string {
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}
