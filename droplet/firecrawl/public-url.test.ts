import { ToolError } from "@hybrid-mcp/service-kit/tool";
import { describe, expect, test } from "vitest";
import { parseAllowedHosts, publicUrl } from "./public-url.ts";

const none = parseAllowedHosts(undefined);
const refusal = (url: string, allowed = none) => {
  try {
    return `allowed as ${publicUrl(url, allowed).href}`;
  } catch (error) {
    expect(error, url).toBeInstanceOf(ToolError);
    return (error as Error).message;
  }
};

describe("publicUrl", () => {
  test.each([
    ["https://example.com/a?b#c", "https://example.com/a?b#c"],
    ["HTTP://EXAMPLE.com:80", "http://example.com/"],
    ["https://8.8.8.8:8443/", "https://8.8.8.8:8443/"],
    ["https://[2606:4700:4700::1111]/", "https://[2606:4700:4700::1111]/"],
    ["https://münchen.example/", "https://xn--mnchen-3ya.example/"],
    ["https://localhost.example.com/", "https://localhost.example.com/"],
    ["https://notinternal.com", "https://notinternal.com/"],
  ])("takes %s", (url, normal) => {
    expect(publicUrl(url, none).href).toBe(normal);
  });

  test.each([
    // Loopback, in every way of writing it
    ...["127.0.0.1", "127.1", "127.255.255.254", "2130706433", "0x7f000001", "0177.0.0.1", "0x7f.1", "①②⑦.0.0.1"],
    ...["127.0.0.1.", "127.0.0.1:8782", "%31%32%37.0.0.1", "[::1]", "[0:0:0:0:0:0:0:1]:80"],
    // This host, private networks, link-local, carrier-grade NAT, benchmarking, multicast, reserved
    ...["0.0.0.0", "0", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.1.1", "100.64.0.1"],
    ...["100.127.255.255", "198.18.0.1", "192.0.2.1", "203.0.113.9", "224.0.0.1", "240.0.0.1", "255.255.255.255"],
    // Where clouds answer about the machine
    ...["169.254.169.254", "0xa9fea9fe", "100.100.100.200", "192.0.0.192", "168.63.129.16", "[fd00:ec2::254]"],
    // IPv6: unspecified, ULA, link-local, site-local, multicast, documentation
    ...["[::]", "[fc00::1]", "[fdff::1]", "[fe80::1]", "[febf::1]", "[fec0::1]", "[ff02::1]", "[2001:db8::1]"],
    // IPv4 inside IPv6: mapped (of public ones too), compatible, NAT64, 6to4, Teredo
    ...["[::ffff:127.0.0.1]", "[::ffff:a9fe:a9fe]", "[::ffff:8.8.8.8]", "[::127.0.0.1]", "[64:ff9b::7f00:1]"],
    ...["[64:ff9b:1::a00:1]", "[2002:7f00:1::]", "[2001:0:7f00:1::]"],
  ])("refuses the address %s", (host) => {
    expect(refusal(`http://${host}/`)).toMatch(/ cannot be read: it is not a public address\. .*give another URL\.$/);
  });

  test.each([
    ...["localhost", "LOCALHOST:3000", "localhost.", "a.localhost", "printer.local", "box.localdomain", "router.lan"],
    ...["metadata.google.internal", "metadata.google.internal.", "metadata.goog", "wiki.corp", "nas.home.arpa"],
    ...["firecrawl", "redis:6379", "metadata", "l%6fcalhost", "ｌocalhost"],
  ])("refuses the name %s", (host) => {
    expect(refusal(`https://${host}/`)).toMatch(/ cannot be read: it is a (local name|name of a local network)\./);
  });

  test.each([
    ["example.com", /^"example\.com" is not a URL\. Give the whole address/],
    ["", /is not a URL/],
    ["http://", /is not a URL/],
    ["http://[fe80::1%25eth0]/", /is not a URL/],
    ["http://1.1.1.1:99999/", /is not a URL/],
    ["file:///etc/passwd", /^Only http and https pages can be read, not file: ones/],
    ["ftp://example.com/", /not ftp: ones/],
    ["data:text/html,hello", /not data: ones/],
    ["javascript:alert(1)", /not javascript: ones/],
    ["gopher://example.com/", /not gopher: ones/],
    ["https://user@example.com/", /^The URL has a user name or password in it/],
    ["https://:secret@example.com/", /^The URL has a user name or password in it/],
    ["https://example.com@127.0.0.1/", /^The URL has a user name or password in it/],
  ])("refuses %s", (url, message) => {
    expect(refusal(url)).toMatch(message);
    expect(refusal(url)).not.toContain("secret");
  });

  test("takes what the operator allows, by host and port, and nothing beside it", () => {
    const allowed = parseAllowedHosts(" localhost:8782, [::1]:80 ,127.0.0.1:443,");
    expect(publicUrl("http://localhost:8782/page", allowed).port).toBe("8782");
    expect(publicUrl("http://LOCALHOST:8782/", allowed).hostname).toBe("localhost");
    expect(publicUrl("http://[0::1]/", allowed).hostname).toBe("[::1]");
    expect(publicUrl("https://127.1/", allowed).hostname).toBe("127.0.0.1");
    for (const url of ["http://localhost/", "http://localhost:8783/", "http://127.0.0.1/", "https://[::1]/"]) {
      expect(refusal(url, allowed), url).toContain("cannot be read");
    }
    expect(refusal("http://me@localhost:8782/", allowed)).toContain("user name");
    expect(refusal("ftp://localhost:8782/", allowed)).toContain("Only http");
  });

  test.each([
    "localhost",
    "http://localhost:80",
    "localhost:80/x",
    "a b:80",
    "me@host:80",
    "*",
    "[::1]",
    ":80",
    "h:99999",
  ])("takes no list with %s in it, and says which entry is wrong", (entry) => {
    expect(() => parseAllowedHosts(`ok.example:80,${entry}`)).toThrow(`"${entry}" is not host:port`);
  });
});
