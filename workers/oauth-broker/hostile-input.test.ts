import { request } from "node:http";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CODA, TestBroker } from "./testing/test-broker.ts";
import { TestBrowser } from "./testing/test-browser.ts";

/** What anybody on the internet can send, signed in or not. */

let broker: TestBroker;
let clientId: string;

beforeAll(async () => {
  broker = await TestBroker.start({
    policy: [{ people: ["github:ada"], scopes: ["coda:write"] }],
    config: () => ({ products: [{ name: "reporter", clientIds: [], services: ["coda"] }] }),
    bindings: { PRODUCT_SECRETS: JSON.stringify({ reporter: "reporter-secret" }) },
  });
  clientId = await broker.registerClient();
});
afterAll(() => broker?.close());

const BASIC = { authorization: `Basic ${btoa("coda:coda-secret")}` };
const FORM = { "content-type": "application/x-www-form-urlencoded" };
const post = (
  path: string,
  body: string | URLSearchParams | ReadableStream<Uint8Array>,
  headers: Record<string, string> = {},
) => fetch(broker.issuer + path, { method: "POST", body, headers, duplex: "half" } as RequestInit);

/** Sends so much that an answer is due, and not the end: what is answered does not wait for it. */
function sendBegin(path: string, bytes: number, saysLength: boolean, headers: Record<string, string>) {
  return new Promise<{ status: number | undefined; type: string | undefined; body: string }>((resolve, reject) => {
    const sent = request(broker.issuer + path, { method: "POST", headers, agent: false });
    sent.on("error", reject);
    sent.setTimeout(5_000, () => sent.destroy(new Error("there was no answer before the end")));
    sent.on("response", async (response) => {
      const body = await text(response);
      resolve({ status: response.statusCode, type: response.headers["content-type"], body });
      sent.destroy();
    });
    if (saysLength) sent.setHeader("content-length", bytes).flushHeaders();
    else sent.write(Buffer.alloc(bytes, "a"));
  });
}

describe.each([
  ["that states its length", true],
  ["that does not state its length", false],
])("a body %s (RFC 9110 section 15.5.14),", (_, saysLength) => {
  const KIB = 1024;
  const whole = (content: string) => (saysLength ? content : new Blob([content]).stream());

  test.each([
    ["/oauth/token", 64],
    ["/introspect", 64],
    ["/token/coda", 64],
    ["/oauth/register", 1024],
    ["/audit", 1024],
  ])("is refused by %s above %i KiB, in JSON", async (path, limit) => {
    const { status, body } = await sendBegin(path, limit * KIB + 1, saysLength, { ...FORM, ...BASIC });
    expect([status, JSON.parse(body)]).toEqual([
      413,
      { error: "invalid_request", error_description: `This takes ${limit} KiB at most.` },
    ]);
    expect((await post(path, whole("a".repeat(limit * KIB)), { ...FORM, ...BASIC })).status).not.toBe(413);
  });

  test.each(["/sign-in", "/sign-in/link", "/sign-out", "/authorize", "/auth/coda", "/grants/x/revoke", "/nowhere"])(
    "is refused by %s above 64 KiB, with a page",
    async (path) => {
      const { status, type, body } = await sendBegin(path, 64 * KIB + 1, saysLength, {
        ...FORM,
        origin: broker.issuer,
      });
      expect([status, type]).toEqual([413, "text/html; charset=UTF-8"]);
      expect(body).toContain("This takes 64 KiB at most.");
    },
  );

  test("below that is read as it is", async () => {
    const token = await broker.tokenFor("ada", ["coda:read"]);
    const response = await post("/introspect", whole(`padding=${"a".repeat(60_000)}&token=${token}`), {
      ...FORM,
      ...BASIC,
    });
    expect(await response.json()).toMatchObject({ active: true });
  });
});

