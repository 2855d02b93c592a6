import { describe, expect, it } from "vitest";
import { createN8nStandIn } from "./stand-in.ts";

const KEY = "n8n-a-key-for-the-test";
const logged: string[] = [];
const { handler } = createN8nStandIn({ apiKeys: [KEY], log: (line) => logged.push(line) });

async function get(path: string, key: string | undefined = KEY, headers: Record<string, string> = {}) {
  const response = await handler(
    new Request(`http://127.0.0.1:8782/n8n/api/v1${path}`, {
      headers: { ...(key && { "x-n8n-api-key": key }), ...headers },
    }),
  );
  // biome-ignore lint/suspicious/noExplicitAny: judged by the assertions
  return { status: response.status, body: (await response.json()) as any };
}

describe("the n8n stand-in", () => {
  it("takes its API keys in their own header only", async () => {
    expect((await get("/workflows")).status).toBe(200);
    expect(await get("/workflows", "another")).toEqual({ status: 401, body: { message: "unauthorized" } });
    expect(await get("/workflows", "", { authorization: `Bearer ${KEY}` })).toEqual({
      status: 401,
      body: { message: "'X-N8N-API-KEY' header required" },
    });
  });

  it("gives workflows page by page, until there is no cursor", async () => {
    const names: string[] = [];
    let cursor: string | null = "";
    while (cursor !== null) {
      const { body } = await get(cursor ? `/workflows?cursor=${encodeURIComponent(cursor)}` : "/workflows?limit=2");
      names.push(...body.data.map(({ name }: { name: string }) => name));
      cursor = body.nextCursor;
    }
    expect(names).toEqual(["Greet new members", "Weekly report", "Try out a webhook"]);
  });

  it("gives one workflow, with the fields that the published description requires", async () => {
    const { id } = (await get("/workflows?active=false")).body.data[0];
    expect((await get(`/workflows/${id}`)).body).toMatchObject({
      name: "Try out a webhook",
      nodes: [{ type: "n8n-nodes-base.webhook" }],
      connections: {},
      settings: {},
    });
    expect((await get("/workflows/nosuch")).status).toBe(404);
  });

  it("refuses what the API's own description does not allow", async () => {
    for (const query of ["limit=251", "limit=many", "cursor=nonsense", "colour=red"]) {
      expect((await get(`/workflows?${query}`)).status, query).toBe(400);
    }
  });

  it("says so when asked for what it does not have", async () => {
    expect((await get("/executions")).status).toBe(404);
    expect(logged).toEqual(["n8n stand-in: no such endpoint: GET /n8n/api/v1/executions"]);
  });
});
