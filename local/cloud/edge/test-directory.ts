import type { AccessRule, EdgeDirectory, IngressRule, Tunnel } from "../contracts.ts";

/** An edge directory for tests, which they change as the API would. */
export class TestDirectory implements EdgeDirectory {
  readonly routes = new Map<string, string | null>();
  readonly records = new Map<string, { type: string; content: string; proxied: boolean }>();
  readonly tunnels = new Map<string, Tunnel>();
  readonly workersDevHosts = new Map<string, string>();
  /** Access applications by `<hostname><path>`; one covers every path that begins with its own. */
  readonly applications = new Map<string, AccessRule>();
  /** Ids of Access service tokens by `<client id> <client secret>`. */
  readonly serviceTokens = new Map<string, string>();
  readonly teamDomain = "test.cloudflareaccess.com";
  readonly #listeners: ((tunnelId: string) => void)[] = [];

  route(hostname: string) {
    const script = this.routes.get(hostname);
    return script === undefined ? undefined : { script };
  }

  dns(hostname: string) {
    return this.records.get(hostname);
  }

  tunnel(id: string) {
    return this.tunnels.get(id);
  }

  workersDev(hostname: string) {
    return this.workersDevHosts.get(hostname);
  }

  access(hostname: string, path: string) {
    const [found] = [...this.applications]
      .filter(([covered]) => `${hostname}${path}`.startsWith(covered))
      .sort(([a], [b]) => b.length - a.length);
    return found?.[1];
  }

  serviceToken(clientId: string, clientSecret: string) {
    return this.serviceTokens.get(`${clientId} ${clientSecret}`);
  }

  onTunnelChange(listener: (tunnelId: string) => void) {
    this.#listeners.push(listener);
  }

  /** Sets a tunnel's rules, as a PUT of its configuration does; undefined deletes the tunnel. */
  setIngress(id: string, ingress: IngressRule[] | undefined) {
    const configVersion = (this.tunnels.get(id)?.configVersion ?? 0) + 1;
    if (ingress === undefined) this.tunnels.delete(id);
    else this.tunnels.set(id, { id, accountId: "account", secret: SECRET, ingress, configVersion });
    for (const listener of this.#listeners) listener(id);
  }
}

const SECRET = Buffer.from("a tunnel's secret of 32 bytes ..").toString("base64");

/** The token of a test tunnel. */
export function testToken(tunnelId: string, secret = SECRET): string {
  return Buffer.from(JSON.stringify({ a: "account", t: tunnelId, s: secret })).toString("base64");
}