describe("what is longer than any key of KV is unknown, as everything else that was made up", () => {
  const tokens = [
    ["in its first part", `${"a".repeat(600)}:b:c`],
    ["in its second part", `a:${"b".repeat(600)}:c`],
    ["in bytes, though not in characters", `${"ä".repeat(300)}:b:c`],
  ];
  const json = async (response: Response) => [response.status, await response.json()];

  test.each(tokens)("an access token, long %s", async (_, token) => {
    expect(await broker.authorize(token)).toBeNull();
    expect(await broker.rpc("authorizeGateway", token, ["coda"])).toBeNull();
    expect(await json(await broker.introspect(token))).toEqual([200, { active: false }]);
  });

  test.each(tokens)("a refresh token, a code and a token to revoke, long %s", async (_, token) => {
    const send = (form: Record<string, string>) =>
      post("/oauth/token", new URLSearchParams({ client_id: clientId, ...form }));
    expect(await json(await send({ grant_type: "refresh_token", refresh_token: token }))).toMatchObject([
      400,
      { error: "invalid_grant" },
    ]);
    expect(await json(await send({ grant_type: "authorization_code", code: token }))).toMatchObject([
      400,
      { error: "invalid_grant" },
    ]);
    // RFC 7009 section 2.2: a token that is no good is revoked already.
    expect((await send({ token })).status).toBe(200);
  });

  test.each(tokens)("a subject token of a product, long %s", async (_, token) => {
    const form = new URLSearchParams({
      grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
      subject_token: token,
      subject_token_type: "urn:ietf:params:oauth:token-type:access_token",
    });
    const response = await post("/token/coda", form, { authorization: `Basic ${btoa("reporter:reporter-secret")}` });
    expect(await json(response)).toMatchObject([400, { error: "invalid_request" }]);
  });

  test("a client", async () => {
    const long = "a".repeat(700);
    const form = { grant_type: "refresh_token", refresh_token: "a:b:c" };
    const inForm = await post("/oauth/token", new URLSearchParams({ ...form, client_id: long }));
    expect(await json(inForm)).toMatchObject([401, { error: "invalid_client" }]);
    const inHeader = await post("/oauth/token", new URLSearchParams(form), {
      authorization: `Basic ${btoa(`${long}:secret`)}`,
    });
    expect(await json(inHeader)).toMatchObject([401, { error: "invalid_client" }]);
    const { url } = await broker.authorizeUrl({ client_id: long, resource: CODA });
    const page = await new TestBrowser().open(url);
    expect([page.status, page.text.includes("That did not work")]).toEqual([400, true]);
  });

  test.each(["session", "link"])("the cookie of a %s", async (name) => {
    const browser = new TestBrowser(new Map([[`__Host-${name}`, `${"a".repeat(2000)}.b`]]));
    const { status, text } = await browser.open(`${broker.issuer}/`);
    expect([status, text.includes("Continue with GitHub")]).toEqual([200, true]);
    expect((await browser.submit(`${broker.issuer}/sign-out`, {})).status).toBe(302);
  });

  test("the session that a person ends", async () => {
    const browser = new TestBrowser();
    await browser.signIn(`${broker.issuer}/`, "ada");
    expect((await browser.submit(`${broker.issuer}/sessions/${"a".repeat(600)}/end`, {})).status).toBe(303);
    expect((await browser.open(`${broker.issuer}/`)).text).toContain("Your access");
  });
});

describe("a body that is no form is told so", () => {
  const MULTIPART = { "content-type": "multipart/form-data; boundary=x" };
  const bodies: [string, string, Record<string, string>][] = [
    ["JSON", "{}", { "content-type": "application/json" }],
    ["broken multipart", "--y", MULTIPART],
    ["nothing that has a name", "x", { "content-type": "" }],
  ];

  describe.each(bodies)("%s", (_, body, headers) => {
    test.each(["/sign-in", "/authorize", "/auth/coda", "/auth/github/disconnect"])("to %s", async (path) => {
      const browser = new TestBrowser();
      await browser.signIn(`${broker.issuer}/`, "ada");
      const page = await browser.open(broker.issuer + path, { method: "POST", body, headers });
      expect([page.status, page.text.includes("The form could not be read.")]).toEqual([400, true]);
    });

    test.each(["/introspect", "/token/coda", "/oauth/token", "/oauth/register", "/audit"])(
      "to %s, in JSON",
      async (path) => {
        const response = await post(path, body, { ...headers, ...BASIC });
        expect([response.status, response.headers.get("content-type")]).toEqual([
          400,
          expect.stringMatching(/^application\/json/),
        ]);
        expect(await response.json()).toMatchObject({ error: expect.stringMatching(/^invalid_/) });
      },
    );
  });
});

describe("an error of the broker itself is answered in JSON, never with a page,", () => {
  beforeAll(async () => {
    await (await broker.kv()).put("grant:broken:grant", "not JSON");
    await broker.reconfigure({}, { SERVICE_SECRETS: "not JSON" });
  });

  test.each(["/oauth/token", "/token/coda", "/introspect", "/audit"])("by %s", async (path) => {
    const response = await post(path, new URLSearchParams({ token: "broken:grant:x", client_id: clientId }), BASIC);
    expect([response.status, await response.json()]).toEqual([500, { error: "server_error" }]);
  });
});
