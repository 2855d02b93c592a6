import type { BrokerEnv } from "../config.ts";
import { secretsIn } from "./secrets.ts";

/** The organisation's own credential of a service, for people who have not connected theirs. */
export function sharedCredential(env: BrokerEnv, service: string): { token: string } | undefined {
  const token = secretsIn(env.SHARED_CONNECTIONS)[service];
  return token === undefined ? undefined : { token };
}
