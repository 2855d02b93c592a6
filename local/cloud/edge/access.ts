import type { IncomingHttpHeaders } from "node:http";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import type { AccessRule, EdgeDirectory } from "../contracts.ts";

/** What Access does with a request. */
export type AccessDecision =
  | { kind: "pass"; headers: string[] }
  | { kind: "answer"; status: number; headers: Record<string, string>; body: string };

/** An assertion is made for one request. */
const ASSERTION_SECONDS = 60;

/**
 * Cloudflare Access in front of the edge's hostnames, as far as programs are concerned: bypass and service tokens. People cannot
 * sign in here: there is no login page behind the redirect.
 *
 * - Service tokens by the strict rules, which new organisations have: credentials that are wrong are answered 401, good ones
 *   that no policy names 403
 *   (https://developers.cloudflare.com/cloudflare-one/access-controls/service-credentials/service-tokens/).
 * - What lets in somebody known gets `Cf-Access-Jwt-Assertion`, signed with a key of this process; its public half is at
 *   `https://<team>.cloudflareaccess.com/cdn-cgi/access/certs`
 *   (https://developers.cloudflare.com/cloudflare-one/access-controls/applications/http-apps/authorization-cookie/application-token/).
 */
export class Access {
  readonly #directory: EdgeDirectory;
  readonly #keys = signingKeys();

  constructor(directory: EdgeDirectory) {
    this.#directory = directory;
  }

  /**
   * @param hostname lower case, without a port
   * @param url of the request; its path is normalised, so that dots lead nowhere else than they seem to
   */
  async decide(hostname: string, url: URL, headers: IncomingHttpHeaders): Promise<AccessDecision> {
    if (hostname === this.#directory.teamDomain) return this.#team(url.pathname);
    const rule = this.#directory.access(hostname, url.pathname);
    if (!rule) return { kind: "pass", headers: [] };
    if (rule.policies.some(({ decision, everyone }) => decision === "bypass" && everyone)) {
      return { kind: "pass", headers: [] };
    }
    const clientId = single(headers["cf-access-client-id"]);
    const clientSecret = single(headers["cf-access-client-secret"]);
    if (clientId === undefined && clientSecret === undefined) return this.#askToSignIn(rule, hostname, url);
    const tokenId = clientId && clientSecret && this.#directory.serviceToken(clientId, clientSecret);
    if (!tokenId) return refused(401, "Unauthorized");
    if (!isNamed(rule, tokenId)) return refused(403, "Forbidden");
    return { kind: "pass", headers: ["Cf-Access-Jwt-Assertion", await this.#assertion(rule, clientId)] };
  }

  #askToSignIn({ aud, policies, serviceAuth401 }: AccessRule, hostname: string, url: URL): AccessDecision {
    const takesPeople = policies.some(({ decision }) => decision === "allow");
    if (serviceAuth401 && !takesPeople) return refused(401, "Unauthorized");
    const login = new URL(`https://${this.#directory.teamDomain}/cdn-cgi/access/login/${hostname}`);
    login.searchParams.set("kid", aud);
    login.searchParams.set("redirect_url", url.pathname + url.search);
    return { kind: "answer", status: 302, headers: { location: login.href, ...UNCACHED }, body: "" };
  }

  async #team(path: string): Promise<AccessDecision> {
    if (path !== "/cdn-cgi/access/certs") return refused(501, "Nobody can sign in to the local edge's Access.");
    const { publicJwk } = await this.#keys();
    const body = JSON.stringify({ keys: [publicJwk] });
    return { kind: "answer", status: 200, headers: { "content-type": "application/json" }, body };
  }

  async #assertion({ aud }: AccessRule, clientId: string): Promise<string> {
    const { privateKey, publicJwk } = await this.#keys();
    return new SignJWT({ type: "app", common_name: clientId, sub: "" })
      .setProtectedHeader({ alg: "RS256", kid: publicJwk.kid!, typ: "JWT" })
      .setAudience([aud])
      .setIssuer(`https://${this.#directory.teamDomain}`)
      .setIssuedAt()
      .setExpirationTime(`${ASSERTION_SECONDS}s`)
      .sign(privateKey);
  }
}

const UNCACHED = { "cache-control": "private, max-age=0, no-store" };

function refused(status: number, body: string): AccessDecision {
  return { kind: "answer", status, headers: { "content-type": "text/plain; charset=UTF-8", ...UNCACHED }, body };
}

/** Node joins what is sent twice with a comma, which is in no credential. */
const single = (value: string | string[] | undefined) => (Array.isArray(value) ? value.join() : value);

function isNamed({ policies }: AccessRule, tokenId: string): boolean {
  return policies.some(
    ({ decision, serviceTokens }) =>
      decision === "non_identity" && (serviceTokens === "any" || serviceTokens.includes(tokenId)),
  );
}

/** Makes the key when it is first needed. */
function signingKeys() {
  let made: ReturnType<typeof make> | undefined;
  const make = async () => {
    const { privateKey, publicKey } = await generateKeyPair("RS256");
    return { privateKey, publicJwk: { ...(await exportJWK(publicKey)), kid: "local", alg: "RS256", use: "sig" } };
  };
  return () => {
    made ??= make();
    return made;
  };
}
