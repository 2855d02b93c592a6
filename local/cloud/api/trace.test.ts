import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { account_id, startTestApi, type TestApi, zone_id } from "./test-api.ts";

interface Recorded {
  method: string;
  path: string;
  type?: string;
  body?: unknown;
}

let cloud: TestApi;
beforeEach(async () => {
  cloud = await startTestApi();
});
afterEach(() => cloud.close());

async function recorded(name: string): Promise<Recorded[]> {
  const text = await readFile(join(import.meta.dirname, "fixtures", name), "utf8");
  return text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Recorded);
}

/** Identifiers that the recording has from another server, and those that this one gives in their place. */
class Substitution {
  readonly #pairs = new Map<string, string>();

  learn(old: string, answered: unknown): void {
    this.#pairs.set(old, String(answered));
  }

  in(text: string): string {
    let result = text;
    for (const [old, answered] of this.#pairs) result = result.replaceAll(old, answered);
    return result;
  }
}

function formOf(text: string): FormData {
  const form = new FormData();
  const boundary = text.slice(0, text.indexOf("\r\n"));
  for (const part of text.split(boundary).slice(1, -1)) {
    const [head = "", ...rest] = part.slice(2).split("\r\n\r\n");
    const contents = rest.join("\r\n\r\n").replace(/\r\n$/, "");
    const name = /name="([^"]+)"/.exec(head)?.[1] ?? "";
    const type = /Content-Type: (.+)/.exec(head)?.[1]?.trim() ?? "";
    form.append(name, new File([contents], name, { type }));
  }
  return form;
}

test("every request of the official Cloudflare plugin, from up to destroy, is answered with success", async () => {
  const ids = new Substitution();
  ids.learn("ACCOUNT", account_id);
  ids.learn("ZONE", zone_id);
  const creations: [RegExp, string][] = [
    [/\/cfd_tunnel$/, "fb1eec73-c1c4-4eaf-add1-801814f6bf1f"],
    [/\/d1\/database$/, "ede39a4f-c3cb-4406-bb2a-7b6576118932"],
    [/\/kv\/namespaces$/, "40715d223d217a3c4156ad57b493e214"],
    [/\/dns_records$/, "6e65c0bae294754449a82828068c1147"],
    [/\/workers\/routes$/, "35dd8bc164e02de37b74994be623eec2"],
  ];
  const requests = await recorded("cloudflare.jsonl");
  expect(requests).toHaveLength(35);
  for (const { method, path, type, body } of requests) {
    const text = ids.in(typeof body === "string" ? body : JSON.stringify(body));
    const sent = type === "multipart/form-data" ? formOf(text) : text === "" ? undefined : text;
    const answer = await cloud.request(method, ids.in(path), sent);
    expect({ method, path, status: answer.status, success: answer.body.success }).toEqual({
      method,
      path,
      status: 200,
      success: true,
    });
    const created = method === "POST" && creations.find(([pattern]) => pattern.test(path));
    if (created) ids.learn(created[1], answer.body.result.id ?? answer.body.result.uuid);
  }
  expect(cloud.log).toEqual([]);
  // What the plugin sends no request for is gone with what it belonged to.
  expect(cloud.runtime.live.size).toBe(0);
  expect(cloud.runtime.crons.get("coda")).toEqual([]);
});

test("every request of the official DigitalOcean plugin, from up to destroy, is answered as it waits for", async () => {
  const ids = new Substitution();
  const creations: [RegExp, string, (body: TestAnswer) => unknown][] = [
    [/\/vpcs$/, "00000000-0000-4000-8000-000000001000", (body) => body.vpc.id],
    [/\/volumes$/, "00000000-0000-4000-8000-000000001001", (body) => body.volume.id],
    [/\/account\/keys$/, "/account/keys/1002", (body) => `/account/keys/${body.ssh_key.id}`],
    [/\/droplets$/, "1003", (body) => body.droplet.id],
    [/\/firewalls$/, "00000000-0000-4000-8000-000000001004", (body) => body.firewall.id],
    [/\/volumes\/[^/]+\/actions$/, "/v2/actions/1", (body) => `/v2/actions/${body.action.id}`],
  ];
  const expected: Record<string, number[]> = { POST: [201, 202], GET: [200], DELETE: [204] };
  let dropletDeleted = false;
  for (const { method, path, body } of await recorded("digitalocean.jsonl")) {
    const text = body === undefined ? undefined : ids.in(JSON.stringify(body));
    const answer = await cloud.request(method, ids.in(path), text);
    const isGone = dropletDeleted && method === "GET" && path === "/v2/droplets/1003";
    expect(isGone ? [404] : expected[method], `${method} ${path}`).toContain(answer.status);
    if (method === "GET" && path === "/v2/droplets/1003" && !isGone) expect(answer.body.droplet.status).toBe("active");
    if (path.startsWith("/v2/actions/")) expect(answer.body.action.status).toBe("completed");
    if (method === "DELETE" && path === "/v2/droplets/1003") dropletDeleted = true;
    const created = method === "POST" && creations.find(([pattern]) => pattern.test(path));
    if (created) ids.learn(created[1], created[2](answer.body));
    if (method === "POST" && path === "/v2/account/keys") ids.learn("aa:bb", answer.body.ssh_key.fingerprint);
  }
  expect(dropletDeleted).toBe(true);
  expect(cloud.log).toEqual([]);
});

type TestAnswer = Awaited<ReturnType<TestApi["request"]>>["body"];
