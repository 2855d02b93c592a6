import * as cloudflare from "@pulumi/cloudflare";
import * as pulumi from "@pulumi/pulumi";
import type { Config } from "../config.ts";

/** Credentials of a program: it sends them as `CF-Access-Client-Id` and `CF-Access-Client-Secret` with every request. */
export interface ServiceToken {
  clientId: pulumi.Output<string>;
  clientSecret: pulumi.Output<string>;
}

/** Who is let in after signing in at the account's Access (one-time PIN by e-mail, or a login method that is set up there). */
export interface AllowedPeople {
  emails?: string[];
  emailDomains?: string[];
}

export interface AccessArgs {
  config: Config;
  /** Name for people, in Cloudflare's dashboard too. */
  title: string;
  hostname: string;
  people?: AllowedPeople;
  /** Makes a service token that is let in too. */
  machine?: boolean;
  /** First parts of paths that stay open to everybody, with all that is below them: `webhook` is `/webhook` and `/webhook/…`. */
  open?: readonly string[];
}

/**
 * Paths of n8n that others call, and that check themselves who does: webhooks, forms, MCP server triggers, the MCP server of the
 * instance with its OAuth, and health. Its user interface and its REST API are none of them.
 * https://docs.n8n.io/hosting/configuration/environment-variables/endpoints/ (N8N_ENDPOINT_…, at their defaults)
 */
export const N8N_OPEN_PATHS = [
  "webhook",
  "webhook-test",
  "webhook-waiting",
  "form",
  "form-test",
  "form-waiting",
  "mcp",
  "mcp-test",
  "mcp-server",
  "mcp-oauth/register",
  "mcp-oauth/token",
  "mcp-oauth/revoke",
  ".well-known",
  "healthz",
] as const;

/**
 * Puts a hostname behind Cloudflare Access: the edge lets through whom a policy names, before tunnel or Worker see the
 * request. Of two applications for a common root path only the more specific one counts, so that a path is opened by one of
 * its own. https://developers.cloudflare.com/cloudflare-one/access-controls/policies/app-paths/
 *
 * What makes the hostname lead somewhere has to depend on this, so that it never does so openly.
 */
export class Access extends pulumi.ComponentResource {
  /** Undefined unless `machine` asks for it. */
  readonly serviceToken: ServiceToken | undefined;

  constructor(
    name: string,
    { config, title, hostname, people, machine = false, open = [] }: AccessArgs,
    options: pulumi.ComponentResourceOptions = {},
  ) {
    super("hybrid-mcp:edge:Access", `${name}-access`, {}, options);
    const { accountId, serviceTokenVersion } = config.cloudflare;
    const parent = { parent: this };
    const label = (what: string) => `${config.name} ${title}: ${what}`;
    const policies: cloudflare.ZeroTrustAccessPolicy[] = [];

    if (people) {
      const { emails = [], emailDomains = [] } = people;
      policies.push(
        new cloudflare.ZeroTrustAccessPolicy(
          `${name}-people`,
          {
            accountId,
            name: label("people"),
            decision: "allow",
            includes: [
              ...emails.map((email) => ({ email: { email } })),
              ...emailDomains.map((domain) => ({ emailDomain: { domain } })),
            ],
          },
          parent,
        ),
      );
    }
    if (machine) {
      const token = new cloudflare.ZeroTrustAccessServiceToken(
        `${name}-token`,
        // One that ended by itself would be an outage on a day that nobody remembers; it is changed by its version.
        { accountId, name: label("service token"), duration: "forever", clientSecretVersion: serviceTokenVersion },
        parent,
      );
      this.serviceToken = { clientId: token.clientId, clientSecret: pulumi.secret(token.clientSecret) };
      policies.push(
        new cloudflare.ZeroTrustAccessPolicy(
          `${name}-machines`,
          {
            accountId,
            name: label("programs"),
            decision: "non_identity",
            includes: [{ serviceToken: { tokenId: token.id } }],
          },
          parent,
        ),
      );
    }
    const application = (resource: string, what: string, domain: string, used: cloudflare.ZeroTrustAccessPolicy[]) =>
      new cloudflare.ZeroTrustAccessApplication(
        resource,
        {
          accountId,
          name: label(what),
          type: "self_hosted",
          domain,
          appLauncherVisible: false,
          httpOnlyCookieAttribute: true,
          // A program without its credentials is told so, not sent to a login page.
          serviceAuth401Redirect: !people,
          policies: used.map(({ id }, at) => ({ id, precedence: at + 1 })),
        },
        parent,
      );
    application(`${name}-application`, hostname, hostname, policies);

    if (open.length > 0) {
      const everyone = new cloudflare.ZeroTrustAccessPolicy(
        `${name}-everyone`,
        { accountId, name: label("open paths"), decision: "bypass", includes: [{ everyone: {} }] },
        parent,
      );
      for (const path of open) application(`${name}-open-${path}`, `/${path}`, `${hostname}/${path}`, [everyone]);
    }
    this.registerOutputs();
  }
}
