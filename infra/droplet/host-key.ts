import { createPrivateKey, createPublicKey } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import type { Config } from "../config.ts";
import { kept } from "../stateful.ts";

const KEY_TYPE = "ssh-ed25519";

/** Private and public half of an SSH host key, each as OpenSSH keeps it in a file. */
export interface HostKeyPair {
  privateKey: string;
  publicKey: string;
}

/**
 * The droplet's SSH host key. It is made here and handed to the droplet, so that from the first connection on nobody else can
 * answer in its place. Protected, and there while no droplet is: one that is made anew has the same key.
 */
export class HostKey extends pulumi.ComponentResource {
  /** Secret: what the droplet gets. */
  readonly pair: pulumi.Output<HostKeyPair>;
  /** `ssh-ed25519 <base64>`: what a client pins. */
  readonly publicKey: pulumi.Output<string>;

  constructor(config: Pick<Config, "allowDataLoss">) {
    super("hybrid-mcp:droplet:HostKey", "host-key");
    const options = { parent: this, ...kept(config, "host-key-seed") };
    const { base64 } = new random.RandomBytes("host-key-seed", { length: 32 }, options);
    this.pair = pulumi.secret(base64.apply((seed) => ed25519KeyPair(Buffer.from(seed, "base64"))));
    this.publicKey = pulumi.unsecret(this.pair.publicKey);
    this.registerOutputs();
  }
}

/**
 * The Ed25519 key of a seed (RFC 8032 section 5.1.5) as OpenSSH writes it: `PROTOCOL.key` of openssh-portable, not encrypted.
 * Debian 12's OpenSSH (9.2) takes no other format for this kind of key. The same seed gives the same text, which sshpk and
 * ssh-keygen do not: their check number is random, and a droplet whose user data changes is replaced.
 *
 * @param seed 32 bytes
 */
export function ed25519KeyPair(seed: Buffer): HostKeyPair {
  // RFC 8410 section 7: the seed in PKCS #8.
  const prefix = Buffer.from("302e020100300506032b657004220420", "hex");
  const pkcs8 = createPrivateKey({ key: Buffer.concat([prefix, seed]), format: "der", type: "pkcs8" });
  const point = Buffer.from(createPublicKey(pkcs8).export({ format: "jwk" }).x!, "base64url");
  const blob = Buffer.concat([sshString(KEY_TYPE), sshString(point)]);

  // Only an encrypted key is checked by it: any number will do, twice.
  const check = Buffer.alloc(8);
  const fields = [check, blob, sshString(Buffer.concat([seed, point])), sshString("")];
  const length = fields.reduce((sum, field) => sum + field.length, 0);
  const padding = Buffer.from(Array.from({ length: (8 - (length % 8)) % 8 }, (_, at) => at + 1));
  const file = Buffer.concat([
    Buffer.from("openssh-key-v1\0"),
    sshString("none"),
    sshString("none"),
    sshString(""),
    sshNumber(1),
    sshString(blob),
    sshString(Buffer.concat([...fields, padding])),
  ]);
  const lines = file.toString("base64").match(/.{1,70}/g)!;
  return {
    privateKey: ["-----BEGIN OPENSSH PRIVATE KEY-----", ...lines, "-----END OPENSSH PRIVATE KEY-----", ""].join("\n"),
    publicKey: `${KEY_TYPE} ${blob.toString("base64")}`,
  };
}

/** RFC 4251 section 5, `string`. */
function sshString(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([sshNumber(bytes.length), bytes]);
}

/** RFC 4251 section 5, `uint32`. */
function sshNumber(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
