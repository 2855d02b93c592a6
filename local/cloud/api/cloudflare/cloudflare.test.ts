import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import Cloudflare from "cloudflare";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { N8N_OPEN_PATHS } from "../../../../infra/edge/access.ts";
import { account_id, scriptForm, startTestApi, type TestApi, zone_id } from "../test-api.ts";

let cloud: TestApi;
beforeEach(async () => {
  cloud = await startTestApi();
});
afterEach(() => cloud.close());

const account = `/client/v4/accounts/${account_id}`;
const zone = `/client/v4/zones/${zone_id}`;
const worker = "export default { fetch() { return new Response('v1') } }";

/** The status and the codes with which the official client sees a call refused. */
async function refusal(call: PromiseLike<unknown>): Promise<{ status: unknown; codes: number[] }> {
  try {
    await call;
  } catch (error) {
    if (!(error instanceof Cloudflare.APIError)) throw error;
    return { status: error.status, codes: error.errors.map(({ code }) => code as number) };
  }
  throw new Error("the call was not refused");
}

function upload(name: string, metadata: Record<string, unknown> = {}, source = worker) {
  const form = scriptForm(
    { main_module: "worker.js", compatibility_date: "2026-07-01", ...metadata },
    { "worker.js": source },
  );
  return cloud.request("PUT", `${account}/workers/scripts/${name}`, form);
}

async function tunnel(name = "hybrid") {
  return cloud.cloudflare.zeroTrust.tunnels.cloudflared.create({ account_id, name, config_src: "cloudflare" });
}

describe("tokens, accounts and zones", () => {
  test("the right token verifies as active", async () => {
    expect(await cloud.cloudflare.user.tokens.verify()).toMatchObject({ status: "active" });
  });

  test("a wrong token is refused by each part in its own way", async () => {
    const wrong = new Cloudflare({ apiToken: "wrong", baseURL: `${cloud.origin}/client/v4`, maxRetries: 0 });
    expect(await refusal(wrong.user.tokens.verify())).toEqual({ status: 401, codes: [1000] });
    expect(await refusal(wrong.zones.list())).toEqual({ status: 403, codes: [9109] });
    expect(await refusal(wrong.workers.scripts.list({ account_id }))).toEqual({ status: 401, codes: [10000] });
  });

  test("a missing or malformed Authorization header is a 400", async () => {
    const get = async (headers: Record<string, string>) => {
      const response = await fetch(`${cloud.origin}/client/v4/zones`, { headers });
      const { errors } = (await response.json()) as { errors: { code: number }[] };
      return { status: response.status, code: errors[0]?.code };
    };
    expect(await get({})).toEqual({ status: 400, code: 9106 });
    expect(await get({ authorization: "Basic abc" })).toEqual({ status: 400, code: 6003 });
  });

  test("the zone is found by its name and by its id, and another's is refused", async () => {
    const found = await cloud.cloudflare.zones.list({ name: "example.com" });
    expect(found.result).toMatchObject([{ id: zone_id, name: "example.com", account: { id: account_id } }]);
    expect((await cloud.cloudflare.zones.list({ name: "other.com" })).result).toEqual([]);
    expect(await cloud.cloudflare.zones.get({ zone_id })).toMatchObject({ status: "active" });
    const other = "f".repeat(32);
    expect(await refusal(cloud.cloudflare.zones.get({ zone_id: other }))).toEqual({ status: 403, codes: [9109] });
    expect(await refusal(cloud.cloudflare.zones.get({ zone_id: "example.com" }))).toEqual({
      status: 404,
      codes: [7003],
    });
  });

  test("the account is listed and read, and another's resources are refused", async () => {
    expect((await cloud.cloudflare.accounts.list()).result).toMatchObject([{ id: account_id, name: "Test account" }]);
    expect(await cloud.cloudflare.accounts.get({ account_id })).toMatchObject({ id: account_id });
    const other = { account_id: "e".repeat(32) };
    expect(await refusal(cloud.cloudflare.d1.database.list(other))).toEqual({ status: 403, codes: [10000] });
  });

  test("a path that the API does not have is a logged 404, a method that a path does not have a logged 405", async () => {
    const unknown = await cloud.request("GET", `${account}/queues`);
    expect([unknown.status, unknown.body.errors[0].code]).toEqual([404, 7000]);
    const wrong = await cloud.request("DELETE", `${account}/workers/subdomain`);
    expect([wrong.status, wrong.body.errors[0].code]).toEqual([405, 7001]);
    expect(await refusal(cloud.cloudflare.workers.domains.list({ account_id }))).toEqual({
      status: 404,
      codes: [7000],
    });
    expect(cloud.log).toEqual([
      `cloudflare: no route for GET ${account}/queues (404)`,
      `cloudflare: DELETE is not known for ${account}/workers/subdomain (405)`,
      `cloudflare: no route for GET ${account}/workers/domains (404)`,
    ]);
  });

  test("a body that is no JSON object is a 400", async () => {
    for (const body of ["{", "[]", '"text"']) {
      const answer = await cloud.request("POST", `${account}/storage/kv/namespaces`, body);
      expect([answer.status, answer.body.errors[0].code]).toEqual([400, 6007]);
    }
  });
});

