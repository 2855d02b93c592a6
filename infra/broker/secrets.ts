import { createECDH, createHash } from "node:crypto";
import { type ServiceName, serviceNames } from "@hybrid-mcp/catalogue";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import type { Config } from "../config.ts";
import { kept } from "../stateful.ts";

/**
 * What the broker and those who ask it keep secret. Protected but for what the config may take away (products, older keys),
 * and there for a service that is switched off too: whatever is made anew, sessions, grants and connections stay good.
 */
export class BrokerSecrets extends pulumi.ComponentResource {
  /** With what a service on the droplet authenticates at the broker. */
  readonly ofService: Record<ServiceName, pulumi.Output<string>>;
  /** With what a product does, by its name. */
  readonly ofProduct: Record<string, pulumi.Output<string>>;
  /** Signs the cookie that remembers consent. */
  readonly consent: pulumi.Output<string>;
  /** AES-256 keys that seal connections, JSON; the first one seals. */
  readonly vaultKeys: pulumi.Output<string>;
  /** ES256 keys of service tokens as a list of JWKs, JSON; the first one signs. */
  readonly signingKeys: pulumi.Output<string>;

  constructor(config: Config) {
    super("hybrid-mcp:broker:Secrets", "broker-secrets");
    const { auth } = config;
    const password = (name: string, options: pulumi.CustomResourceOptions = {}) =>
      pulumi.secret(
        new random.RandomPassword(name, { length: 43, special: false }, { parent: this, ...options }).result,
      );
    // An older key may be taken away; the one in use may not.
    const key = (kind: string, id: string, at: number) =>
      pulumi.secret(
        new random.RandomBytes(
          `${kind}-key-${id}`,
          { length: 32 },
          { parent: this, ...(at === 0 && kept(config, `${kind}-key-${id}`)) },
        ).base64,
      );

    this.ofService = Object.fromEntries(
      serviceNames.map((service) => {
        const name = `${service}-service-secret`;
        return [service, password(name, kept(config, name))];
      }),
    ) as typeof this.ofService;
    this.ofProduct = Object.fromEntries(auth.products.map(({ name }) => [name, password(`${name}-product-secret`)]));
    this.consent = password("consent-secret", kept(config, "consent-secret"));
    this.vaultKeys = pulumi.secret(
      pulumi
        .all(auth.keys.map((id, at) => key("vault", id, at)))
        .apply((keys) => JSON.stringify(keys.map((key, i) => ({ id: auth.keys[i], key })))),
    );
    this.signingKeys = pulumi.secret(
      pulumi
        .all(auth.keys.map((id, at) => key("signing", id, at)))
        .apply((keys) => JSON.stringify(keys.map((key) => privateJwk(Buffer.from(key, "base64"))))),
    );
    this.registerOutputs();
  }
}

/**
 * The P-256 key with this private scalar, as a JWK (RFC 7518 section 6.2).
 *
 * @param scalar 32 random bytes; one in four thousand million is no scalar of the curve
 * @throws {Error} for such a one
 */
function privateJwk(scalar: Buffer) {
  const pair = createECDH("prime256v1");
  pair.setPrivateKey(scalar);
  const point = pair.getPublicKey();
  return {
    kty: "EC",
    crv: "P-256",
    x: point.subarray(1, 33).toString("base64url"),
    y: point.subarray(33).toString("base64url"),
    d: scalar.toString("base64url"),
    kid: createHash("sha256").update(point).digest("base64url").slice(0, 12),
  };
}
