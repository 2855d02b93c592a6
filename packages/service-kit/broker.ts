import { ANSWER_TIMEOUT_MS, askedAgain } from "./asked-again.ts";
import type { AuditEvent, BrokerBinding, CallAnswer, Caller, CredentialAnswer } from "./broker-contract.ts";
import { httpBroker } from "./http-broker.ts";
import { recordEvent } from "./record-event.ts";

/** Where a service finds its broker: a binding on Cloudflare, an address and a secret on the droplet. */
export interface BrokerEnv {
  /** The broker's public origin, e.g. `https://auth.example.com`: an identifier, the same in both homes. */
  ISSUER: string;
  BROKER?: BrokerBinding;
  /** Origin at which a container dials the broker; it may differ from the issuer. */
  BROKER_URL?: string;
  /** The service's own secret at the broker. */
  SERVICE_SECRET?: string;
}

/** A call that the broker has let in. */
export interface Admission {
  call: Caller;
  /** What the service shows the upstream for this person; undefined for a service without connections. */
  credential(): Promise<CredentialAnswer | undefined>;
}

/** The broker, the same to a service in both homes. */
export interface Broker {
  /**
   * Whether a token is good for this service, and for what.
   *
   * @param resource the service's own, e.g. `https://coda-mcp.example.com/mcp`
   * @returns null for a token that is unknown, expired, revoked or for another resource
   * @throws when the broker does not answer
   */
  admit(resource: string, token: string): Promise<Admission | null>;
  /** Hands an event to the audit trail; it never fails, and never holds up the call. */
  record(event: AuditEvent, waitUntil: WaitUntil): void;
  /** Gives what is still to be sent another chance. */
  flush(waitUntil: WaitUntil): void;
}

/** Lets work go on after the answer. https://developers.cloudflare.com/workers/runtime-apis/context/#waituntil */
export type WaitUntil = (work: Promise<unknown>) => void;

/**
 * @param service name of the service that asks
 * @throws {Error} when the bindings name no broker
 */
export function brokerOf(env: BrokerEnv, service: string): Broker {
  if (env.BROKER) return boundBroker(env.BROKER);
  if (env.BROKER_URL && env.SERVICE_SECRET) {
    return httpBroker({ url: env.BROKER_URL, issuer: env.ISSUER, service, secret: env.SERVICE_SECRET });
  }
  throw new Error("The broker is not bound: set BROKER (a service binding), or BROKER_URL and SERVICE_SECRET.");
}

/** One RPC answers who may do what, and with which credential; another one, after the answer, tells the trail. */
function boundBroker(binding: BrokerBinding): Broker {
  return {
    async admit(resource, token) {
      const ask = () => binding.authorize(resource, token);
      const answer: CallAnswer | null = await askedAgain(ask, AbortSignal.timeout(ANSWER_TIMEOUT_MS));
      return answer && { call: answer.call, credential: async () => answer.credential };
    },
    record(event, waitUntil) {
      recordEvent(binding, event, waitUntil);
    },
    flush() {},
  };
}