describe("KV", () => {
  test("a namespace is made, listed a page at a time, renamed and deleted", async () => {
    const kv = cloud.cloudflare.kv.namespaces;
    const made = await kv.create({ account_id, title: "b" });
    await kv.create({ account_id, title: "a" });
    const titles: string[] = [];
    for await (const one of kv.list({ account_id, per_page: 1, order: "title" })) titles.push(one.title);
    expect(titles).toEqual(["a", "b"]);
    expect(await kv.update(made.id, { account_id, title: "c" })).toMatchObject({ id: made.id, title: "c" });
    await kv.delete(made.id, { account_id });
    expect(await refusal(kv.get(made.id, { account_id }))).toEqual({ status: 404, codes: [10013] });
    expect(await refusal(kv.delete(made.id, { account_id }))).toEqual({ status: 404, codes: [10013] });
  });

  test("a title that is taken or missing is refused", async () => {
    const kv = cloud.cloudflare.kv.namespaces;
    await kv.create({ account_id, title: "sessions" });
    expect(await refusal(kv.create({ account_id, title: "sessions" }))).toEqual({ status: 400, codes: [10014] });
    expect(await refusal(kv.create({ account_id, title: "" }))).toEqual({ status: 400, codes: [10019] });
  });

  test("values, metadata and expiry are written, read, listed with a cursor and deleted", async () => {
    const kv = cloud.cloudflare.kv.namespaces;
    const { id: namespace_id } = await kv.create({ account_id, title: "values" });
    const where = { account_id, namespace_id };
    const metadata = JSON.stringify({ by: "test" });
    await kv.values.update("a/b:%c", { ...where, value: "wert", metadata, expiration_ttl: 120 });
    const value = await kv.values.get("a/b:%c", where);
    expect(await value.text()).toBe("wert");
    expect(Number(value.headers.get("expiration"))).toBeGreaterThan(Date.now() / 1000 + 60);
    expect(await kv.metadata.get("a/b:%c", where)).toEqual({ by: "test" });
    expect(await refusal(kv.values.get("none", where))).toEqual({ status: 404, codes: [10009] });
    expect(await refusal(kv.values.update("x", { ...where, value: "", expiration_ttl: 59 }))).toMatchObject({
      status: 400,
    });

    const body = Array.from({ length: 25 }, (_, n) => ({ key: `k${String(n).padStart(2, "0")}`, value: `${n}` }));
    expect(await kv.bulkUpdate(namespace_id, { account_id, body })).toMatchObject({ successful_key_count: 25 });
    const names: string[] = [];
    for await (const key of kv.keys.list(namespace_id, { account_id, prefix: "k", limit: 10 })) names.push(key.name);
    expect(names).toEqual(body.map(({ key }) => key));
    const got = await kv.bulkGet(namespace_id, { account_id, keys: ["k00", "none"] });
    expect(got).toMatchObject({ values: { k00: "0", none: null } });
    await kv.bulkDelete(namespace_id, { account_id, body: names });
    await kv.values.delete("a/b:%c", where);
    expect((await kv.keys.list(namespace_id, { account_id })).result).toEqual([]);
  });

  test("a value is raw bytes when it is sent as such", async () => {
    const { id } = await cloud.cloudflare.kv.namespaces.create({ account_id, title: "raw" });
    const path = `${cloud.origin}${account}/storage/kv/namespaces/${id}/values/bytes`;
    const headers = { authorization: "Bearer cloudflare-test-token" };
    const bytes = new Uint8Array([0, 255, 128]);
    expect((await fetch(path, { method: "PUT", headers, body: bytes })).status).toBe(200);
    expect(new Uint8Array(await (await fetch(path, { headers })).arrayBuffer())).toEqual(bytes);
  });
});

describe("D1", () => {
  test("a database is made, found by name, queried and deleted", async () => {
    const d1 = cloud.cloudflare.d1.database;
    const { uuid = "" } = await d1.create({ account_id, name: "audit" });
    expect((await d1.list({ account_id, name: "audit" })).result).toMatchObject([{ uuid, version: "production" }]);
    await d1.query(uuid, { account_id, sql: "CREATE TABLE t (id INTEGER, name TEXT)" });
    await d1.query(uuid, { account_id, sql: "INSERT INTO t VALUES (?, ?)", params: ["1", "one"] });
    expect((await d1.query(uuid, { account_id, sql: "SELECT * FROM t" })).result).toMatchObject([
      { success: true, results: [{ id: 1, name: "one" }] },
    ]);
    expect((await d1.raw(uuid, { account_id, sql: "SELECT * FROM t" })).result).toMatchObject([
      { results: { columns: ["id", "name"], rows: [[1, "one"]] } },
    ]);
    const batch = [{ sql: "SELECT 1 AS a" }, { sql: "SELECT 2 AS a" }];
    expect((await d1.query(uuid, { account_id, batch })).result.map(({ results }) => results)).toEqual([
      [{ a: 1 }],
      [{ a: 2 }],
    ]);
    expect(await d1.get(uuid, { account_id })).toMatchObject({ num_tables: 1, read_replication: { mode: "disabled" } });
    expect(await d1.edit(uuid, { account_id, read_replication: { mode: "auto" } })).toMatchObject({
      read_replication: { mode: "auto" },
    });
    await d1.delete(uuid, { account_id });
    expect(await refusal(d1.get(uuid, { account_id }))).toEqual({ status: 404, codes: [7404] });
  });

  test("a name that is taken or missing, wrong SQL and a wrong body are refused", async () => {
    const d1 = cloud.cloudflare.d1.database;
    const { uuid = "" } = await d1.create({ account_id, name: "audit" });
    expect(await refusal(d1.create({ account_id, name: "audit" }))).toEqual({ status: 400, codes: [7502] });
    expect(await refusal(d1.create({ account_id, name: "" }))).toEqual({ status: 400, codes: [7400] });
    expect(await refusal(d1.query(uuid, { account_id, sql: "SELEC" }))).toEqual({ status: 400, codes: [7500] });
    expect(await refusal(d1.query(uuid, { account_id, sql: "" }))).toEqual({ status: 400, codes: [7400] });
  });
});

