import { expect, test } from "vitest";
import { type ExportedState, settlePending } from "./recover.ts";

const resource = (name: string) => ({ urn: `urn::${name}`, type: "t", inputs: { name } });

test("a create that was carried out is in the state, one that was not is gone from it", () => {
  const state: ExportedState = {
    deployment: {
      resources: [{ ...resource("kept"), id: "1" }],
      pending_operations: [
        { type: "creating", resource: resource("made") },
        { type: "creating", resource: resource("never made") },
        { type: "updating", resource: { ...resource("kept"), id: "1" } },
      ],
    },
  };
  settlePending(state, new Map([["urn::made", "2"]]));
  expect(state.deployment).toEqual({
    resources: [
      { ...resource("kept"), id: "1" },
      { ...resource("made"), id: "2", outputs: { name: "made" } },
    ],
  });
});

test("the old one of a replacement that was under way is still to be deleted", () => {
  const state: ExportedState = {
    deployment: {
      resources: [{ ...resource("both"), id: "old" }],
      pending_operations: [{ type: "creating", resource: resource("both") }],
    },
  };
  settlePending(state, new Map([["urn::both", "new"]]));
  expect(state.deployment.resources).toMatchObject([{ id: "old", delete: true }, { id: "new" }]);
});

test("a state in which nothing was made yet takes the first resource", () => {
  const state: ExportedState = {
    deployment: { pending_operations: [{ type: "creating", resource: resource("first") }] },
  };
  settlePending(state, new Map([["urn::first", "1"]]));
  expect(state.deployment.resources).toHaveLength(1);
});
