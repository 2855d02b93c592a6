import { expect, test } from "vitest";
import { lastFlips, successfulUpdates, type Update, wayBack } from "./placement-history.ts";

/** An update at a minute of a day, with what it places where. */
function update(minute: number, services: object | undefined, over: Partial<Update> = {}): Update {
  const at = (second: number) => new Date(Date.UTC(2026, 0, 5, 12, minute, second)).toISOString();
  return {
    kind: "update",
    result: "succeeded",
    startTime: at(0),
    endTime: at(12),
    config: services ? { "hybrid-mcp:services": { objectValue: services, secret: false } } : {},
    ...over,
  };
}
const coda = (placement: string) => ({ coda: { placement } });

/** A history, newest first, and the pages of it that were read. */
function history(updates: Update[]) {
  const pages: number[] = [];
  const run = async (args: string[]) => {
    expect(args.slice(0, 3)).toEqual(["stack", "history", "--json"]);
    const [size, page] = ["--page-size", "--page"].map((name) => Number(args[args.indexOf(name) + 1])) as [
      number,
      number,
    ];
    pages.push(page);
    return JSON.stringify(updates.slice((page - 1) * size, page * size));
  };
  return { run, pages };
}
const flipOfCoda = async (...updates: Update[]) =>
  (await lastFlips(successfulUpdates(history(updates).run), ["coda"])).coda;

test("the last flip is the newest update with another placement than the one before", async () => {
  const flip = await flipOfCoda(
    update(9, coda("droplet")),
    update(8, coda("droplet")),
    update(7, coda("workers")),
    update(6, coda("droplet")),
  );
  expect(flip).toEqual({ from: "workers", to: "droplet", at: "2026-01-05T12:08:12.000Z", seconds: 12 });
});

test("a placement that is not set is the default one", async () => {
  expect(await flipOfCoda(update(2, coda("droplet")), update(1, undefined))).toMatchObject({
    from: "workers",
    to: "droplet",
  });
  expect(await flipOfCoda(update(2, coda("workers")), update(1, {}))).toBeUndefined();
});

test("what failed, what runs, and what is no update, moved nothing", async () => {
  const flip = await flipOfCoda(
    update(9, coda("droplet"), { result: "in-progress", endTime: undefined as never }),
    update(8, coda("droplet"), { result: "failed" }),
    update(7, coda("droplet"), { kind: "refresh" }),
    update(6, coda("droplet"), { kind: "destroy" }),
    update(5, coda("workers")),
  );
  expect(flip).toBeUndefined();
});

test("how long a flip took is not known where another update had begun it", async () => {
  const [failed, before] = [update(8, coda("droplet"), { result: "failed" }), update(7, coda("workers"))];
  const flip = await flipOfCoda(update(9, coda("droplet")), failed, before);
  expect(flip).toEqual({ from: "workers", to: "droplet", at: "2026-01-05T12:09:12.000Z", seconds: null });
  const elsewhere = update(8, coda("workers"), { result: "failed" });
  expect(await flipOfCoda(update(9, coda("droplet")), elsewhere, before)).toMatchObject({ seconds: 12 });
});

test("an update without the service tells nothing of where it was", async () => {
  const off = { coda: { enabled: false, placement: "droplet" } };
  expect(await flipOfCoda(update(3, coda("workers")), update(2, off), update(1, coda("workers")))).toBeUndefined();
  expect(await flipOfCoda(update(3, coda("droplet")), update(2, off), update(1, coda("workers")))).toMatchObject({
    from: "workers",
    at: "2026-01-05T12:03:12.000Z",
  });
});

test("services are looked at each on its own", async () => {
  const flips = await lastFlips(
    [
      update(3, { ...coda("droplet"), firecrawl: { placement: "workers" } }),
      update(2, { ...coda("droplet"), firecrawl: {} }),
      update(1, {}),
    ],
    ["coda", "firecrawl", "github"],
  );
  expect(flips).toMatchObject({
    coda: { to: "droplet", at: "2026-01-05T12:02:12.000Z" },
    firecrawl: { from: "droplet", to: "workers", at: "2026-01-05T12:03:12.000Z" },
  });
  expect(flips.github).toBeUndefined();
});

test("of a long history no more is read than is needed", async () => {
  const recent = history([...Array(300)].map((_, i) => update(0, coda(i < 40 ? "droplet" : "workers"))));
  expect((await lastFlips(successfulUpdates(recent.run), ["coda"])).coda).toMatchObject({ to: "droplet" });
  expect(recent.pages).toEqual([1]);

  const old = history([...Array(300)].map((_, i) => update(0, coda(i < 299 ? "droplet" : "workers"))));
  expect((await lastFlips(successfulUpdates(old.run), ["coda"])).coda).toMatchObject({ to: "droplet" });
  expect(old.pages).toEqual([1, 2, 3]);

  const bounded = history([...Array(300)].map(() => update(0, coda("droplet"))));
  expect((await lastFlips(successfulUpdates(bounded.run, 1), ["coda"])).coda).toBeUndefined();
  expect(bounded.pages).toEqual([1]);
});

test("the way back leads to before the last flip, or out of one that has not come to its end", async () => {
  const updates = [update(3, coda("workers")), update(2, coda("droplet")), update(1, coda("workers"))];
  const { run } = history([update(4, coda("droplet"), { result: "failed" }), ...updates]);
  const back = (...now: ("workers" | "droplet")[]) => wayBack(successfulUpdates(run), "coda", now);
  expect(await back("workers", "workers")).toMatchObject({ from: "workers", to: "droplet", flip: { to: "workers" } });
  // Its flag was set, and it was killed before or after the route moved; or its flag was put back and the route was not.
  for (const now of [["droplet", "workers"], ["droplet", "droplet"], ["workers", "droplet"], ["droplet"]] as const) {
    expect(await back(...now)).toEqual({ from: "droplet", to: "workers" });
  }
  expect(await wayBack([update(1, {})], "coda", ["droplet"])).toEqual({ from: "droplet", to: "workers" });
  expect(await wayBack([update(1, {})], "coda", ["workers"])).toBeUndefined();
});