describe("Workers scripts", () => {
  test("the official client uploads, lists and reads a script, and its secrets are never told", async () => {
    const { id: namespace_id } = await cloud.cloudflare.kv.namespaces.create({ account_id, title: "kv" });
    const metadata = {
      main_module: "worker.js",
      compatibility_date: "2026-07-01",
      compatibility_flags: ["nodejs_compat"],
      observability: { enabled: true },
      tags: ["one"],
      bindings: [
        { type: "kv_namespace", name: "KV", namespace_id },
        { type: "secret_text", name: "SECRET", text: "s3cr3t" },
        { type: "vpc_service", name: "VPC", service_id: "kept as it is" },
      ],
    };
    const saved = await cloud.cloudflare.workers.scripts.update(
      "coda",
      {
        account_id,
        // The client flattens an object into parts that the API does not read: the metadata goes as a file.
        metadata: new File([JSON.stringify(metadata)], "metadata.json", { type: "application/json" }) as never,
        "worker.js": new File([worker], "worker.js", { type: "application/javascript+module" }),
      } as never,
      // The client says application/javascript unless it is told to leave the type to the form.
      { headers: { "Content-Type": null } },
    );
    expect(saved).toMatchObject({ id: "coda", handlers: ["fetch"], has_modules: true, tags: ["one"] });
    expect(cloud.runtime.live.get("coda")).toMatchObject({
      mainModule: "worker.js",
      compatibilityDate: "2026-07-01",
      compatibilityFlags: ["nodejs_compat"],
      bindings: [{ name: "KV" }, { name: "SECRET", text: "s3cr3t" }, { name: "VPC" }],
    });
    const scripts = cloud.cloudflare.workers.scripts;
    expect((await scripts.list({ account_id })).result).toMatchObject([{ id: "coda", etag: saved.etag }]);
    const settings = await scripts.scriptAndVersionSettings.get("coda", { account_id });
    expect(settings).toMatchObject({ compatibility_flags: ["nodejs_compat"], observability: { enabled: true } });
    expect(settings.bindings).toEqual([
      { type: "kv_namespace", name: "KV", namespace_id },
      { type: "secret_text", name: "SECRET" },
      { type: "vpc_service", name: "VPC", service_id: "kept as it is" },
    ]);
    expect((await scripts.secrets.list("coda", { account_id })).result).toEqual([
      { type: "secret_text", name: "SECRET" },
    ]);
    const content = await scripts.content.get("coda", { account_id });
    expect(content.headers.get("cf-entrypoint")).toBe("worker.js");
    expect(await content.text()).toContain(worker);
    const service = await cloud.request("GET", `${account}/workers/services/coda`);
    expect(service.body.result.default_environment.script).toMatchObject({ id: "coda", etag: saved.etag });
    for (const path of [
      "workers/scripts",
      "workers/scripts/coda/settings",
      "workers/services/coda",
      "workers/scripts/coda/versions",
    ]) {
      expect(JSON.stringify((await cloud.request("GET", `${account}/${path}`)).body)).not.toContain("s3cr3t");
    }
  });

  test("a script that does not start is refused with the runtime's message, and the one before it stays", async () => {
    await upload("coda");
    const refused = await upload("coda", {}, "throw new Error('does not start')");
    expect(refused.status).toBe(400);
    expect(refused.body.errors).toEqual([
      { code: 10021, message: "Uncaught Error: does not start\n  at worker.js:1:1" },
    ]);
    const script = await cloud.cloudflare.workers.scripts.content.get("coda", { account_id });
    expect(await script.text()).toContain(worker);
    expect(
      (await cloud.cloudflare.workers.scripts.versions.list("coda", { account_id })).getPaginatedItems(),
    ).toHaveLength(1);
  });

  test("bindings to what does not exist are refused with the code of their kind", async () => {
    const code = async (binding: Record<string, unknown>) =>
      (await upload("coda", { bindings: [binding] })).body.errors[0].code;
    expect(await code({ type: "kv_namespace", name: "KV", namespace_id: "none" })).toBe(10041);
    expect(await code({ type: "d1", name: "DB", id: "none" })).toBe(10181);
    expect(await code({ type: "service", name: "BROKER", service: "none" })).toBe(10144);
    expect(await code({ type: "durable_object_namespace", name: "DO", class_name: "None" })).toBe(10061);
    expect(await code({ type: "inherit", name: "X" })).toBe(10057);
    expect(await code({ type: "plain_text" })).toBe(10052);
    expect(cloud.runtime.live.size).toBe(0);
  });

  test("an upload without metadata, without its main module or with a bad name is refused", async () => {
    const path = `${account}/workers/scripts/coda`;
    expect((await cloud.request("PUT", path, {})).body.errors[0].code).toBe(10021);
    expect((await upload("coda", { main_module: "other.js" })).body.errors[0].message).toContain(
      'No such module "other.js"',
    );
    expect((await upload("coda", { main_module: undefined, body_part: "worker.js" })).body.errors[0].message).toContain(
      "ES modules",
    );
    expect((await upload("Coda")).body.errors[0].code).toBe(10016);
  });

  test("a D1 binding reaches the runtime under both names of its database", async () => {
    const { uuid } = await cloud.cloudflare.d1.database.create({ account_id, name: "audit" });
    await upload("coda", { bindings: [{ type: "d1", name: "DB", id: uuid }] });
    expect(cloud.runtime.live.get("coda")?.bindings).toEqual([{ type: "d1", name: "DB", id: uuid, database_id: uuid }]);
  });

  test("inherit and keep_bindings take bindings of the version before", async () => {
    const bindings = [
      { type: "secret_text", name: "A", text: "a" },
      { type: "secret_text", name: "B", text: "b" },
      { type: "plain_text", name: "C", text: "c" },
    ];
    await upload("coda", { bindings });
    await upload("coda", {
      bindings: [
        { type: "inherit", name: "A" },
        { type: "inherit", name: "D", old_name: "C" },
      ],
    });
    expect(cloud.runtime.live.get("coda")?.bindings).toEqual([
      bindings[0],
      { type: "plain_text", name: "D", text: "c" },
    ]);
    await upload("coda", { bindings: [{ type: "plain_text", name: "E", text: "e" }], keep_bindings: ["secret_text"] });
    expect(cloud.runtime.live.get("coda")?.bindings.map(({ name }) => name)).toEqual(["E", "A"]);
  });

  test("secrets are put and deleted on their own, each making a new version", async () => {
    await upload("coda");
    const { secrets } = cloud.cloudflare.workers.scripts;
    const put = await secrets.update("coda", { account_id, name: "KEY", text: "hidden", type: "secret_text" });
    expect(put).toEqual({ name: "KEY", type: "secret_text" });
    expect(cloud.runtime.live.get("coda")?.bindings).toEqual([{ name: "KEY", text: "hidden", type: "secret_text" }]);
    expect(await secrets.get("KEY", { account_id, script_name: "coda" })).toEqual({ name: "KEY", type: "secret_text" });
    await secrets.delete("KEY", { account_id, script_name: "coda" });
    expect(await refusal(secrets.get("KEY", { account_id, script_name: "coda" }))).toEqual({
      status: 404,
      codes: [10056],
    });
    const versions = await cloud.cloudflare.workers.scripts.versions.list("coda", { account_id });
    expect(versions.getPaginatedItems().map((version) => (version as { number: number }).number)).toEqual([3, 2, 1]);
    const deployments = await cloud.cloudflare.workers.scripts.deployments.list("coda", { account_id });
    expect(deployments.result).toMatchObject({ deployments: [{ versions: [{ percentage: 100 }] }, {}, {}] });
  });

  test("settings are changed without an upload and without losing secrets", async () => {
    await upload("coda", { bindings: [{ type: "secret_text", name: "A", text: "a" }] });
    const form = new FormData();
    form.append("settings", JSON.stringify({ compatibility_flags: ["nodejs_compat"] }));
    const changed = await cloud.request("PATCH", `${account}/workers/scripts/coda/settings`, form);
    expect(changed.body.result).toMatchObject({ compatibility_flags: ["nodejs_compat"], bindings: [{ name: "A" }] });
    expect(cloud.runtime.live.get("coda")).toMatchObject({
      compatibilityFlags: ["nodejs_compat"],
      bindings: [{ name: "A", text: "a" }],
    });
    const edited = await cloud.cloudflare.workers.scripts.settings.edit("coda", { account_id, logpush: true });
    expect(edited).toMatchObject({ logpush: true });
  });

  test("Durable Object migrations apply in order, guarded by their tags", async () => {
    const binding = { type: "durable_object_namespace", name: "DO", class_name: "Refresh" };
    const first = { new_tag: "v1", new_sqlite_classes: ["Refresh"], new_classes: ["Old"] };
    const made = await upload("broker", { bindings: [binding], migrations: first });
    expect(made.body.result).toMatchObject({ migration_tag: "v1" });
    expect(cloud.runtime.live.get("broker")?.durableObjectClasses).toEqual(["Refresh"]);
    const wrongTag = await upload("broker", { migrations: { old_tag: "v0", new_tag: "v2", deleted_classes: ["Old"] } });
    expect([wrongTag.status, wrongTag.body.errors[0].code]).toEqual([412, 10079]);
    expect((await upload("broker", { migrations: first })).status).toBe(412);
    const again = await upload("broker", {
      migrations: { old_tag: "v1", new_tag: "v2", new_sqlite_classes: ["Refresh"] },
    });
    expect([again.status, again.body.errors[0].code]).toEqual([400, 10074]);
    const bound = { old_tag: "v1", new_tag: "v2", deleted_classes: ["Refresh"] };
    expect((await upload("broker", { bindings: [binding], migrations: bound })).body.errors[0].code).toBe(10074);
    const steps = [{ renamed_classes: [{ from: "Refresh", to: "Renew" }] }, { deleted_classes: ["Old"] }];
    await upload("broker", {
      bindings: [{ ...binding, class_name: "Renew" }],
      migrations: { old_tag: "v1", new_tag: "v2", steps },
    });
    expect(cloud.runtime.live.get("broker")?.durableObjectClasses).toEqual(["Renew"]);
    const settings = await cloud.request("GET", `${account}/workers/scripts/broker/settings`);
    expect(settings.body.result.bindings).toMatchObject([
      { class_name: "Renew", namespace_id: expect.stringMatching(/^[0-9a-f]{32}$/) },
    ]);
    // An upload without migrations keeps what there is.
    await upload("broker", { bindings: [{ ...binding, class_name: "Renew" }] });
    expect(cloud.runtime.live.get("broker")?.durableObjectClasses).toEqual(["Renew"]);
  });

  test("schedules and the workers.dev setting are set, read and gone with the script", async () => {
    await upload("coda");
    const { schedules, subdomain } = cloud.cloudflare.workers.scripts;
    await schedules.update("coda", { account_id, body: [{ cron: "0 * * * *" }] });
    expect(cloud.runtime.crons.get("coda")).toEqual(["0 * * * *"]);
    expect(await schedules.get("coda", { account_id })).toMatchObject({ schedules: [{ cron: "0 * * * *" }] });
    expect(await refusal(schedules.update("coda", { account_id, body: [{ cron: "often" }] }))).toMatchObject({
      status: 400,
    });
    expect(await subdomain.create("coda", { account_id, enabled: true })).toEqual({
      enabled: true,
      previews_enabled: true,
    });
    expect(cloud.api.directory.workersDev("coda.test.workers.dev")).toBe("coda");
    expect(cloud.api.directory.workersDev("coda.other.workers.dev")).toBeUndefined();
    // A new version keeps both.
    await upload("coda");
    expect(await schedules.get("coda", { account_id })).toMatchObject({ schedules: [{ cron: "0 * * * *" }] });
    expect(cloud.api.directory.workersDev("coda.test.workers.dev")).toBe("coda");
    await subdomain.delete("coda", { account_id });
    expect(cloud.api.directory.workersDev("coda.test.workers.dev")).toBeUndefined();
    await cloud.cloudflare.workers.scripts.delete("coda", { account_id });
    expect(cloud.runtime.crons.get("coda")).toEqual([]);
    await upload("coda");
    expect(await schedules.get("coda", { account_id })).toEqual({ schedules: [] });
    expect(await cloud.cloudflare.workers.subdomains.get({ account_id })).toEqual({ subdomain: "test" });
  });

  test("everything about a script that is not there is a 404 with code 10007", async () => {
    const { scripts } = cloud.cloudflare.workers;
    const gone = { status: 404, codes: [10007] };
    expect(await refusal(scripts.get("none", { account_id }))).toEqual(gone);
    expect(await refusal(scripts.delete("none", { account_id }))).toEqual(gone);
    expect(await refusal(scripts.schedules.get("none", { account_id }))).toEqual(gone);
    expect(await refusal(scripts.subdomain.get("none", { account_id }))).toEqual(gone);
    expect(await refusal(scripts.deployments.list("none", { account_id }))).toEqual(gone);
    expect((await cloud.request("GET", `${account}/workers/services/none`)).body.errors[0].code).toBe(10007);
  });

  test("a script that others bind to is deleted only by force, its routes with it, and its modules from the disk", async () => {
    await upload("broker");
    await upload("coda", { bindings: [{ type: "service", name: "BROKER", service: "broker" }] }, `${worker} // coda`);
    await cloud.cloudflare.workers.routes.create({ zone_id, pattern: "auth.example.com/*", script: "broker" });
    const { scripts } = cloud.cloudflare.workers;
    expect(await refusal(scripts.delete("broker", { account_id }))).toEqual({ status: 400, codes: [10142] });
    expect(await readdir(join(cloud.store.dir, "blobs"))).toHaveLength(2);
    await scripts.delete("broker", { account_id, force: true });
    expect(cloud.runtime.has("broker")).toBe(false);
    expect((await cloud.cloudflare.workers.routes.list({ zone_id })).result).toEqual([]);
    expect(await readdir(join(cloud.store.dir, "blobs"))).toHaveLength(1);
  });

  test("uploads of one script at the same time all succeed, and the stored one is the live one", async () => {
    const sources = Array.from({ length: 6 }, (_, n) => `${worker} // ${n}`);
    const answers = await Promise.all(sources.map((source) => upload("coda", {}, source)));
    expect(answers.map(({ status }) => status)).toEqual(sources.map(() => 200));
    const live = cloud.runtime.live.get("coda");
    const stored = await cloud.cloudflare.workers.scripts.content.get("coda", { account_id });
    expect(await stored.text()).toContain(new TextDecoder().decode(live?.modules[0]?.contents));
    expect(await readdir(join(cloud.store.dir, "blobs"))).toHaveLength(1);
  });
});

