import { join } from "node:path";
import { account_id, startTestApi, type TestApi, zone_id } from "../../cloud/api/test-api.ts";
import { createTestStack, type TestStack } from "./stack.ts";

const infra = join(import.meta.dirname, "../../../infra");

/** A throw-away stack of the program's own parts at the edge, on an emulator of its own. */
export interface EdgeStack extends AsyncDisposable {
  cloud: TestApi;
  stack: TestStack;
}

/** @throws Error when no engine can be had */
export async function createEdgeStack(): Promise<EdgeStack> {
  const cloud = await startTestApi();
  const stack = await createTestStack({
    CLOUDFLARE_BASE_URL: `${cloud.origin}/client/v4`,
    CLOUDFLARE_API_TOKEN: String(cloud.cloudflare.apiToken),
  });
  return {
    cloud,
    stack,
    async [Symbol.asyncDispose]() {
      await stack[Symbol.asyncDispose]();
      await cloud.close();
    },
  };
}

/**
 * A program made of parts of `infra/`, with the smallest config that is valid.
 *
 * @param config what the stack config has besides, by key; `services` besides those that are off
 * @param parts what to import: names by file of `infra/`
 * @param body what it does with `config`
 */
export function edgeProgram(
  { services, ...config }: { services?: object; [key: string]: unknown },
  parts: Record<string, string>,
  body: string,
): string {
  const all = {
    cloudflare: { accountId: account_id, zoneId: zone_id, workersSubdomain: "test" },
    auth: { providers: ["github"], github: { clientId: "Iv1.abc" } },
    clientSecrets: { github: "secret" },
    services: { github: { enabled: false }, firecrawl: { enabled: false }, ...services },
    ...config,
  };
  const flat = {
    "hybrid-mcp:domain": "example.com",
    ...Object.fromEntries(Object.entries(all).map(([key, value]) => [`hybrid-mcp:${key}`, JSON.stringify(value)])),
  };
  const imports = Object.entries({ ...parts, "config.ts": "parseConfig" }).map(
    ([file, names]) => `import { ${names} } from ${JSON.stringify(join(infra, file))};`,
  );
  return `${imports.join("\n")}
const { config, errors } = parseConfig(${JSON.stringify(flat)});
if (errors) throw new Error(errors.join("\\n"));
${body}
`;
}
