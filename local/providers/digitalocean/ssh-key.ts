import type { ResourceType } from "../core/resource-type.ts";
import { plainResource } from "./plain.ts";

/** https://docs.digitalocean.com/reference/api/reference/ssh-keys/ */
export const sshKey: ResourceType = plainResource({
  autoName: true,
  inputs: {
    name: {},
    publicKey: { required: true, replaces: true, same: (wanted, actual) => trimmed(wanted) === trimmed(actual) },
  },
  outputs: ["fingerprint"],
  collection: () => "/account/keys",
  one: "ssh_key",
  many: "ssh_keys",
  named: "name",
});

/** A key read from a file ends with a line break, which the API takes off. */
function trimmed(key: unknown): string {
  return String(key).trim();
}