describe("Workers routes", () => {
  test("a route's script is set, unset and set again in place", async () => {
    await upload("coda");
    const { routes } = cloud.cloudflare.workers;
    const pattern = "coda-mcp.example.com/*";
    const { id } = await routes.create({ zone_id, pattern, script: "coda" });
    expect(cloud.api.directory.route("coda-mcp.example.com", "/mcp")).toEqual({ script: "coda" });
    await routes.update(id, { zone_id, pattern });
    expect(cloud.api.directory.route("coda-mcp.example.com", "/mcp")).toEqual({ script: null });
    expect(await routes.get(id, { zone_id })).toMatchObject({ id, pattern, script: null });
    await routes.update(id, { zone_id, pattern, script: "coda" });
    expect(cloud.api.directory.route("CODA-MCP.example.com", "/")).toEqual({ script: "coda" });
    await routes.delete(id, { zone_id });
    expect(cloud.api.directory.route("coda-mcp.example.com", "/mcp")).toBeUndefined();
    expect(await refusal(routes.get(id, { zone_id }))).toEqual({ status: 404, codes: [10009] });
  });

  test("a pattern that is taken, a script that does not exist and a pattern that is none are refused", async () => {
    const { routes } = cloud.cloudflare.workers;
    await routes.create({ zone_id, pattern: "a.example.com/*" });
    expect(await refusal(routes.create({ zone_id, pattern: "a.example.com/*" }))).toEqual({
      status: 409,
      codes: [10020],
    });
    expect(await refusal(routes.create({ zone_id, pattern: "b.example.com/*", script: "none" }))).toEqual({
      status: 400,
      codes: [10019],
    });
    for (const pattern of ["a.other.com/*", "a.*.example.com/*", "example.com/*/x", "notexample.com/*", ""]) {
      expect(await refusal(routes.create({ zone_id, pattern })), pattern).toEqual({ status: 400, codes: [10022] });
    }
  });

  test("of several patterns that match, the most specific one wins", async () => {
    for (const name of ["any", "sub", "host", "path", "exact"]) await upload(name);
    const { routes } = cloud.cloudflare.workers;
    await routes.create({ zone_id, pattern: "*example.com/*", script: "any" });
    await routes.create({ zone_id, pattern: "*.example.com/*", script: "sub" });
    await routes.create({ zone_id, pattern: "www.example.com/*", script: "host" });
    await routes.create({ zone_id, pattern: "https://www.example.com/api/*", script: "path" });
    await routes.create({ zone_id, pattern: "www.example.com/api/health", script: "exact" });
    const script = (host: string, path: string) => cloud.api.directory.route(host, path)?.script;
    expect(script("example.com", "/")).toBe("any");
    expect(script("api.example.com", "/")).toBe("sub");
    expect(script("www.example.com", "/")).toBe("host");
    expect(script("www.example.com", "/api/x")).toBe("path");
    expect(script("www.example.com", "/api/health")).toBe("exact");
    expect(script("example.org", "/")).toBeUndefined();
  });
});

