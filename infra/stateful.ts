import { serviceNames } from "@hybrid-mcp/catalogue";
import type { Config } from "./config.ts";

/**
 * What cannot be made again, by its resource's name in the program: what it is for people, and what is lost with it. Each is
 * protected: the engine refuses to delete or replace it unless `allowDataLoss` names it.
 */
const table: Record<string, Stateful> = {
  sessions: {
    title: "the KV namespace with sign-ins",
    lost: "everybody is signed out, and what people allowed to clients and their connected accounts are gone",
  },
  audit: { title: "the D1 database with the audit trail", lost: "the audit trail up to now is gone" },
  "oauth-broker-script": {
    title: "the broker's Worker with its Durable Objects",
    lost: "people's connected accounts are gone: everybody connects them again",
  },
  tunnel: {
    title: "the tunnel",
    lost: "its id and token are gone: no hostname leads to the droplet until every record and connector has the new ones",
  },
  data: { title: "the data volume", lost: "everything that the containers keep is gone: n8n's database and files" },
  droplet: { title: "the droplet with data on its own disk", lost: "everything in its Docker volumes is gone" },
  "n8n-data": { title: "the Docker volume with n8n's files", lost: "n8n's files are gone" },
  "postgres-data": {
    title: "the Docker volume with n8n's database",
    lost: "n8n's workflows, executions and credentials are gone",
  },
  "backups-data": { title: "the Docker volume with n8n's backups", lost: "every backup in it is gone" },
  "firecrawl-postgres-data": {
    title: "the Docker volume with the Firecrawl engine's jobs",
    lost: "jobs that are queued or done are gone",
  },
  "n8n-encryption-key": {
    title: "the key of n8n's credentials",
    lost: "credentials that n8n has stored cannot be read any more, unless a backup has the key",
  },
  "n8n-database-password": {
    title: "the password of n8n's database",
    lost: "n8n cannot open its database until that has the new one",
  },
  "backup-passphrase": {
    title: "the passphrase of n8n's backups",
    lost: "backups that were made with it cannot be read any more, unless it was written down elsewhere",
  },
  "host-key-seed": {
    title: "the droplet's SSH host key",
    lost: "a droplet that is there is replaced, to have the new one",
  },
  "consent-secret": {
    title: "the key of remembered consent",
    lost: "people are asked once more what they allow",
  },
  "firecrawl-postgres-password": {
    title: "the password of the Firecrawl engine's database",
    lost: "the engine cannot open its database until that has the new one",
  },
  "firecrawl-rabbitmq-password": {
    title: "the password of the Firecrawl engine's queue",
    lost: "nothing that is kept: the queue is filled again from the database",
  },
  "firecrawl-bull-auth-key": {
    title: "the key of the Firecrawl engine's queue page",
    lost: "nothing that is kept",
  },
  ...Object.fromEntries(
    serviceNames.map((service) => [
      `${service}-service-secret`,
      {
        title: `the secret of ${service} on the droplet`,
        lost: "nothing that is kept; its calls fail until broker and container both have the new one",
      },
    ]),
  ),
};

/** Keys are named in the config: `auth.keys`. */
const keys: [pattern: RegExp, describe: (id: string) => Stateful][] = [
  [
    /^vault-key-(.+)$/,
    (id) => ({
      title: `the key "${id}" that seals connections`,
      lost: "accounts that were connected while it was the first key have to be connected again, unless they were renewed since",
    }),
  ],
  [
    /^signing-key-(.+)$/,
    (id) => ({
      title: `the key "${id}" that signs service tokens`,
      lost: "nothing that is kept: such tokens are good for a minute",
    }),
  ],
];

export interface Stateful {
  /** What it is, for people. */
  title: string;
  /** What is lost when it is deleted or replaced. */
  lost: string;
}

/** @returns undefined for a resource that keeps nothing */
export function statefulNamed(name: string): Stateful | undefined {
  if (Object.hasOwn(table, name)) return table[name];
  for (const [pattern, describe] of keys) {
    const id = pattern.exec(name)?.[1];
    if (id !== undefined) return describe(id);
  }
  return undefined;
}

/** Whether it is a key that `auth.keys` names, and may take away when another is in use. */
export function isKeyOfConfig(name: string): boolean {
  return keys.some(([pattern]) => pattern.test(name));
}

/**
 * Before the name of a resource that is none of them: of those a preview cannot say whether data is lost. It is written out, so
 * that a name that is mistyped does not count as one.
 */
const UNLISTED = "unlisted:";

/** How `allowDataLoss` names a resource. */
export function allowedAs(name: string): string {
  return statefulNamed(name) ? name : `${UNLISTED}${name}`;
}

/** Whether `allowDataLoss` may name it. */
export function canBeAllowed(name: string): boolean {
  return statefulNamed(name) !== undefined || (name.startsWith(UNLISTED) && name.length > UNLISTED.length);
}

/** For a message about a name that is none of them. */
export const statefulNames: readonly string[] = [
  ...Object.keys(table),
  "vault-key-<id>",
  "signing-key-<id>",
  `${UNLISTED}<name>`,
];

/**
 * Options of a resource that keeps what cannot be made again.
 *
 * @param name of the resource; in the table above, so that a preview can say what would be lost
 */
export function kept({ allowDataLoss }: Pick<Config, "allowDataLoss">, name: string): { protect: boolean } {
  if (!statefulNamed(name)) throw new Error(`infra/stateful.ts does not say what is lost with ${name}.`);
  return { protect: !allowDataLoss.includes(name) };
}
