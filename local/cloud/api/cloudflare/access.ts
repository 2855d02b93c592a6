import { randomBytes } from "node:crypto";
import { type Context, Hono } from "hono";
import { type Fields, isFields, readFields, text, without } from "./body.ts";
import type { CloudflareContext } from "./context.ts";
import { ApiError, page, success } from "./envelope.ts";
import { now, uuid } from "./identifiers.ts";
import type { AccessApplication, AccessPolicy } from "./records.ts";

const decisions = ["allow", "deny", "non_identity", "bypass"];
/** Kinds of application that have a hostname of the customer's own. */
const selfHosted = ["self_hosted", "ssh", "vnc"];
const readOnly = ["id", "uid", "aud", "created_at", "updated_at", "app_count", "reusable"];
const perPage = { default: 25, max: 1000 };

/** `/accounts/{account_id}/access` (Cloudflare API, Access applications and reusable policies). */
export function accessRoutes(context: CloudflareContext): Hono {
  const { applications, policies } = context;

  const application = (c: Context): AccessApplication => {
    const asked = c.req.param("app_id") ?? "";
    const found = applications.get(asked) ?? applications.find((one) => one.aud === asked);
    if (!found) throw notFound();
    return found;
  };
  const policy = (c: Context): AccessPolicy => {
    const found = policies.get(c.req.param("policy_id") ?? "");
    if (!found?.reusable) throw notFound();
    return found;
  };
  const users = (id: string) => applications.list((app) => app.policies.some((used) => used.id === id));
  const describePolicy = (found: AccessPolicy): Fields => ({ ...found, app_count: users(found.id).length });
  const describe = (app: AccessApplication): Fields => ({
    ...app,
    uid: app.id,
    policies: app.policies.map(({ id, precedence }) => ({ ...policies.get(id), precedence })),
  });

  /** A policy of an application is the id of a reusable one, `{id, precedence}`, or written out, which makes one of its own. */
  const attach = (given: unknown): AccessApplication["policies"] => {
    if (given === undefined || given === null) return [];
    if (!Array.isArray(given)) throw invalid("policies must be a list");
    return given
      .map((entry: unknown, index) => {
        const precedence = isFields(entry) && typeof entry.precedence === "number" ? entry.precedence : index + 1;
        const id = isFields(entry) ? entry.id : entry;
        if (id === undefined && isFields(entry)) {
          return { id: savePolicy(uuid(), without(entry, "precedence"), false).id, precedence };
        }
        if (typeof id !== "string" || !policies.get(id)) throw invalid(`policy ${String(id)} does not exist`);
        return { id, precedence };
      })
      .sort((a, b) => a.precedence - b.precedence);
  };
  const detach = (before: AccessApplication, kept: AccessApplication["policies"]): void => {
    for (const { id } of before.policies) {
      if (policies.get(id)?.reusable === false && !kept.some((used) => used.id === id)) policies.delete(id);
    }
  };
  const save = (fields: Fields, before?: AccessApplication): AccessApplication => {
    const type = text(fields, "type");
    if (type === undefined) throw invalid("type is required");
    const domain = text(fields, "domain");
    if (selfHosted.includes(type) && domain === undefined && !Array.isArray(fields.destinations)) {
      throw invalid("domain is required");
    }
    if (domain !== undefined && applications.find((other) => other.domain === domain && other.id !== before?.id)) {
      throw new ApiError(409, 11010, "access.api.error.application_already_exists");
    }
    const attached = attach(fields.policies);
    const saved = applications.put({
      session_duration: "24h",
      ...(domain === undefined
        ? {}
        : { self_hosted_domains: [domain], destinations: [{ type: "public", uri: domain }] }),
      ...without(fields, ...readOnly),
      id: before?.id ?? uuid(),
      aud: before?.aud ?? randomBytes(32).toString("hex"),
      created_at: before?.created_at ?? now(),
      updated_at: now(),
      policies: attached,
    });
    if (before) detach(before, attached);
    return saved;
  };
  const savePolicy = (id: string, fields: Fields, reusable: boolean): AccessPolicy => {
    const name = text(fields, "name");
    if (name === undefined) throw invalid("name is required");
    if (!decisions.includes(String(fields.decision))) {
      throw invalid(
        `unrecognized policy decision '${String(fields.decision ?? "")}': use one of ${decisions.join(", ")}`,
      );
    }
    if (!Array.isArray(fields.include) || fields.include.length === 0) throw invalid("include needs at least one rule");
    return policies.put({
      exclude: [],
      require: [],
      session_duration: "24h",
      ...without(fields, ...readOnly),
      id,
      name,
      reusable,
      created_at: policies.get(id)?.created_at ?? now(),
      updated_at: now(),
    });
  };

  return new Hono()
    .get("/apps", (c) => {
      const filters = ["name", "domain", "aud"].filter((filter) => c.req.query(filter) !== undefined);
      const found = applications.list((app) => filters.every((filter) => app[filter] === c.req.query(filter)));
      return page(c, found.map(describe), perPage);
    })
    .post("/apps", async (c) => success(c, describe(save(await readFields(c)))))
    .get("/apps/:app_id", (c) => success(c, describe(application(c))))
    .put("/apps/:app_id", async (c) => {
      const body = await readFields(c);
      return success(c, describe(save(body, application(c))));
    })
    .delete("/apps/:app_id", (c) => {
      const before = application(c);
      applications.delete(before.id);
      detach(before, []);
      return success(c, { id: before.id });
    })
    .get("/apps/:app_id/policies", (c) => page(c, describe(application(c)).policies as unknown[], perPage))
    .get("/policies", (c) => page(c, policies.list((one) => one.reusable === true).map(describePolicy), perPage))
    .post("/policies", async (c) => success(c, describePolicy(savePolicy(uuid(), await readFields(c), true))))
    .get("/policies/:policy_id", (c) => success(c, describePolicy(policy(c))))
    .put("/policies/:policy_id", async (c) => {
      const body = await readFields(c);
      return success(c, describePolicy(savePolicy(policy(c).id, body, true)));
    })
    .delete("/policies/:policy_id", (c) => {
      const { id } = policy(c);
      if (users(id).length > 0)
        throw new ApiError(409, 12130, "access.api.error.invalid_request: policy is used by an application");
      policies.delete(id);
      return success(c, { id });
    });
}

function notFound(): ApiError {
  return new ApiError(404, 12135, "access.api.error.not_found");
}

function invalid(reason: string): ApiError {
  return new ApiError(400, 12130, `access.api.error.invalid_request: ${reason}`);
}