describe("DNS records", () => {
  test("a record is made with its full name, found by filters, changed and deleted", async () => {
    const { records } = cloud.cloudflare.dns;
    const made = await records.create({
      zone_id,
      type: "CNAME",
      name: "Coda-MCP",
      content: "X.cfargotunnel.com.",
      ttl: 300,
      proxied: true,
    });
    expect(made).toMatchObject({
      name: "coda-mcp.example.com",
      content: "x.cfargotunnel.com",
      ttl: 1,
      proxiable: true,
    });
    await records.create({ zone_id, type: "TXT", name: "@", content: "hello", ttl: 300, comment: "why" });
    const names = async (query: object) => (await records.list({ zone_id, ...query })).result.map(({ name }) => name);
    expect(await names({ name: { exact: "coda-mcp.example.com" } })).toEqual(["coda-mcp.example.com"]);
    expect(await names({ type: "TXT" })).toEqual(["example.com"]);
    expect(await names({ name: { startswith: "coda" }, type: "TXT", match: "any" })).toHaveLength(2);
    expect(await records.edit(made.id, { zone_id, proxied: false, ttl: 120 } as never)).toMatchObject({
      proxied: false,
      ttl: 120,
      name: made.name,
    });
    const replaced = { zone_id, type: "A", name: made.name, content: "203.0.113.1", ttl: 60 } as const;
    expect(await records.update(made.id, replaced)).toMatchObject({ id: made.id, type: "A", proxied: false });
    expect(await records.delete(made.id, { zone_id })).toEqual({ id: made.id });
    expect(await refusal(records.get(made.id, { zone_id }))).toEqual({ status: 404, codes: [81044] });
  });

  test("the content of a record with data follows the data", async () => {
    const { records } = cloud.cloudflare.dns;
    const data = { priority: 1, weight: 2, port: 3, target: "a.example.com" };
    const made = await records.create({ zone_id, type: "SRV", name: "_x._tcp", ttl: 1, data } as never);
    expect(made).toMatchObject({ content: "1 2 3 a.example.com", data });
    const edited = await records.edit(made.id, { zone_id, data: { ...data, port: 4 } } as never);
    expect(edited).toMatchObject({ content: "1 2 4 a.example.com" });
  });

  test("records that cannot stand beside each other are refused", async () => {
    const { records } = cloud.cloudflare.dns;
    const create = (type: string, name: string, content: string) =>
      records.create({ zone_id, type, name, content, ttl: 1 } as never);
    await create("CNAME", "a", "x.example.net");
    await create("A", "b", "203.0.113.1");
    expect(await refusal(create("CNAME", "a", "y.example.net"))).toEqual({ status: 400, codes: [81053] });
    expect(await refusal(create("CNAME", "b", "x.example.net"))).toEqual({ status: 400, codes: [81053] });
    expect(await refusal(create("A", "a", "203.0.113.1"))).toEqual({ status: 400, codes: [81054] });
    expect(await refusal(create("A", "b", "203.0.113.1"))).toEqual({ status: 400, codes: [81058] });
    await create("A", "b", "203.0.113.2");
  });

  test("a record that is none is refused", async () => {
    const code = async (fields: object) => {
      const record = { type: "A", name: "a", content: "203.0.113.1", ttl: 1, ...fields };
      return (await cloud.request("POST", `${zone}/dns_records`, record)).body.errors[0].code;
    };
    expect(await code({ type: "B" })).toBe(9002);
    expect(await code({ name: "" })).toBe(9000);
    expect(await code({ content: "not an address" })).toBe(9005);
    expect(await code({ type: "AAAA" })).toBe(9006);
    expect(await code({ type: "CNAME", content: "no host" })).toBe(9007);
    expect(await code({ proxied: "yes" })).toBe(9003);
    expect(await code({ type: "TXT", proxied: true })).toBe(9004);
    expect(await code({ ttl: 2 })).toBe(9021);
  });

  test("a hostname resolves to its own record, else to the closest wildcard", async () => {
    const create = (type: string, name: string, content: string, proxied = false) =>
      cloud.cloudflare.dns.records.create({ zone_id, type, name, content, ttl: 1, proxied } as never);
    await create("CNAME", "*", "any.example.net", true);
    await create("CNAME", "coda-mcp", "t.cfargotunnel.com", true);
    await create("TXT", "text", "only text");
    await create("A", "deep.host", "203.0.113.1");
    const { directory } = cloud.api;
    expect(directory.dns("CODA-mcp.example.com")).toEqual({
      type: "CNAME",
      content: "t.cfargotunnel.com",
      proxied: true,
    });
    expect(directory.dns("other.example.com")?.content).toBe("any.example.net");
    expect(directory.dns("a.b.example.com")?.content).toBe("any.example.net");
    expect(directory.dns("text.example.com")).toBeUndefined();
    expect(directory.dns("host.example.com")).toBeUndefined();
    expect(directory.dns("other.host.example.com")).toBeUndefined();
    expect(directory.dns("example.com")).toBeUndefined();
    expect(directory.dns("example.org")).toBeUndefined();
  });
});

