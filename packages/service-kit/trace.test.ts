import { describe, expect, test } from "vitest";
import { traceOf } from "./trace.ts";

const ID = "0af7651916cd43dd8448eb211c80319c";
const of = (traceparent?: string) =>
  traceOf(new Request("http://localhost/", traceparent === undefined ? {} : { headers: { traceparent } }));

describe("W3C Trace Context", () => {
  test("a caller's trace goes on, with a span of its own and the caller's flags", () => {
    const { id, traceparent } = of(`00-${ID}-b7ad6b7169203331-01`);
    expect(id).toBe(ID);
    expect(traceparent).toMatch(new RegExp(`^00-${ID}-[0-9a-f]{16}-01$`));
    expect(traceparent).not.toContain("b7ad6b7169203331");
  });

  test.each([
    ["none is sent", undefined],
    ["it is not one", "hello"],
    ["its trace id is zeros alone", `00-${"0".repeat(32)}-b7ad6b7169203331-01`],
    ["its parent id is zeros alone", `00-${ID}-${"0".repeat(16)}-01`],
    ["its version is another", `ff-${ID}-b7ad6b7169203331-01`],
    ["it has capitals", `00-${ID.toUpperCase()}-b7ad6b7169203331-01`],
  ])("a new trace begins where %s", (_, sent) => {
    const { id, traceparent } = of(sent);
    expect(id).toMatch(/^[0-9a-f]{32}$/);
    expect(id).not.toBe(ID);
    expect(traceparent).toMatch(new RegExp(`^00-${id}-[0-9a-f]{16}-00$`));
  });
});
