import { join } from "node:path";
import { flatConfig } from "../../../infra/config.ts";
import { smallestConfig, type Values } from "../../../infra/testing/config.ts";
import { account_id, zone_id } from "../../cloud/api/test-api.ts";

const infra = join(import.meta.dirname, "../../../infra");

/** The droplet: for `programOf`. */
export const HOST_PARTS = { "droplet/host.ts": "Host", "droplet/host-key.ts": "HostKey" };

/**
 * A program made of parts of `infra/`, with the smallest config that is valid.
 *
 * @param config what the stack config has besides, by key; `services` besides those that are off
 * @param parts what to import: names by file of `infra/`
 * @param body what it does with `config`
 */
export function programOf(config: Values, parts: Record<string, string>, body: string): string {
  const cloudflare = { accountId: account_id, zoneId: zone_id, workersSubdomain: "test" };
  const flat = flatConfig(smallestConfig({ cloudflare, ...config }));
  const imports = Object.entries({ ...parts, "config.ts": "parseConfig" }).map(
    ([file, names]) => `import { ${names} } from ${JSON.stringify(join(infra, file))};`,
  );
  return `${imports.join("\n")}
const { config, errors } = parseConfig(${JSON.stringify(flat)});
if (errors) throw new Error(errors.join("\\n"));
${body}
`;
}
