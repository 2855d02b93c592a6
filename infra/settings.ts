import * as pulumi from "@pulumi/pulumi";
import type { Config } from "./config.ts";

/** Type of the resource below: a preview finds it by this. */
export const SETTINGS_TYPE = "hybrid-mcp:config:Settings";

/**
 * What is not secret of the config, as a resource that does nothing: a preview reads there, before and after, what Workers and
 * containers are told, whose inputs are hidden as a whole for the secrets among them.
 *
 * @param applied what is told it: an update that fails there leaves what the one before it has registered
 */
export class Settings extends pulumi.ComponentResource {
  constructor(config: Config, applied: pulumi.CustomResource[]) {
    super(SETTINGS_TYPE, "settings");
    // The engine tells the program so which keys hold a secret, as a whole or somewhere in them.
    const secretKeys = JSON.parse(process.env.PULUMI_CONFIG_SECRET_KEYS ?? "[]") as string[];
    // Waited for as values: engine 3.250 does not let a component register anything in a refresh that runs the program, when
    // something is gone that it depends on.
    const done = pulumi.all(applied.map(({ urn }) => urn));
    this.registerOutputs({ settings: done.apply(() => openSettings(config, secretKeys)) });
  }
}

/**
 * The part of a config that may be shown, with every default filled in: a key that is not named here stays out.
 *
 * @param secretKeys full config keys that stay out as well
 */
export function openSettings(config: Config, secretKeys: readonly string[] = []): Record<string, unknown> {
  const { domain, services, auth, gateway, telemetry, backup, cutover, publicUrls } = config;
  const { images, subnet } = config.droplet;
  const open = { domain, services, auth, gateway, telemetry, backup, cutover, publicUrls, droplet: { images, subnet } };
  const shown = Object.entries(open).filter(([key]) => !secretKeys.includes(`hybrid-mcp:${key}`));
  const json = JSON.stringify(Object.fromEntries(shown), (_, value: unknown) =>
    typeof value === "string" ? withoutCredentials(value) : value,
  );
  return JSON.parse(json) as Record<string, unknown>;
}

/** A URL without what may let in somewhere: user name and password, and whatever is behind its path. */
function withoutCredentials(text: string): string {
  return text.includes("://") ? text.replace(/:\/\/[^/]*@/, "://").replace(/[?#].*$/s, "") : text;
}
