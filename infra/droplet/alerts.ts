import { type PlatformName, platform } from "@hybrid-mcp/catalogue";
import * as digitalocean from "@pulumi/digitalocean";
import * as pulumi from "@pulumi/pulumi";
import { type Config, deploysN8n, enabledServices, publicUrl } from "../config.ts";

/** What is worth waking somebody: percent of the droplet, over ten minutes. */
const limits = { cpu: 90, memory_utilization_percent: 90, disk_utilization_percent: 85 };

/** Where a URL of the platform itself answers anybody with 200. */
const platformPaths: Record<PlatformName, string> = {
  "oauth-broker": "/.well-known/oauth-authorization-server",
  "mcp-gateway": "/mcp/servers",
};

/** Public URLs that are watched from outside, by name. */
export function watchedUrls(config: Config): Record<string, string> {
  const platformNames = Object.keys(platform) as PlatformName[];
  return Object.fromEntries([
    ...enabledServices(config).map((name) => [name, `${publicUrl(config, name)}/health`]),
    ...(deploysN8n(config) ? [["n8n", `${publicUrl(config, "n8n")}/healthz/readiness`]] : []),
    ...platformNames.map((name) => [name, `${publicUrl(config, name)}${platformPaths[name]}`]),
  ]);
}

/**
 * Tells people when the droplet is short of something, and when a public URL does not answer from any region. DigitalOcean
 * writes only to addresses that the account has verified. https://docs.digitalocean.com/products/uptime/
 */
export class Alerts extends pulumi.ComponentResource {
  constructor(config: Config, droplet: digitalocean.Droplet) {
    super("hybrid-mcp:droplet:Alerts", "alerts");
    const parent = { parent: this };
    const { emails = [], slack } = config.droplet.alerts ?? {};
    // Whoever has the URL can write to the channel.
    const slacks = slack ? [{ channel: slack.channel, url: pulumi.secret(slack.url) }] : [];

    for (const [what, value] of Object.entries(limits)) {
      new digitalocean.MonitorAlert(
        `${what.split("_")[0]}-alert`,
        {
          description: `${config.name}: ${what.split("_")[0]} above ${value} %`,
          type: `v1/insights/droplet/${what}`,
          compare: "GreaterThan",
          value,
          window: "10m",
          entities: [droplet.id],
          alerts: { emails, slacks },
        },
        parent,
      );
    }
    for (const [name, target] of Object.entries(watchedUrls(config))) {
      const check = new digitalocean.UptimeCheck(
        `${name}-uptime`,
        {
          name: `${config.name}: ${name}`,
          target,
          type: new URL(target).protocol.slice(0, -1),
          regions: ["us_east", "eu_west"],
        },
        parent,
      );
      new digitalocean.UptimeAlert(
        `${name}-down`,
        {
          checkId: check.id,
          name: `${config.name}: ${name} is down`,
          type: "down_global",
          period: "2m",
          notifications: [{ emails, slacks }],
        },
        parent,
      );
    }
    this.registerOutputs();
  }
}