describe("tunnels", () => {
  const tunnels = () => cloud.cloudflare.zeroTrust.tunnels.cloudflared;
  const config = {
    ingress: [{ hostname: "coda-mcp.example.com", service: "http://coda:8085" }, { service: "http_status:404" }],
  };

  test("a tunnel has a token for its connector, and its configuration reaches the edge by versions", async () => {
    const changed: string[] = [];
    cloud.api.directory.onTunnelChange((id) => changed.push(id));
    const { id = "" } = await tunnel();
    const token = JSON.parse(Buffer.from(await tunnels().token.get(id, { account_id }), "base64").toString());
    expect(token).toEqual({ a: account_id, t: id, s: expect.any(String) });
    expect(cloud.api.directory.tunnel(id)).toEqual({
      id,
      accountId: account_id,
      secret: token.s,
      ingress: [],
      configVersion: 0,
    });
    expect(await tunnels().configurations.get(id, { account_id })).toMatchObject({
      version: 0,
      config: null,
      source: "cloudflare",
    });
    expect(await tunnels().configurations.update(id, { account_id, config } as never)).toMatchObject({
      version: 1,
      config,
    });
    expect(cloud.api.directory.tunnel(id)).toMatchObject({ ingress: config.ingress, configVersion: 1 });
    expect(changed).toEqual([id, id]);
  });

  test("its status and connections are those of its connectors", async () => {
    const { id = "" } = await tunnel();
    expect(await tunnels().get(id, { account_id })).toMatchObject({ status: "inactive", connections: [] });
    cloud.connected.set(id, [{ id: "c1", openedAt: "2026-11-22T00:00:00.000Z", clientVersion: "local" }]);
    expect(await tunnels().get(id, { account_id })).toMatchObject({ status: "healthy", connections: [{ id: "c1" }] });
    expect((await tunnels().connections.get(id, { account_id })).result).toMatchObject([
      { id: "c1", conns: [{ client_version: "local" }] },
    ]);
    cloud.connected.clear();
    expect(await tunnels().get(id, { account_id })).toMatchObject({ status: "down" });
  });

  test("a name in use is refused and is free again after the deletion, which leaves the tunnel readable", async () => {
    const { id = "" } = await tunnel();
    expect(await refusal(tunnel())).toEqual({ status: 409, codes: [1013] });
    await tunnels().configurations.update(id, { account_id, config } as never);
    cloud.connected.set(id, [{ id: "c1", openedAt: "2026-11-22T00:00:00.000Z", clientVersion: "local" }]);
    expect(await refusal(tunnels().delete(id, { account_id }))).toEqual({ status: 400, codes: [1022] });
    cloud.connected.clear();
    expect((await tunnels().delete(id, { account_id })).deleted_at).toEqual(expect.any(String));
    expect((await tunnels().get(id, { account_id })).deleted_at).toEqual(expect.any(String));
    expect(await refusal(tunnels().configurations.get(id, { account_id }))).toEqual({ status: 404, codes: [1055] });
    expect(await refusal(tunnels().token.get(id, { account_id }))).toEqual({ status: 404, codes: [1003] });
    expect(cloud.api.directory.tunnel(id)).toBeUndefined();
    const again = await tunnel();
    const listed = async (query: object) =>
      (await tunnels().list({ account_id, ...query })).result.map((one) => one.id);
    expect(await listed({ name: "hybrid", is_deleted: false })).toEqual([again.id]);
    expect(await listed({ is_deleted: true })).toEqual([id]);
    expect(await listed({})).toEqual([id, again.id]);
    expect(await listed({ name: "other" })).toEqual([]);
  });

  test("a tunnel that does not exist, a body without name and a short secret are refused", async () => {
    expect(await refusal(tunnels().get("none", { account_id }))).toEqual({ status: 404, codes: [1003] });
    expect(await refusal(tunnel(""))).toMatchObject({ status: 400 });
    const short = { account_id, name: "x", tunnel_secret: Buffer.from("short").toString("base64") };
    expect(await refusal(tunnels().create(short))).toMatchObject({ status: 400 });
    const secret = Buffer.alloc(32, 7).toString("base64");
    const { id = "" } = await tunnels().create({ account_id, name: "x", tunnel_secret: secret });
    expect(cloud.api.directory.tunnel(id)?.secret).toBe(secret);
  });

  test("ingress rules that cloudflared would refuse are refused", async () => {
    const { id = "" } = await tunnel();
    const put = (ingress: unknown) =>
      refusal(tunnels().configurations.update(id, { account_id, config: { ingress } } as never));
    const last = { service: "http_status:404" };
    const invalid = { status: 400, codes: [1056] };
    expect(await put([])).toEqual(invalid);
    expect(await put([{ hostname: "a.example.com", service: "http://a" }])).toEqual(invalid);
    expect(await put([last, { hostname: "a.example.com", service: "http://a" }, last])).toEqual(invalid);
    expect(await put([{ hostname: "a.example.com", service: "a" }, last])).toEqual(invalid);
    expect(await put([{ hostname: "a.example.com", service: "http://a/path" }, last])).toEqual(invalid);
    expect(await put([{ hostname: "a.*.example.com", service: "http://a" }, last])).toEqual(invalid);
    expect(cloud.api.directory.tunnel(id)?.configVersion).toBe(0);
  });
});

describe("Access", () => {
  const policy: Cloudflare.ZeroTrust.Access.PolicyCreateParams = {
    account_id,
    name: "people",
    decision: "allow",
    include: [{ email_domain: { domain: "example.com" } }],
  };

  test("a policy is made, used by an application and cannot be deleted until that is gone", async () => {
    const { policies, applications } = cloud.cloudflare.zeroTrust.access;
    const { id = "" } = await policies.create(policy);
    const made = await applications.create({
      account_id,
      type: "self_hosted",
      domain: "n8n.example.com",
      name: "n8n",
      policies: [{ id, precedence: 1 }],
      unknown_field: "kept",
    } as never);
    expect(made).toMatchObject({
      aud: expect.stringMatching(/^[0-9a-f]{64}$/),
      unknown_field: "kept",
      policies: [{ id, name: "people" }],
    });
    const appId = String(made.id);
    expect((await policies.get(id, { account_id })).app_count).toBe(1);
    expect((await policies.list({ account_id })).result).toHaveLength(1);
    expect(await refusal(policies.delete(id, { account_id }))).toMatchObject({ status: 409 });
    await policies.update(id, { ...policy, name: "everyone" });
    expect(await applications.get(appId, { account_id })).toMatchObject({
      policies: [{ name: "everyone", precedence: 1 }],
    });
    await applications.update(appId, {
      account_id,
      type: "self_hosted",
      domain: "n8n.example.com",
      name: "renamed",
    } as never);
    expect((await applications.list({ account_id })).result).toMatchObject([
      { name: "renamed", policies: [], aud: (made as { aud: string }).aud },
    ]);
    await policies.delete(id, { account_id });
    await applications.delete(appId, { account_id });
    expect(await refusal(applications.get(appId, { account_id }))).toEqual({ status: 404, codes: [12135] });
    expect(await refusal(policies.get(id, { account_id }))).toEqual({ status: 404, codes: [12135] });
  });

  test("a policy that is written out in an application lives and dies with it", async () => {
    const { applications, policies } = cloud.cloudflare.zeroTrust.access;
    const { account_id: _, ...inline } = policy;
    const made = await applications.create({
      account_id,
      type: "self_hosted",
      domain: "a.example.com",
      policies: [inline],
    } as never);
    expect(made).toMatchObject({ policies: [{ name: "people", reusable: false, precedence: 1 }] });
    expect((await policies.list({ account_id })).result).toEqual([]);
    await applications.delete(String(made.id), { account_id });
    expect(cloud.store.collection("cloudflare.access.policies").list()).toEqual([]);
  });

  test("wrong applications and policies are refused", async () => {
    const { applications, policies } = cloud.cloudflare.zeroTrust.access;
    const app = { account_id, type: "self_hosted", domain: "a.example.com" };
    const invalid = { status: 400, codes: [12130] };
    expect(await refusal(applications.create({ account_id, type: "self_hosted" } as never))).toEqual(invalid);
    expect(await refusal(applications.create({ ...app, policies: ["none"] } as never))).toEqual(invalid);
    await applications.create(app as never);
    expect(await refusal(applications.create(app as never))).toMatchObject({ status: 409 });
    expect(await refusal(policies.create({ ...policy, decision: "maybe" } as never))).toEqual(invalid);
    expect(await refusal(policies.create({ ...policy, name: "" }))).toEqual(invalid);
    expect(await refusal(policies.create({ ...policy, include: [] }))).toEqual(invalid);
  });
});

