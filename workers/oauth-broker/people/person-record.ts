import type { Person } from "@hybrid-mcp/service-kit/broker-contract";
import type { BrokerEnv } from "../config.ts";
import { sha256 } from "../secret-handle.ts";

/** What an account told of its holder when it last signed in. */
export interface Account {
  /** `<provider>-<subject>`. */
  id: string;
  /** Unix time in seconds. */
  toldAt: number;
  name: string;
  login?: string;
  /** Verified addresses only, in lower case. */
  emails: string[];
  organizations: string[];
  teams: string[];
}

/** Somebody with the accounts that are linked: `person:<id>` in KV. */
export interface PersonRecord {
  /** The id of the account that signed in first; it never changes. */
  id: string;
  accounts: Account[];
}

/** How long what an account told counts without its signing in again, in seconds. */
const FACTS_COUNT_FOR = 30 * 86_400;
/** A record that says nothing new is written again at most this often, in seconds. */
const RENEW_AFTER = 86_400;

const keyOf = (id: string) => `person:${id}`;
const aliasOf = (account: string) => `account:${account}`;
const addressOf = async (email: string) => `person-by-email:${await sha256(email)}`;

export function readRecord(env: BrokerEnv, id: string): Promise<PersonRecord | null> {
  return env.OAUTH_KV.get<PersonRecord>(keyOf(id), "json");
}

/** The record of whoever has this account. Only an account that was linked to an older one has an entry of its own. */
export async function recordOfAccount(env: BrokerEnv, account: string): Promise<PersonRecord | null> {
  return readRecord(env, (await env.OAUTH_KV.get<string>(aliasOf(account), "json")) ?? account);
}

/** Somebody as the policy looks at them: what any of their accounts has told. */
export function asPerson({ id, accounts }: PersonRecord): Person {
  const all = <Value>(of: (account: Account) => Value[]) => [...new Set(accounts.flatMap(of))];
  const login = accounts.find((account) => account.login !== undefined)?.login;
  return {
    id,
    name: accounts[0]!.name,
    accounts: accounts.map((account) => account.id),
    ...(login !== undefined && { login }),
    emails: all(({ emails }) => emails),
    organizations: all(({ organizations }) => organizations),
    teams: all(({ teams }) => teams),
  };
}

/** An account as a provider has just described it. */
export function accountOf({ id, name, login, emails, organizations, teams }: Person, toldAt: number): Account {
  return { id, toldAt, name, ...(login !== undefined && { login }), emails, organizations, teams };
}

/**
 * Keeps what an account has just told, in place of what it told before. What another account of the person told long ago
 * is dropped: who has left an organisation must not stay in it by signing in with the other account for ever.
 *
 * One KV write a day, or when something is new; one more for each address that is new.
 */
export async function keep(env: BrokerEnv, record: PersonRecord, account: Account): Promise<PersonRecord> {
  const others = record.accounts.map((each) => (account.toldAt - each.toldAt > FACTS_COUNT_FOR ? emptied(each) : each));
  const at = others.findIndex(({ id }) => id === account.id);
  const known = record.accounts[at];
  const kept: PersonRecord = { id: record.id, accounts: at === -1 ? [...others, account] : others.with(at, account) };
  const isNews = factsOf(kept) !== factsOf(record);
  if (known && !isNews && account.toldAt - known.toldAt < RENEW_AFTER) return record;
  await env.OAUTH_KV.put(keyOf(record.id), JSON.stringify(kept));
  for (const email of account.emails.filter((each) => !known?.emails.includes(each))) {
    const holders = await holdersOf(env, email);
    if (!holders.includes(record.id)) {
      await env.OAUTH_KV.put(await addressOf(email), JSON.stringify([...holders, record.id]));
    }
  }
  return kept;
}

/** Makes an account one of a person's for good. One KV write besides those of {@link keep}. */
export async function attach(env: BrokerEnv, record: PersonRecord, account: Account): Promise<PersonRecord> {
  await env.OAUTH_KV.put(aliasOf(account.id), JSON.stringify(record.id));
  return keep(env, record, account);
}

/** Ids of those who have, or had, a verified address, the first one first. */
export async function holdersOf(env: BrokerEnv, email: string): Promise<string[]> {
  return (await env.OAUTH_KV.get<string[]>(await addressOf(email), "json")) ?? [];
}

/** The provider that an account is at. */
export function providerOfAccount(account: string): string {
  return account.slice(0, account.indexOf("-"));
}

function factsOf({ accounts }: PersonRecord): string {
  return JSON.stringify(accounts.map((account) => ({ ...account, toldAt: 0 })));
}

function emptied({ id, toldAt, name }: Account): Account {
  return { id, toldAt, name, emails: [], organizations: [], teams: [] };
}
