import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect } from "vitest";
import type { GithubToken } from "../../../local/standins/github/access.ts";
import { checked } from "../../../local/standins/github/checked.ts";
import { createGithubStandIn } from "../../../local/standins/github/stand-in.ts";
import * as service from "../../oauth-broker/testing/service-client.ts";
import { ServiceHarness } from "../../testing/service-harness.ts";

export interface GithubServiceOptions {
  /** Whose account is connected; default ada, who owns the seeded repositories, with the scopes `repo`, `delete_repo`, `user`. */
  account?: Omit<GithubToken, "token">;
  /** Of the service, e.g. `TOOLS`. */
  bindings?: Record<string, string>;
  /** What clients send; default `x-mcp-toolsets: all`. */
  headers?: Record<string, string>;
}

/**
 * The service in front of a stand-in of its own, for the tests of a file. Every request that reaches the stand-in and
 * every answer of it has to be as GitHub describes it.
 */
export function githubService({ account, bindings, headers = { "x-mcp-toolsets": "all" } }: GithubServiceOptions = {}) {
  let harness: ServiceHarness;
  let client: service.McpClient;
  let problems: string[] = [];

  beforeAll(async () => {
    const token = "github-token";
    const scopes = ["repo", "delete_repo", "user"];
    const standIn = createGithubStandIn({ tokens: [{ login: "ada", scopes, ...account, token }], log: () => {} });
    const judged = checked(standIn.handler);
    problems = judged.problems;
    harness = await ServiceHarness.start({
      service: "github",
      folder: fileURLToPath(new URL("..", import.meta.url)),
      standIn: { handler: judged.handler, faults: standIn.faults },
      basePath: "/api",
      urlBinding: "GITHUB_API_URL",
      token,
      ...(bindings && { bindings }),
      headers,
      connection: (apiUrl, siteUrl) => ({ github: { clientId: "github-connection", siteUrl, apiUrl } }),
    });
    client = await harness.client();
  });
  afterAll(async () => {
    await harness?.close();
    expect(problems).toEqual([]);
  });

  return {
    harness: () => harness,
    client: () => client,
    /** Calls a tool, which has to succeed. @returns its structured answer */
    call: <Answer>(name: string, args?: Record<string, unknown>) => service.call<Answer>(client, name, args),
    /** Calls a tool, which has to fail. @returns what the model is told */
    refusal: (name: string, args?: Record<string, unknown>) => service.refusal(client, name, args),
  };
}