describe("Access service tokens", () => {
  const create = (more: object = {}) =>
    cloud.cloudflare.zeroTrust.access.serviceTokens.create({ account_id, name: "ci", ...more });
  const isGood = (clientId = "", secret = "") => cloud.api.directory.serviceToken(clientId, secret) !== undefined;

  test("the secret is told once, in Cloudflare's format, and is not kept", async () => {
    const { serviceTokens } = cloud.cloudflare.zeroTrust.access;
    const made = await create();
    expect(made).toMatchObject({ name: "ci", duration: "8760h", enabled: true });
    expect(made.client_id).toMatch(/^[0-9a-f]{32}\.access$/);
    expect(made.client_secret).toMatch(/^cfast_[0-9a-zA-Z]{48}$/);
    const days = (Date.parse((made as { expires_at?: string }).expires_at ?? "") - Date.now()) / 86_400_000;
    expect(Math.round(days)).toBe(365);
    const found = await serviceTokens.get(made.id ?? "", { account_id });
    expect(found).toMatchObject({ client_id: made.client_id });
    expect((await serviceTokens.list({ account_id, name: "ci" })).result).toEqual([found]);
    const kept = JSON.stringify([found, cloud.store.collection("cloudflare.access.serviceTokens").list()]);
    expect(kept).not.toContain(made.client_secret);
    cloud = await cloud.restart();
    expect(isGood(made.client_id, made.client_secret)).toBe(true);
    expect(isGood(made.client_id, `${made.client_secret}0`)).toBe(false);
    expect(isGood("", made.client_secret)).toBe(false);
  });

  test("a rotation makes another secret; the one before is good as long as it was given", async () => {
    const { serviceTokens } = cloud.cloudflare.zeroTrust.access;
    const first = await create();
    const at = (seconds: number) => new Date(Date.now() + seconds * 1000).toISOString();
    const second = await serviceTokens.rotate(first.id ?? "", {
      account_id,
      previous_client_secret_expires_at: at(60),
    });
    expect(second.client_id).toBe(first.client_id);
    for (const { client_secret } of [first, second]) expect(isGood(first.client_id, client_secret)).toBe(true);
    await serviceTokens.update(first.id ?? "", { account_id, previous_client_secret_expires_at: at(-1) });
    expect(isGood(first.client_id, first.client_secret)).toBe(false);
    const third = await serviceTokens.rotate(first.id ?? "", { account_id });
    expect(isGood(first.client_id, second.client_secret)).toBe(false);
    const { client_secret: fourth } = (await serviceTokens.update(first.id ?? "", {
      account_id,
      client_secret_version: 9,
    })) as { client_secret?: string };
    expect(isGood(first.client_id, third.client_secret)).toBe(false);
    expect(isGood(first.client_id, fourth)).toBe(true);
  });

  test("one that is disabled, expired or deleted is good no more", async () => {
    const { serviceTokens } = cloud.cloudflare.zeroTrust.access;
    const { id = "", client_id, client_secret } = await create({ duration: "forever" });
    await serviceTokens.update(id, { account_id, enabled: false });
    expect(isGood(client_id, client_secret)).toBe(false);
    await serviceTokens.update(id, { account_id, enabled: true });
    expect(isGood(client_id, client_secret)).toBe(true);
    await serviceTokens.update(id, { account_id, duration: "1ns" });
    expect(isGood(client_id, client_secret)).toBe(false);
    await serviceTokens.update(id, { account_id, duration: "1h30m" });
    await serviceTokens.refresh(id, { account_id });
    expect(isGood(client_id, client_secret)).toBe(true);
    await serviceTokens.delete(id, { account_id });
    expect(isGood(client_id, client_secret)).toBe(false);
    expect(await refusal(serviceTokens.get(id, { account_id }))).toEqual({ status: 404, codes: [12135] });
  });

  test("wrong ones are refused, and one that a policy names is not deleted", async () => {
    const { policies, serviceTokens } = cloud.cloudflare.zeroTrust.access;
    expect(await refusal(create({ name: "" }))).toEqual({ status: 400, codes: [12130] });
    expect(await refusal(create({ duration: "a year" }))).toEqual({ status: 400, codes: [12130] });
    const { id = "" } = await create();
    const include = [{ service_token: { token_id: id } }];
    const policy = await policies.create({ account_id, name: "ci", decision: "non_identity", include });
    expect(await refusal(serviceTokens.delete(id, { account_id }))).toMatchObject({ status: 409 });
    await policies.delete(policy.id ?? "", { account_id });
    await serviceTokens.delete(id, { account_id });
  });
});

