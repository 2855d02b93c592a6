import { type Config, flatConfig, parseConfig } from "../config.ts";

/** Values of a stack config by their keys. */
export type Values = Record<string, unknown> & { services?: object };

export const cloudflare = {
  accountId: "0123456789abcdef0123456789abcdef",
  zoneId: "fedcba9876543210fedcba9876543210",
  workersSubdomain: "acme",
};

/** The smallest config that is valid, with one service: that is enough to see how one is deployed. What is given counts over it. */
export function smallestConfig({ services, ...more }: Values = {}): Values {
  return {
    domain: "example.com",
    cloudflare,
    auth: { providers: ["github"], github: { clientId: "Iv1.abc" } },
    clientSecrets: { github: "client-secret" },
    ...more,
    services: { github: { enabled: false }, firecrawl: { enabled: false }, ...services },
  };
}

/**
 * As the program has it.
 *
 * @throws {Error} when it is not valid
 */
export function configWith(values: Values = {}): Config {
  const { config, errors } = parseConfig(flatConfig(smallestConfig(values)));
  if (errors) throw new Error(errors.join("\n"));
  return config;
}
