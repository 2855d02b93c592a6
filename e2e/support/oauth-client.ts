import type { OAuthClientProvider as ModernProvider } from "@modelcontextprotocol/client";
import type { OAuthClientProvider as LegacyProvider } from "@modelcontextprotocol/sdk/client/auth.js";

type ClientInformation = Awaited<ReturnType<ModernProvider["clientInformation"]>>;
type DiscoveryState = Awaited<ReturnType<NonNullable<ModernProvider["discoveryState"]>>>;
type Tokens = Awaited<ReturnType<ModernProvider["tokens"]>>;

/**
 * What an application gives the SDK of either line to sign in with: everything is kept in memory, and the SDK does the
 * rest (discovery, registration, PKCE, exchange, refresh).
 */
export class OAuthClient implements ModernProvider, LegacyProvider {
  readonly redirectUrl: string;
  readonly clientMetadata;
  /** Where the SDK sent the person last. */
  authorizationUrl: URL | undefined;
  #information: ClientInformation;
  #tokens: Tokens;
  #discovery: DiscoveryState;
  #verifier = "";

  /** @param name as the consent page shows it */
  constructor(name: string, redirectUrl: string) {
    this.redirectUrl = redirectUrl;
    this.clientMetadata = {
      client_name: name,
      redirect_uris: [redirectUrl],
      grant_types: ["authorization_code", "refresh_token"],
      response_types: ["code"],
      token_endpoint_auth_method: "none",
    };
  }

  clientInformation() {
    return this.#information;
  }

  saveClientInformation(information: NonNullable<ClientInformation>) {
    this.#information = information;
  }

  tokens() {
    return this.#tokens;
  }

  saveTokens(tokens: NonNullable<Tokens>) {
    this.#tokens = tokens;
  }

  /** As an application does whose person asks to sign in anew. */
  forgetTokens() {
    this.#tokens = undefined;
  }

  redirectToAuthorization(url: URL) {
    this.authorizationUrl = url;
  }

  saveCodeVerifier(verifier: string) {
    this.#verifier = verifier;
  }

  codeVerifier() {
    return this.#verifier;
  }

  saveDiscoveryState(state: NonNullable<DiscoveryState>) {
    this.#discovery = state;
  }

  discoveryState() {
    return this.#discovery;
  }
}
