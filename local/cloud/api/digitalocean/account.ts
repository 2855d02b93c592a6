import { createHash } from "node:crypto";
import { type Context, Hono } from "hono";
import { type Fields, readFields, requiredText } from "./body.ts";
import { notFound, page, unprocessable } from "./envelope.ts";
import type { DigitalOceanContext, SshKey } from "./records.ts";

/** `/v2/account` and `/v2/account/keys` (DigitalOcean API, Account and SSH Keys). */
export function accountRoutes(context: DigitalOceanContext): Hono {
  const { keys } = context;
  const key = (c: Context): SshKey => {
    const found = findSshKey(context, c.req.param("key") ?? "");
    if (!found) throw notFound();
    return found;
  };
  return new Hono()
    .get("/", (c) =>
      c.json({
        account: {
          droplet_limit: 25,
          floating_ip_limit: 5,
          reserved_ip_limit: 5,
          volume_limit: 100,
          email: "local@example.com",
          name: "Local stack",
          uuid: "00000000000040008000000000000001",
          email_verified: true,
          status: "active",
          status_message: "",
          team: { uuid: "00000000000040008000000000000002", name: "Local stack" },
        },
      }),
    )
    .get("/keys", (c) => page(c, "ssh_keys", keys.list().map(describe)))
    .post("/keys", async (c) => {
      const body = await readFields(c);
      const name = requiredText(body, "name");
      const public_key = requiredText(body, "public_key");
      const fingerprint = fingerprintOf(public_key);
      if (keys.find((other) => other.fingerprint === fingerprint)) {
        throw unprocessable("SSH Key is already in use on your account");
      }
      const made = keys.put({ id: String(context.next("key")), name, public_key, fingerprint });
      return c.json({ ssh_key: describe(made) }, 201);
    })
    .get("/keys/:key", (c) => c.json({ ssh_key: describe(key(c)) }))
    .put("/keys/:key", async (c) => {
      const name = requiredText(await readFields(c), "name");
      return c.json({ ssh_key: describe(keys.put({ ...key(c), name })) });
    })
    .delete("/keys/:key", (c) => {
      keys.delete(key(c).id);
      return c.body(null, 204);
    });
}

/** @param idOrFingerprint either names a key, in every place of the API that takes one */
export function findSshKey({ keys }: DigitalOceanContext, idOrFingerprint: string | number): SshKey | undefined {
  return keys.get(String(idOrFingerprint)) ?? keys.find((one) => one.fingerprint === idOrFingerprint);
}

function describe({ id, ...key }: SshKey): Fields {
  return { id: Number(id), ...key };
}

/** MD5 of the key's blob, as `ssh-keygen -l -E md5` writes it (RFC 4716, section 4). */
function fingerprintOf(publicKey: string): string {
  const [type = "", encoded = ""] = publicKey.trim().split(/\s+/);
  const blob = Buffer.from(encoded, "base64");
  // RFC 4253, section 6.6: the blob begins with the length and the name of its type.
  const named = blob.length > 4 ? blob.subarray(4, 4 + blob.readUInt32BE(0)).toString() : "";
  if (type === "" || named !== type) throw unprocessable("Key invalid, key should be of the format `ssh-rsa AAAA...`");
  const digest = createHash("md5").update(blob).digest("hex");
  return digest.match(/../g)?.join(":") ?? "";
}