describe("what Access says of a request", () => {
  const protect = async (domain: string, decision: string, include: object[], more: object = {}) => {
    const { policies, applications } = cloud.cloudflare.zeroTrust.access;
    const policy = await policies.create({ account_id, name: domain, decision, include, ...more } as never);
    const app = { account_id, type: "self_hosted", domain, policies: [{ id: policy.id, precedence: 1 }] };
    const { id } = await applications.create({
      ...app,
      service_auth_401_redirect: decision === "non_identity",
    } as never);
    return String(((await applications.get(String(id), { account_id })) as { aud?: string }).aud);
  };
  const audOf = (hostname: string, path: string) => cloud.api.directory.access(hostname, path)?.aud;

  test("the most specific application alone counts; a path covers what is below it, a wildcard not what is above", async () => {
    const whole = await protect("n8n.example.com", "allow", [{ email: { email: "ada@example.com" } }]);
    const hook = await protect("n8n.example.com/webhook", "bypass", [{ everyone: {} }]);
    const below = await protect("n8n.example.com/mcp/*", "bypass", [{ everyone: {} }]);
    expect(audOf("n8n.example.com", "/")).toBe(whole);
    expect(audOf("N8N.example.com", "/webhook")).toBe(hook);
    expect(audOf("n8n.example.com", "/webhook/a/b")).toBe(hook);
    expect(audOf("n8n.example.com", "/webhook-test/a")).toBe(whole);
    expect(audOf("n8n.example.com", "/mcp/x")).toBe(below);
    expect(audOf("n8n.example.com", "/mcp")).toBe(whole);
    expect(audOf("a.n8n.example.com", "/")).toBeUndefined();
    const any = await protect("*.example.com", "allow", [{ email_domain: { domain: "example.com" } }]);
    expect(audOf("other.example.com", "/")).toBe(any);
    expect(audOf("n8n.example.com", "/")).toBe(whole);
    expect(audOf("a.b.example.com", "/")).toBeUndefined();
  });

  test("of n8n's paths those are open that others call, and nothing else", async () => {
    const whole = await protect("n8n.example.com", "allow", [{ email: { email: "ada@example.com" } }]);
    for (const path of N8N_OPEN_PATHS) await protect(`n8n.example.com/${path}`, "bypass", [{ everyone: {} }]);
    const isOpen = (path: string) => audOf("n8n.example.com", path) !== whole;
    const open = [
      "/webhook/a-b/chat",
      "/webhook-test/a",
      "/webhook-waiting/7",
      "/form/a",
      "/mcp/a/sse",
      "/mcp-server/http",
      "/mcp-oauth/token",
      "/.well-known/oauth-authorization-server",
      "/healthz/readiness",
    ];
    expect(open.filter((path) => !isOpen(path))).toEqual([]);
    const closed = [
      "/",
      "/rest/login",
      "/api/v1/workflows",
      "/signin",
      "/mcp-oauth/authorize",
      "/webhooks",
      "/formula",
      "/assets/a.js",
    ];
    expect(closed.filter(isOpen)).toEqual([]);
  });

  test("policies are told by decision, with the service tokens that they name; one with conditions lets in nobody", async () => {
    await protect("engine.example.com", "non_identity", [{ service_token: { token_id: "token-1" } }]);
    expect(cloud.api.directory.access("engine.example.com", "/v2/scrape")).toMatchObject({
      serviceAuth401: true,
      policies: [{ decision: "non_identity", everyone: false, serviceTokens: ["token-1"] }],
    });
    await protect("any.example.com", "non_identity", [{ any_valid_service_token: {} }]);
    expect(cloud.api.directory.access("any.example.com", "/")?.policies[0]?.serviceTokens).toBe("any");
    const require = [{ ip: { ip: "203.0.113.0/24" } }];
    await protect("office.example.com", "bypass", [{ everyone: {} }], { require });
    expect(cloud.api.directory.access("office.example.com", "/")?.policies[0]?.everyone).toBe(false);
  });
});

describe("a restart", () => {
  test("brings everything back, and the scripts into the runtime with those first that others bind to", async () => {
    await upload("coda");
    await upload("broker", { migrations: { new_tag: "v1", new_sqlite_classes: ["Refresh"] } });
    const bindings = [
      { type: "service", name: "BROKER", service: "broker" },
      { type: "secret_text", name: "SECRET", text: "s3cr3t" },
    ];
    await upload("coda", { bindings });
    const { workers, dns, kv } = cloud.cloudflare;
    await workers.scripts.schedules.update("coda", { account_id, body: [{ cron: "*/5 * * * *" }] });
    await workers.scripts.subdomain.create("coda", { account_id, enabled: true, previews_enabled: false });
    await workers.routes.create({ zone_id, pattern: "coda-mcp.example.com/*", script: "coda" });
    await dns.records.create({
      zone_id,
      type: "CNAME",
      name: "coda-mcp",
      content: "x.cfargotunnel.com",
      ttl: 1,
      proxied: true,
    });
    await kv.namespaces.create({ account_id, title: "sessions" });
    const { id: tunnelId = "" } = await tunnel();
    const secret = cloud.api.directory.tunnel(tunnelId)?.secret;
    const before = cloud.runtime.live.get("coda");

    cloud = await cloud.restart();
    expect(cloud.runtime.deployed).toEqual([]);
    await cloud.api.restore();
    expect(cloud.runtime.deployed).toEqual(["broker", "coda"]);
    expect(cloud.runtime.live.get("coda")).toEqual({
      ...before,
      modules: before?.modules.map((module) => ({ ...module, contents: Buffer.from(module.contents) })),
    });
    expect(cloud.runtime.live.get("broker")?.durableObjectClasses).toEqual(["Refresh"]);
    expect(cloud.runtime.crons.get("coda")).toEqual(["*/5 * * * *"]);
    expect(cloud.api.directory.route("coda-mcp.example.com", "/")).toEqual({ script: "coda" });
    expect(cloud.api.directory.dns("coda-mcp.example.com")?.content).toBe("x.cfargotunnel.com");
    expect(cloud.api.directory.workersDev("coda.test.workers.dev")).toBe("coda");
    expect(cloud.api.directory.tunnel(tunnelId)?.secret).toBe(secret);
    expect((await cloud.cloudflare.kv.namespaces.list({ account_id })).result).toMatchObject([{ title: "sessions" }]);
  });

  test("goes on without a script that does not start any more, and says so", async () => {
    await upload("broken");
    await upload("coda", {}, `${worker} // other bytes`);
    const [blob] = (
      cloud.store.collection("cloudflare.scripts").get("broken") as unknown as { modules: { blob: string }[] }
    ).modules;
    await rm(join(cloud.store.dir, "blobs", blob?.blob ?? ""));
    cloud = await cloud.restart();
    await cloud.api.restore();
    expect(cloud.runtime.deployed).toEqual(["coda"]);
    expect(cloud.log).toEqual([
      expect.stringMatching(/the stored Worker broken does not start: .* missing or damaged/),
    ]);
  });

  test("what an answer tells is on disk before it is given", async () => {
    const made = await cloud.cloudflare.kv.namespaces.create({ account_id, title: "sessions" });
    expect(await readFile(join(cloud.store.dir, "state.json"), "utf8")).toContain(made.id);
  });

  test("secrets are on disk only in the state file", async () => {
    await upload("coda", { bindings: [{ type: "secret_text", name: "SECRET", text: "s3cr3t" }] });
    const files = await readdir(cloud.store.dir, { recursive: true, withFileTypes: true });
    for (const file of files.filter((one) => one.isFile() && one.name !== "state.json")) {
      expect(await readFile(join(file.parentPath, file.name), "utf8")).not.toContain("s3cr3t");
    }
    expect(await readFile(join(cloud.store.dir, "state.json"), "utf8")).toContain("s3cr3t");
    expect(cloud.log.join()).not.toContain("s3cr3t");
  });
});

test("storage is made to fail by whoever has the API's token, and by nobody else", async () => {
  const put = (body: unknown, authorization: string) =>
    fetch(`${cloud.origin}/_control/storage`, {
      method: "PUT",
      body: JSON.stringify(body),
      headers: { authorization },
    });
  expect((await put({ d1: { fail: true } }, "Bearer wrong")).status).toBe(401);
  expect(cloud.runtime.storageFaults).toEqual({});
  const unknown = await cloud.request("PUT", "/_control/storage", { d1: { explode: true } });
  expect([unknown.status, unknown.body.message]).toEqual([400, expect.stringContaining("explode")]);
  expect((await cloud.request("PUT", "/_control/storage", { d1: { fail: true } })).status).toBe(204);
  expect(cloud.runtime.storageFaults).toEqual({ d1: { fail: true } });
});
