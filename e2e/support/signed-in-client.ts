import { Client as ModernClient, StreamableHTTPClientTransport as ModernTransport } from "@modelcontextprotocol/client";
import { Client as LegacyClient } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport as LegacyTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { McpClient } from "../../workers/oauth-broker/testing/service-client.ts";
import { OAuthClient } from "./oauth-client.ts";
import { allow, REDIRECT_URI } from "./sign-in.ts";

export type Sdk = "v1" | "v2";

/** A client of one of the SDKs that has signed a person in itself, from the MCP URL alone, and stays connected. */
export interface SignedInClient {
  client: McpClient;
  /** Whether the SDK had to sign the person in, or to refresh the token, since it connected. */
  askedAgain(): boolean;
}

/** @param url of the MCP endpoint @param person one of the stand-in's people */
export async function signedInClient(sdk: Sdk, url: URL, person = "ada"): Promise<SignedInClient> {
  const oauth = new OAuthClient(`An application of the ${sdk} SDK`, REDIRECT_URI);
  const first = connection(sdk, url, oauth);
  const refused = await first.connect().then(
    () => new Error(`${url} let a client in that nobody had signed in`),
    (error: Error) => error,
  );
  if (!oauth.authorizationUrl) throw refused;
  const callback = new URL(await allow(oauth.authorizationUrl.href, { person }));
  await first.finish(callback.searchParams);
  oauth.authorizationUrl = undefined;
  const { client, connect } = connection(sdk, url, oauth);
  await connect();
  const token = oauth.tokens()!.access_token;
  return {
    client,
    askedAgain: () => oauth.authorizationUrl !== undefined || oauth.tokens()?.access_token !== token,
  };
}

function connection(sdk: Sdk, url: URL, authProvider: OAuthClient) {
  if (sdk === "v1") {
    const transport = new LegacyTransport(url, { authProvider });
    const client = new LegacyClient({ name: "e2e", version: "1" });
    const finish = (parameters: URLSearchParams) => transport.finishAuth(parameters.get("code")!);
    return { client, finish, connect: () => client.connect(transport) };
  }
  const transport = new ModernTransport(url, { authProvider });
  const client = new ModernClient({ name: "e2e", version: "1" }, { versionNegotiation: { mode: "auto" } });
  const finish = (parameters: URLSearchParams) => transport.finishAuth(parameters);
  return { client, finish, connect: () => client.connect(transport) };
}
