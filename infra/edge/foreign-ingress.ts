import { gateHostname, hostname, serviceNames } from "@hybrid-mcp/catalogue";
import * as cloudflare from "@pulumi/cloudflare";
import type * as pulumi from "@pulumi/pulumi";
import type { Config } from "../config.ts";
import { ENGINE_ORIGIN } from "../droplet/firecrawl-engine.ts";
import { N8N_ORIGIN } from "../droplet/n8n.ts";
import { sshService } from "../droplet/ssh.ts";
import { lateError } from "../late-error.ts";
import type { IngressRule } from "./ingress.ts";

type Rule = cloudflare.types.input.ZeroTrustTunnelCloudflaredConfigConfigIngress;

/** What is in the ingress document of an adopted tunnel besides our rules. */
export interface ForeignIngress {
  /** Rules of hostnames that are not ours, in their order. */
  rules: Rule[];
  /** Answers for every hostname that has no rule. */
  catchAll: Rule;
  /** Settings of all its rules. */
  originRequest?: cloudflare.types.input.ZeroTrustTunnelCloudflaredConfigConfigOriginRequest;
}

/** An ingress document as the API tells it: what is not set is missing, null or empty. */
export interface IngressDocument {
  /** `local`: connectors read a file of their own machine instead. */
  source?: string;
  config?: { ingresses?: unknown[] | null; originRequest?: unknown } | null;
}

/**
 * Reads what an adopted tunnel leads to besides. A tunnel has one document for all its rules, so whoever writes ours has to
 * write theirs too.
 *
 * @param ours the hostnames that we have rules for
 */
export function foreignIngress(config: Config, tunnelId: string, ours: string[]): pulumi.Output<ForeignIngress> {
  const { accountId } = config.cloudflare;
  return cloudflare
    .getZeroTrustTunnelCloudflaredConfigOutput({ accountId, tunnelId })
    .apply((document) => keepForeign(document, config, tunnelId, ours));
}

/**
 * @throws {pulumi.RunError} when the tunnel is configured by a file on its connector's machine: our document would take its place
 */
export function keepForeign(
  { source, config: document }: IngressDocument,
  config: Config,
  tunnelId: string,
  ours: string[],
): ForeignIngress {
  if (source === "local") {
    throw lateError(
      `The tunnel ${tunnelId} (tunnel.adopt) is configured by a file on the machine of its connector, which rules from here would put out of force; nothing was changed. Migrate it first: Zero Trust dashboard, Networks, Tunnels, the tunnel, Migrate.`,
    );
  }
  const all = (document?.ingresses ?? []).map((rule) => withoutEmpty(rule) as Rule & Partial<IngressRule>);
  const last = all.at(-1);
  const catchAll = last && !last.hostname && !last.path ? last : { service: "http_status:404" };
  const names = new Set([...ours, ...everyHostname(config)]);
  const origins: unknown[] = [sshService(config), N8N_ORIGIN, ENGINE_ORIGIN];
  const originRequest = withoutEmpty(document?.originRequest);
  return {
    // Our names are ours when they are switched off, too: a rule that an earlier update made is not somebody else's.
    rules: all.filter(
      (rule) => rule !== catchAll && !names.has(String(rule.hostname)) && !origins.includes(rule.service),
    ),
    catchAll,
    ...(originRequest !== undefined && { originRequest: originRequest as ForeignIngress["originRequest"] & object }),
  };
}

/**
 * What has a rule of ours whenever it is there. Names that somebody may have in use already, as that of an n8n, are told by
 * where their rule leads.
 */
function everyHostname({ domain }: Config): string[] {
  return serviceNames.flatMap((service) => [hostname(service, domain), gateHostname(service, domain)]);
}

/** @returns undefined for what has nothing in it */
function withoutEmpty(value: unknown): unknown {
  if (value === null || value === "") return undefined;
  if (Array.isArray(value)) return value.map(withoutEmpty);
  if (typeof value !== "object") return value;
  const entries = Object.entries(value)
    .map(([key, each]) => [key, withoutEmpty(each)] as const)
    .filter(([, each]) => each !== undefined);
  return entries.length > 0 ? Object.fromEntries(entries) : undefined;
}
