import { type AuditDatabase, migrate } from "@hybrid-mcp/oauth-broker/audit-database";
import * as pulumi from "@pulumi/pulumi";
import type { Config } from "../config.ts";
import type { Storage } from "../edge/storage.ts";

/**
 * Brings the audit trail's schema up to date *before* a new version of the broker is uploaded and gets traffic: a hook on
 * its script, so that it runs when the script changes and at no other time. A step that fails fails the update, with the
 * old version in place. Steps only add, so that the old version works with the new schema.
 */
export function auditSchemaHook(config: Config, storage: Storage): pulumi.ResourceHookBinding {
  const before = new pulumi.ResourceHook("audit-schema", async () => {
    const databaseId = await new Promise<string>((resolve) => storage.audit.id.apply(resolve));
    const steps = await migrate(d1OverHttp(config.cloudflare.accountId, databaseId));
    if (steps > 0) pulumi.log.info(`audit trail: ${steps} schema ${steps === 1 ? "step" : "steps"} taken`);
  });
  return { beforeCreate: [before], beforeUpdate: [before] };
}

interface Prepared {
  sql: string;
  params: unknown[];
}

/**
 * A D1 database over Cloudflare's API, with what the provider of the program signs in with.
 * https://developers.cloudflare.com/api/resources/d1/subresources/database/methods/query/
 */
function d1OverHttp(accountId: string, databaseId: string): AuditDatabase {
  const provider = new pulumi.Config("cloudflare");
  const baseUrl = provider.get("baseUrl") ?? process.env.CLOUDFLARE_BASE_URL ?? "https://api.cloudflare.com/client/v4";
  const token = provider.get("apiToken") ?? process.env.CLOUDFLARE_API_TOKEN;
  if (!token) {
    throw new Error(
      "The audit trail's schema needs a Cloudflare API token: set cloudflare:apiToken or CLOUDFLARE_API_TOKEN.",
    );
  }
  const query = async (body: Prepared | { batch: Prepared[] }) => {
    const response = await fetch(`${baseUrl}/accounts/${accountId}/d1/database/${databaseId}/query`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    const answer = (await response.json()) as {
      success: boolean;
      errors?: { code: number; message: string }[];
      result: { results: object[]; meta: { changes?: number } }[];
    };
    if (!answer.success) {
      const why = answer.errors?.map(({ code, message }) => `${message} (${code})`).join(", ");
      throw new Error(`D1 refused a step of the audit trail's schema: ${why ?? `HTTP ${response.status}`}.`);
    }
    return answer.result;
  };
  const statement = (sql: string, params: unknown[]): ReturnType<AuditDatabase["prepare"]> & Prepared => ({
    sql,
    params,
    bind: (...values) => statement(sql, values),
    all: async <Row>() => ({ results: (await query({ sql, params }))[0]!.results as Row[] }),
    run: async () => (await query({ sql, params }))[0]!,
  });
  return {
    prepare: (sql) => statement(sql, []),
    batch: (statements) =>
      query({ batch: (statements as unknown as Prepared[]).map(({ sql, params }) => ({ sql, params })) }),
  };
}
