/** n8n's own web API, as its pages use it: what a person does there, without the clicks. */

const OWNER = {
  email: "owner@example.com",
  firstName: "Olivia",
  lastName: "Owner",
  password: "Correct-horse-1",
};

/** What the header credential of the test's workflow holds. */
export const WEBHOOK_KEY = "webhook-key-7f3a";

export class N8nClient {
  readonly url: string;
  #cookie = "";

  /** @param url public origin of n8n */
  constructor(url: string) {
    this.url = url;
  }

  /** Makes the owner's account, as whoever opens a new n8n first is asked to. */
  async setUpOwner(): Promise<void> {
    await this.ask("POST", "/rest/owner/setup", OWNER);
  }

  async signIn(): Promise<void> {
    await this.ask("POST", "/rest/login", { emailOrLdapLoginId: OWNER.email, password: OWNER.password });
  }

  /**
   * Makes a workflow that answers `{ sum, got }` to whoever posts to its webhook with the right key, which is a credential
   * that n8n keeps encrypted.
   *
   * @returns the workflow's id
   */
  async makeWebhook(path: string): Promise<string> {
    const header = { name: "x-key", value: WEBHOOK_KEY };
    const credential = await this.ask<Saved>("POST", "/rest/credentials", {
      name: `key of ${path}`,
      type: "httpHeaderAuth",
      data: header,
    });
    const node = (name: string, type: string, typeVersion: number, at: number, more: object) => ({
      id: `${path}-${at}`,
      name,
      type: `n8n-nodes-base.${type}`,
      typeVersion,
      position: [at * 200, 0],
      ...more,
    });
    const to = (name: string) => ({ main: [[{ node: name, type: "main", index: 0 }]] });
    const workflow = await this.ask<Saved>("POST", "/rest/workflows", {
      name: path,
      settings: { executionOrder: "v1", availableInMCP: true },
      nodes: [
        node("Webhook", "webhook", 2, 0, {
          webhookId: path,
          parameters: {
            httpMethod: "POST",
            path,
            authentication: "headerAuth",
            responseMode: "responseNode",
            options: {},
          },
          credentials: { httpHeaderAuth: { id: credential.id, name: `key of ${path}` } },
        }),
        node("Code", "code", 2, 1, {
          parameters: { jsCode: "return [{ json: { sum: 1 + 2, got: $input.first().json.body } }];" },
        }),
        node("Respond", "respondToWebhook", 1.1, 2, {
          parameters: { respondWith: "json", responseBody: "={{ JSON.stringify($json) }}", options: {} },
        }),
      ],
      connections: { Webhook: to("Code"), Code: to("Respond") },
    });
    await this.ask("POST", `/rest/workflows/${workflow.id}/activate`, { versionId: workflow.versionId });
    return workflow.id;
  }

  /** Posts to a webhook; undefined as the key sends none. */
  async callWebhook(path: string, body: object, key: string | undefined = WEBHOOK_KEY) {
    const response = await fetch(`${this.url}/webhook/${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", ...(key && { "x-key": key }) },
      body: JSON.stringify(body),
    });
    return { status: response.status, body: await response.text() };
  }

  /** How often a workflow has run, as n8n's database has it. */
  async executions(workflowId: string): Promise<number> {
    const filter = encodeURIComponent(JSON.stringify({ workflowId }));
    return (await this.ask<{ count: number }>("GET", `/rest/executions?filter=${filter}`)).count;
  }

  /** A new access token for n8n's MCP server; an older one is no longer good. */
  async mcpToken(): Promise<string> {
    await this.ask("GET", "/rest/mcp/api-key");
    return (await this.ask<{ apiKey: string }>("POST", "/rest/mcp/api-key/rotate")).apiKey;
  }

  async ask<Data>(method: string, path: string, body?: object): Promise<Data> {
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: { "content-type": "application/json", cookie: this.#cookie },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`n8n answered ${method} ${path} with ${response.status}: ${text.slice(0, 500)}`);
    this.#cookie = response.headers.getSetCookie()[0]?.split(";")[0] ?? this.#cookie;
    return (JSON.parse(text) as { data: Data }).data;
  }
}

interface Saved {
  id: string;
  versionId: string;
}
