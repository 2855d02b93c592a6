import type { BrokerEnv, ProviderName } from "../config.ts";
import { github } from "./github.ts";
import { google } from "./google.ts";
import type { SignInProvider } from "./provider.ts";

/** The ways to sign in that the stack config offers. */
export function providers(env: BrokerEnv): Partial<Record<ProviderName, SignInProvider>> {
  const { github: gitHub, google: goog } = env.BROKER_CONFIG.providers;
  return {
    ...(gitHub && { github: github(gitHub, env.GITHUB_CLIENT_SECRET ?? "") }),
    ...(goog && { google: google(goog, env.GOOGLE_CLIENT_SECRET ?? "") }),
  };
}

/** One of them by a name that came from a browser. */
export function providerOf(env: BrokerEnv, name: string): { name: ProviderName; provider: SignInProvider } | undefined {
  const offered = providers(env);
  const provider = Object.hasOwn(offered, name) && offered[name as ProviderName];
  return provider ? { name: name as ProviderName, provider } : undefined;
}
