import { describe, expect, it } from "vitest";
import { withFaults } from "./faults.ts";

const URL = "http://127.0.0.1/api/things";
const CONTROL = "http://127.0.0.1/coda/_control";

function faulty() {
  const answered: string[] = [];
  const stand = withFaults(
    async (request) => {
      answered.push(request.url);
      return new Response("ok");
    },
    (status) => new Response("fault", { status }),
  );
  return { ...stand, answered };
}

const put = (body: string) => new Request(CONTROL, { method: "PUT", body });

describe("faults", () => {
  it("are none at first", async () => {
    const { handler, faults } = faulty();
    expect(await (await handler(new Request(URL))).text()).toBe("ok");
    expect(faults.current()).toEqual({});
  });

  it("fail as many requests as asked, which do not reach the stand-in", async () => {
    const { handler, faults, answered } = faulty();
    faults.set({ failNext: { status: 500, times: 2 } });
    const statuses = [];
    for (let request = 0; request < 3; request++) statuses.push((await handler(new Request(URL))).status);
    expect(statuses).toEqual([500, 500, 200]);
    expect(answered).toHaveLength(1);
    expect(faults.current()).toEqual({});
  });

  it("send Retry-After with a 429 always, with another status when asked", async () => {
    const { handler, faults } = faulty();
    const retryAfter = async (failNext: { status: number; times: number; retryAfterSeconds?: number }) => {
      faults.set({ failNext });
      return (await handler(new Request(URL))).headers.get("retry-after");
    };
    expect(await retryAfter({ status: 429, times: 1 })).toBe("1");
    expect(await retryAfter({ status: 503, times: 1 })).toBeNull();
    expect(await retryAfter({ status: 503, times: 1, retryAfterSeconds: 9 })).toBe("9");
  });

  it("hold every answer back for the latency", async () => {
    const { handler, faults } = faulty();
    faults.set({ latencyMs: 30 });
    const started = performance.now();
    await handler(new Request(URL));
    expect(performance.now() - started).toBeGreaterThanOrEqual(29);
  });

  it("can be kept to one path", async () => {
    const { handler, faults } = faulty();
    faults.set({ failNext: { status: 500, times: 1 }, onlyPath: "/rows" });
    expect((await handler(new Request(URL))).status).toBe(200);
    expect((await handler(new Request(`${URL}/rows`))).status).toBe(500);
  });

  it("hang a request until they are cleared", async () => {
    const { handler, faults, answered } = faulty();
    faults.set({ hang: true });
    const response = handler(new Request(URL));
    // The control path is answered meanwhile: that is how a hang ends.
    expect((await handler(new Request(CONTROL))).status).toBe(200);
    expect(answered).toEqual([]);
    await handler(new Request(CONTROL, { method: "DELETE" }));
    expect(await (await response).text()).toBe("ok");
  });

  it("let a hanging request go when its client gives up, without handing it on", async () => {
    const { handler, faults, answered } = faulty();
    faults.set({ hang: true });
    const client = new AbortController();
    const response = handler(new Request(URL, { signal: client.signal }));
    client.abort();
    await expect(response).rejects.toThrow();
    expect(answered).toEqual([]);
  });

  it("are set, shown and cleared at the control path, and nowhere else", async () => {
    const { handler, faults } = faulty();
    const settings = { latencyMs: 5, failNext: { status: 500, times: 3 } };
    expect((await handler(put(JSON.stringify(settings)))).status).toBe(200);
    expect(faults.current()).toEqual(settings);
    expect(await (await handler(new Request(CONTROL))).json()).toEqual(settings);
    await handler(new Request(CONTROL, { method: "DELETE" }));
    expect(faults.current()).toEqual({});
    await handler(
      new Request("http://127.0.0.1/coda/apis/v1/docs/_control", { method: "PUT", body: '{"hang": true}' }),
    );
    expect(faults.current()).toEqual({});
  });

  it("stay as they were when a setting is wrong", async () => {
    const { handler, faults } = faulty();
    faults.set({ latencyMs: 1 });
    for (const wrong of [
      '{"latency": 5}',
      '{"latencyMs": -1}',
      '{"failNext": {"status": 200, "times": 1}}',
      "no JSON",
    ]) {
      expect((await handler(put(wrong))).status, wrong).toBe(400);
    }
    expect((await handler(new Request(CONTROL, { method: "POST", body: "{}" }))).status).toBe(405);
    expect(() => faults.set({ latencyMs: -1 })).toThrow();
    expect(faults.current()).toEqual({ latencyMs: 1 });
  });
});
