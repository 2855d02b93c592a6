import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";
import { expect, test } from "vitest";
import { failuresOf, type MovableStack, type Move, moveTogether } from "./move-services.ts";

/** Which services an update has failed to move, from the engine's events, and what is done about it. */

const coda: Move = { service: "coda", placement: "droplet" };
const github: Move = { service: "github", placement: "workers" };
const urn = (name: string) => `urn:pulumi:local::hybrid-mcp::some:index/type:Type::${name}`;
const error = (message: string, name?: string) =>
  ({
    diagnosticEvent: { message: `${message}\n`, severity: "error", ...(name && { urn: urn(name) }) },
  }) as unknown as EngineEvent;
const changed = (name: string, op = "update") =>
  ({ resOutputsEvent: { metadata: { op, urn: urn(name) } } }) as unknown as EngineEvent;
const sumUp = error("update failed");

test("each error of a service's own resources is that service's", () => {
  const events = [error("Container coda exited with code 1: no such file\nits last words", "coda"), sumUp];
  expect([...failuresOf([coda, github], events)]).toEqual([[coda, "Container coda exited with code 1: no such file."]]);
});

test("what the tunnel's hook says of several is told of each", () => {
  const events = [
    error('after hook "tunnel-confirm" failed: coda: it is not there.\ngithub: it is older.', "ingress"),
    sumUp,
  ];
  expect([...failuresOf([coda, github], events)]).toEqual([
    [coda, "it is not there."],
    [github, "it is older."],
  ]);
});

test("an error that is nobody's stops those that have not moved", () => {
  const events = [changed("github-route"), changed("coda-route", "same"), error("no space left", "network"), sumUp];
  expect([...failuresOf([coda, github], events).keys()]).toEqual([coda]);
});

test("a Ctrl-C is told as what it is, of those that had not moved by then", () => {
  const events = [changed("github-route"), error("update canceled")];
  expect([...failuresOf([coda, github], events)]).toEqual([[coda, "it was cancelled."]]);
});

test("what could not be deleted at the end stops nobody that has moved", () => {
  const deletion = { resOpFailedEvent: { metadata: { op: "delete", urn: urn("coda") } } } as unknown as EngineEvent;
  const events = [changed("coda-route"), changed("github-route"), error("engine is gone", "coda"), deletion, sumUp];
  expect(failuresOf([coda, github], events).size).toBe(0);
});

/** A stack whose updates go as `runs` says: the events of one that fails, undefined for one that succeeds. */
function stack(runs: (EngineEvent[] | undefined)[]): MovableStack & { flags: Record<string, string>; seen: object[] } {
  const flags: Record<string, string> = { coda: "workers" };
  const seen: object[] = [];
  let last: EngineEvent[] | undefined;
  return {
    flags,
    seen,
    goOn: "npm run up",
    flag: async (service) => flags[service],
    setFlag: async (service, placement) => {
      if (placement === undefined) delete flags[service];
      else flags[service] = placement;
    },
    placement: async (service) => flags[service] ?? "droplet",
    update: async () => {
      seen.push({ ...flags });
      last = runs.shift();
      return last ? 1 : 0;
    },
    events: () => last ?? [],
  };
}

test("one that fails goes back and the others go on: each is told, and the flags say where each is", async () => {
  const one = stack([[error("unhealthy", "coda")], undefined]);
  await expect(moveTogether([coda, github], one)).rejects.toThrow(
    "\nCoda was not moved to droplet: unhealthy. It is placed on workers, as before.\nGitHub runs on workers.",
  );
  expect(one.seen).toEqual([
    { coda: "droplet", github: "workers" },
    { coda: "workers", github: "workers" },
  ]);
  expect(one.flags).toEqual({ coda: "workers", github: "workers" });
});

test("when taking back fails too, that is said, and what goes on from there", async () => {
  const one = stack([[error("unhealthy", "github")], [error("no space left")], [error("no space left")]]);
  await expect(moveTogether([github], one)).rejects.toThrow(
    "GitHub was not moved to workers: unhealthy. It is placed on droplet, as before.\nThe last update failed too; what failed is above. npm run up tries again.",
  );
  expect(one.flags).toEqual({ coda: "workers" });
});

test("what is left of the old side is tried again once, and the flags stay where the services are", async () => {
  const one = stack([[changed("coda-route"), error("busy")], undefined]);
  await moveTogether([coda], one);
  expect(one.flags).toEqual({ coda: "droplet" });
});
