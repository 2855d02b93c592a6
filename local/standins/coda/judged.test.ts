import { expect, it } from "vitest";
import { judged } from "./judged.ts";
import { createCodaStandIn } from "./stand-in.ts";

const BASE = "http://127.0.0.1:8782/coda/apis/v1";
const standIn = () =>
  createCodaStandIn({ tokens: [{ token: "t", loginId: "ada@example.com", name: "Ada" }], log: () => {} });
const request = (path: string, init: RequestInit = {}) =>
  new Request(BASE + path, { ...init, headers: { authorization: "Bearer t" } });

it("passes everything on and notes nothing that is as described", async () => {
  const { handler, problems } = judged(standIn());
  expect((await handler(request("/docs?limit=1"))).status).toBe(200);
  const made = await handler(request("/docs", { method: "POST", body: JSON.stringify({ title: "Notes" }) }));
  expect(await made.json()).toMatchObject({ name: "Notes" });
  expect((await handler(request("/docs/none"))).status).toBe(404);
  expect(problems).toEqual([]);
});

it("notes a request that is not as described, and an endpoint that there is not", async () => {
  const { handler, problems } = judged(standIn());
  await handler(request("/docs?max=1"));
  await handler(request("/docs", { method: "POST", body: JSON.stringify({ name: "Notes" }) }));
  await handler(request("/nothing"));
  expect(problems).toEqual([
    "GET /coda/apis/v1/docs, asked: ?max is not described",
    "POST /coda/apis/v1/docs, asked: body: / must NOT have additional properties",
    "GET /coda/apis/v1/nothing, asked: this path is not described",
  ]);
});

it("notes an answer that is not as described, unless it is an error on purpose", async () => {
  const real = standIn();
  const answering = (body: object) => judged({ ...real, handler: async () => Response.json(body) });
  const wrong = answering({ items: [{ id: "c" }] });
  await wrong.handler(request("/categories"));
  expect(wrong.problems).toContain(
    "GET /coda/apis/v1/categories, answered 200: /items/0 must have required property 'name'",
  );

  const faulty = judged(real);
  real.faults.set({ garbage: true });
  await faulty.handler(request("/docs"));
  expect(faulty.problems).toEqual([]);
});
