import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { configValue, failuresOf, type MovableStack, type Move, moveTogether } from "./move-services.ts";

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

test("what a Ctrl-C cut is not told as a fault of something else, and stops those too that had not come to it", () => {
  const aborted = error('after hook "coda-confirm" failed: The operation was aborted', "coda-route");
  const events = [changed("coda-route"), aborted, sumUp];
  const cancelled = "it was cancelled.";
  expect([...failuresOf([coda, github], events, true)]).toEqual([
    [coda, cancelled],
    [github, cancelled],
  ]);
});

test("what could not be deleted at the end stops nobody that has moved", () => {
  const deletion = { resOpFailedEvent: { metadata: { op: "delete", urn: urn("coda") } } } as unknown as EngineEvent;
  const events = [changed("coda-route"), changed("github-route"), error("engine is gone", "coda"), deletion, sumUp];
  expect(failuresOf([coda, github], events).size).toBe(0);
});

/** The edge: each service is served by where its last update led, unless a test says who answers instead. */
const served: Record<string, string> = {};
const edge = createServer((request, response) => {
  const service = request.headers.host!.split(".")[0]!;
  const placement = served[service];
  if (!placement) response.statusCode = 502;
  response.setHeader("x-served-by", placement ?? "");
  response.end(placement ? JSON.stringify({ status: "ok", service, placement }) : "error code: 502");
});
beforeAll(() => once(edge.listen(0, "127.0.0.1"), "listening"));
afterAll(() => edge.close());
beforeEach(() => {
  for (const service of Object.keys(served)) delete served[service];
});

/**
 * A stack whose updates go as `runs` says: the events of one that fails, an error of one that cannot be run, undefined for one
 * that succeeds, which is one that leads clients to where the flags are.
 */
function stack(
  runs: (EngineEvent[] | Error | undefined)[],
  over: Partial<MovableStack> = {},
): MovableStack & { flags: Record<string, string>; seen: object[] } {
  const flags: Record<string, string> = { coda: "workers" };
  const seen: object[] = [];
  let last: EngineEvent[] | undefined;
  const placement = async (service: string) => flags[service] ?? "droplet";
  return {
    flags,
    seen,
    goOn: "npm run up",
    repair: "npm run repair",
    enabled: async () => true,
    flag: async (service) => flags[service],
    setFlag: async (service, placement) => {
      if (placement === undefined) delete flags[service];
      else flags[service] = placement;
    },
    placement,
    update: async () => {
      seen.push({ ...flags });
      const run = runs.shift();
      if (run instanceof Error) throw run;
      last = run;
      if (last) return 1;
      for (const service of ["coda", "github"]) served[service] ??= await placement(service);
      return 0;
    },
    events: () => last ?? [],
    address: async (service) => ({
      url: `https://${service}.example.com/mcp`,
      dial: `http://127.0.0.1:${(edge.address() as AddressInfo).port}`,
    }),
    ...over,
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
  served.github = "droplet";
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

test("a service that runs elsewhere than the config places it is not told as moved; who answers and what to do is", async () => {
  served.coda = "workers";
  await expect(moveTogether([coda], stack([undefined]))).rejects.toThrow(
    "Coda is placed on droplet, and does not run there: https://coda.example.com: served by workers, not by droplet. To put that right: npm run repair",
  );
});

test("one that did not move is not told to be as before when clients get errors", async () => {
  served.coda = "";
  const one = stack([[error("unhealthy", "coda")], undefined]);
  await expect(moveTogether([coda], one)).rejects.toThrow(
    "Coda was not moved to droplet: unhealthy. It is placed on workers, and does not run there: https://coda.example.com: HTTP 502: error code: 502. To put that right: npm run repair",
  );
});

test("a service that the config has not is refused, and nothing is changed", async () => {
  const one = stack([], { enabled: async (service) => service !== "github" });
  await expect(moveTogether([coda, github], one)).rejects.toThrow(
    "GitHub is not enabled in this stack (services.github.enabled is false): there is nothing to move.",
  );
  expect([one.flags, one.seen]).toEqual([{ coda: "workers" }, []]);
});

test("an update that cannot be run leaves the flags as they were", async () => {
  const one = stack([new Error("spawn pulumi ENOENT")]);
  await expect(moveTogether([coda, github], one)).rejects.toThrow(
    "spawn pulumi ENOENT\nThe flags say where the services are; npm run up goes on from here.",
  );
  expect(one.flags).toEqual({ coda: "workers" });
});

test("after one that moved a service, an error leaves that one's flag where it is now", async () => {
  const one = stack([[changed("github-route"), error("unhealthy", "coda")], new Error("no space left")]);
  await expect(moveTogether([coda, github], one)).rejects.toThrow("no space left");
  expect(one.flags).toEqual({ coda: "workers", github: "workers" });
});

test("what has moved stays where it is when a later update is cancelled, and only what is left of it is done again", async () => {
  const moved = [changed("github-route"), changed("coda-route", "same"), error("unhealthy", "coda")];
  const one = stack([moved, [error("update canceled")], undefined]);
  await expect(moveTogether([coda, github], one)).rejects.toThrow(
    "Coda was not moved to droplet: unhealthy. It is placed on workers, as before.\nGitHub runs on workers.",
  );
  expect(one.flags).toEqual({ coda: "workers", github: "workers" });
  expect(one.seen).toHaveLength(3);
});

test("a flag that cannot be put back is told with what it was", async () => {
  let sets = 0;
  const one = stack([new Error("no space left")], {
    setFlag: async () => {
      if (++sets > 1) throw new Error("ENOSPC");
    },
  });
  await expect(moveTogether([coda], one)).rejects.toThrow(
    "no space left\nservices.coda.placement was workers and could not be put back: ENOSPC",
  );
});

test("a Ctrl-C while the flags are set puts them back, and no update is run", async () => {
  const one = stack([]);
  const { setFlag } = one;
  one.setFlag = async (service, placement) => {
    await setFlag(service, placement);
    if (placement === "droplet") process.emit("SIGINT");
  };
  await expect(moveTogether([coda], one)).rejects.toThrow("The flip was cancelled before anything was moved.");
  expect([one.flags, one.seen]).toEqual([{ coda: "workers" }, []]);
});

test("a config that cannot be read is not one without a value", async () => {
  const fails = (message: string) => configValue(() => Promise.reject(new Error(message)), ["--path", "a.b"]);
  expect(await configValue(async () => "workers\n", [])).toBe("workers");
  expect(await fails("pulumi get failed: error: configuration key 'a.b' not found for stack 'dev'")).toBeUndefined();
  await expect(fails("error: 503 Service Unavailable")).rejects.toThrow("503");
});
