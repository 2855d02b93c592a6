import type { BrokerEnv } from "../config.ts";
import { providerOf } from "../sign-in/providers.ts";
import { providerOfAccount } from "./person-record.ts";

/** The provider that an account is at, in words, e.g. `GitHub`. */
export function accountTitle(env: BrokerEnv, account: string): string {
  const name = providerOfAccount(account);
  return providerOf(env, name)?.provider.title ?? name;
}
