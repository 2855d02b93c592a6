import type { GatewayConfig } from "./config.ts";
import type { GatewayRequest } from "./gateway-request.ts";
import type { HealthState } from "./health.ts";
import { gather, mayUse } from "./lists.ts";
import { health } from "./reach.ts";

/** A server behind the gateway, as everybody sees it. */
export interface OpenEntry {
  name: string;
  title: string;
  /** As far as this copy of the gateway has seen. */
  health: HealthState["health"];
}

/** A server that a person may use. */
export interface PersonalEntry extends OpenEntry {
  /** Of a service of the platform; where another server is, is not for everybody to know. */
  url?: string;
  /** Those that the policy allows the person; `granted`: to the application that asks. */
  scopes: { name: string; description: string; granted: boolean }[];
  /** How many tools the person may use; undefined while they are missing. */
  tools?: number;
  /** Why something is missing, in sentences. */
  missing?: string[];
}

/** What is behind the gateway, for everybody. */
export function openDirectory({ servers }: GatewayConfig): OpenEntry[] {
  return servers.map(({ name, title }) => ({ name, title, health: health.state(name).health }));
}

/** The same with the rest for the servers that the person may use. */
export async function directoryFor(request: GatewayRequest): Promise<{ servers: (OpenEntry | PersonalEntry)[] }> {
  const { call, viewer } = request.admission;
  const parts = await gather("tools", request);
  const servers = openDirectory(request.env.GATEWAY_CONFIG).map((entry): OpenEntry | PersonalEntry => {
    const config = request.env.GATEWAY_CONFIG.servers.find(({ name }) => name === entry.name)!;
    if (!mayUse(config, viewer.allowed)) return entry;
    const part = parts.find(({ server }) => server.config.name === entry.name);
    const scopes = config.scopes
      .filter(({ name }) => viewer.allowed.has(name))
      .map((scope) => ({ ...scope, granted: call.scope.includes(scope.name) }));
    return {
      ...entry,
      ...(config.auth.kind === "service" && { url: config.url }),
      scopes,
      ...(part?.listed && { tools: part.items.length }),
      ...(part && part.missing.length > 0 && { missing: part.missing }),
    };
  });
  return { servers };
}
