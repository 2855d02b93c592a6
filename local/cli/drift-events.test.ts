import { expect, test } from "vitest";
import { driftIn, driftMarkdown, errorsIn, inWords, oneLine } from "./drift-events.ts";

/** What the engine writes in a secret's place: the property's value becomes such an object. */
const SECRET = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", ciphertext: "[secret]" };

function found(
  op: string,
  name: string,
  { was, is, ...rest }: { was?: object; is?: object; diffs?: string[]; detailedDiff?: object } = {},
): string {
  const urn = `urn:pulumi:local::hybrid-mcp::hybrid-mcp:edge:Tunnel$cloudflare:index/workersRoute:WorkersRoute::${name}`;
  const metadata = { op, urn, old: { inputs: was, outputs: was }, new: { inputs: is, outputs: is }, ...rest };
  return `${JSON.stringify({ sequence: 1, resOutputsEvent: { metadata } })}\n`;
}

test("what is the same is no drift, and what is gone is", () => {
  const stream = found("same", "a") + found("delete", "b") + found("refresh", "c");
  expect(driftIn(stream)).toMatchObject([{ name: "b", type: "WorkersRoute", what: "gone", changes: [] }]);
});

test("a change is told property by property, as the provider finds it: what a cloud keeps for itself is none", () => {
  const was = { script: "a", pattern: "x/*", rules: [{ to: "1" }, { to: "2", at: 1 }], modifiedOn: "yesterday" };
  const is = { pattern: "y/*", rules: [{ to: "1" }, { to: "3", at: 1 }], modifiedOn: "today" };
  const stream = found("update", "r", { was, is, diffs: ["script", "pattern", "rules"] });
  expect(driftIn(stream)[0]!.changes).toEqual([
    { property: "pattern", was: '"x/*"', is: '"y/*"' },
    { property: "rules[1].to", was: '"2"', is: '"3"' },
    { property: "script", was: '"a"', is: undefined },
  ]);
});

test("providers that tell it by path are understood too", () => {
  const [was, is] = [{ rules: [{ to: "1" }] }, { rules: [{ to: "1" }, { to: "2" }] }];
  const stream = found("update", "r", { was, is, detailedDiff: { "rules[1].to": { kind: "add" } } });
  expect(driftIn(stream)[0]!.changes).toEqual([{ property: "rules[1]", was: undefined, is: '{"to":"2"}' }]);
});

test("a property that holds a secret is masked whole: it is read back in clear", () => {
  const stream = found("update", "r", {
    was: { envs: SECRET },
    is: { envs: ["TOKEN=in-clear"] },
    diffs: ["envs"],
  });
  const [drift] = driftIn(stream);
  expect(JSON.stringify(drift)).not.toContain("in-clear");
  expect(drift!.changes.map(inWords)).toEqual(["envs: holds a secret, and is not as it was"]);
});

test("a line that an engine has not finished is left out", () => {
  expect(driftIn(`${found("delete", "a")}{"sequence": 2, "resOut`)).toHaveLength(1);
});

test("errors are told once, without colours", () => {
  const error = JSON.stringify({
    diagnosticEvent: { severity: "error", message: "<{%reset%}>connection refused<{%reset%}>\n" },
  });
  expect(errorsIn(`${error}\n${error}\n`)).toBe("connection refused");
});

test("markdown begins with the line by which it is found again, and nothing in a value is markup", () => {
  const stream = found("update", "r", { was: { script: "a" }, is: { script: "`|<b>@x" }, diffs: ["script"] });
  const drift = [...driftIn(stream), ...driftIn(found("delete", "d"))];
  const text = driftMarkdown("dev", drift, "`pulumi up --refresh --stack dev`");
  expect(text.split("\n")[0]).toBe("<!-- hybrid-mcp drift: dev -->");
  expect(text).toContain("**2 resources of the stack `dev` are not as Pulumi left them.**");
  expect(text).toContain("| WorkersRoute `d` | | there | **gone** |");
  expect(text).not.toMatch(/<b>|@x/);
  expect(driftMarkdown("dev", [], "")).toBe(
    "<!-- hybrid-mcp drift: dev -->\nNothing of the stack `dev` was changed outside of Pulumi.\n",
  );
  expect(drift.map(oneLine)).toEqual(['WorkersRoute r was changed: script: "a" → "`|<b>@x"', "WorkersRoute d is gone"]);
});
