import { connectScope } from "@hybrid-mcp/catalogue";
import type { AuthorizedCall } from "@hybrid-mcp/service-kit/broker-contract";
import { Hono } from "hono";
import { audit } from "../audit/audit.ts";
import type { BrokerEnv, Ctx } from "../config.ts";
import { credentialFor } from "../connections/credential.ts";
import { unixNow } from "../connections/record.ts";
import { secretsIn } from "../connections/secrets.ts";
import { upstreamOf } from "../connections/upstreams.ts";
import { authenticated } from "../service-client.ts";
import { validateToken } from "../validate-token.ts";

/** RFC 8693 sections 2.1 and 3. */
const TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token";

const WORDS = {
  missing: "The person has not connected an account.",
  broken: "The upstream no longer takes the person's connection.",
  unavailable: "The upstream does not answer just now.",
} as const;

/**
 * Token exchange (RFC 8693) for a person's upstream credential: `POST /token/{service}`, for that service itself where it
 * runs outside Cloudflare, and for products that the stack config allows and the person has consented to.
 */
export const tokenRoutes = new Hono<{ Bindings: BrokerEnv }>();

tokenRoutes.post("/token/:service", async (c) => {
  c.header("cache-control", "no-store");
  c.header("pragma", "no-cache");
  const service = c.req.param("service");
  const client = await clientOf(c);
  if (!client) {
    c.header("www-authenticate", 'Basic realm="token"');
    return c.json({ error: "invalid_client" }, 401);
  }
  const told = { kind: "token" as const, client: client.name, service };
  const refuse = (error: string, description: string, about: object = {}) => {
    audit(c, { ...told, ...about, decision: "denied", reason: description });
    return c.json({ error, error_description: description }, 400);
  };

  const request = await exchangeRequest(c);
  if (typeof request === "string") return refuse("invalid_request", request);
  if (request.grantType !== TOKEN_EXCHANGE)
    return refuse("unsupported_grant_type", `grant_type is not ${TOKEN_EXCHANGE}`);
  const resource = c.env.BROKER_CONFIG.resources[service];
  const upstream = upstreamOf(c.env, service);
  if (!resource || !client.services.includes(service)) {
    return refuse("invalid_target", `${client.name} gets no tokens of this service here`);
  }
  const call = await validateToken(c.env, resource, request.subjectToken);
  // RFC 8693 section 2.2.2: a subject token that is no good is an invalid request.
  if (!call) return refuse("invalid_request", "the subject_token is not good for this service");
  const about = { user: call.userId, grant: call.grantId };
  const lacking = client.lacks(call, service);
  if (lacking) return refuse(lacking.error, lacking.description, about);

  const answer = await credentialFor(c.env, call.props.person, service, { remembered: false });
  if (!answer) return refuse("invalid_target", "the service has no credential of an upstream", about);
  if ("problem" in answer) {
    const { problem } = answer;
    audit(c, { ...told, ...about, decision: "failed", reason: WORDS[problem] });
    // `problem` is no part of the RFC: it spares a program the words.
    const body = { error_description: WORDS[problem], error_uri: answer.connectUrl, problem };
    return problem === "unavailable"
      ? c.json({ error: "temporarily_unavailable", ...body }, 503)
      : c.json({ error: "invalid_grant", ...body }, 400);
  }
  audit(c, { ...told, ...about, decision: "allowed" });
  return c.json({
    access_token: answer.token,
    issued_token_type: ACCESS_TOKEN,
    token_type: upstream?.kind === "token" ? upstream.tokenType : "Bearer",
    ...(answer.expiresAt !== undefined && { expires_in: Math.max(0, answer.expiresAt - unixNow()) }),
  });
});

/** Who asks, for which services it may, and what it lacks for a call that it shows. */
interface Client {
  name: string;
  services: string[];
  lacks(call: AuthorizedCall, service: string): { error: string; description: string } | undefined;
}

async function clientOf(c: Ctx): Promise<Client | undefined> {
  const authorization = c.req.header("authorization");
  const service = await authenticated(authorization, secretsIn(c.env.SERVICE_SECRETS));
  // Whoever holds a token for the service can use the service; it needs a scope of it, as every call does.
  if (service) return { name: service, services: [service], lacks: (call) => lacksEverything(call) };
  const name = await authenticated(authorization, secretsIn(c.env.PRODUCT_SECRETS));
  const product = c.env.BROKER_CONFIG.products.find((each) => each.name === name);
  return (
    product && {
      name: product.name,
      services: product.services,
      lacks: (call, asked) =>
        product.clientIds.includes(call.clientId)
          ? lacksConsent(call, asked)
          : { error: "invalid_request", description: "the subject_token was issued to another client" },
    }
  );
}

function lacksEverything({ scope }: AuthorizedCall) {
  return scope.length > 0
    ? undefined
    : { error: "invalid_scope", description: "the person may do nothing there any more" };
}

function lacksConsent({ scope }: AuthorizedCall, service: string) {
  const needed = connectScope(service);
  return scope.includes(needed)
    ? undefined
    : { error: "invalid_scope", description: `the person has not consented to ${needed}` };
}

/** @returns what is wrong with the form, in words */
async function exchangeRequest(c: Ctx): Promise<{ grantType: string; subjectToken: string } | string> {
  const form = await c.req.formData().catch(() => undefined);
  if (!form) return "the body is not a form";
  // RFC 6749 section 3.2.
  const repeated = [...new Set(form.keys())].find((name) => form.getAll(name).length > 1);
  if (repeated) return "a parameter is repeated";
  const value = (name: string) => {
    const given = form.get(name);
    return typeof given === "string" && given !== "" ? given : undefined;
  };
  const grantType = value("grant_type");
  if (!grantType) return "grant_type is missing";
  if (grantType !== TOKEN_EXCHANGE) return { grantType, subjectToken: "" };
  const subjectToken = value("subject_token");
  if (!subjectToken) return "subject_token is missing";
  if (value("subject_token_type") !== ACCESS_TOKEN) return `subject_token_type is not ${ACCESS_TOKEN}`;
  if ((value("requested_token_type") ?? ACCESS_TOKEN) !== ACCESS_TOKEN)
    return `requested_token_type is not ${ACCESS_TOKEN}`;
  if (value("actor_token")) return "an actor_token is not taken";
  return { grantType, subjectToken };
}
