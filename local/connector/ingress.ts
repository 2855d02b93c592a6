import type { IngressRule } from "../cloud/contracts.ts";

/**
 * The first rule that matches, as cloudflared looks it up: hostname exact or `*.suffix`, path a regular expression that
 * may match anywhere; a rule without either matches everything.
 */
export function matchIngress(rules: IngressRule[], hostname: string, path: string): IngressRule | undefined {
  return rules.find((rule) => hostMatches(rule.hostname, hostname) && pathMatches(rule.path, path));
}

function hostMatches(pattern: string | undefined, hostname: string): boolean {
  if (pattern === undefined || pattern === "" || pattern === "*") return true;
  const wanted = pattern.toLowerCase();
  return wanted.startsWith("*.") ? hostname.endsWith(wanted.slice(1)) : hostname === wanted;
}

function pathMatches(pattern: string | undefined, path: string): boolean {
  if (pattern === undefined || pattern === "") return true;
  try {
    return new RegExp(pattern).test(path);
  } catch {
    return false;
  }
}
