import { randomUUID } from "node:crypto";
import Docker from "dockerode";
import { afterEach, beforeAll, expect, test } from "vitest";
import { removeLeftovers } from "../../local/cli/leftovers.ts";
import { findDocker } from "../../local/docker/docker-engine.ts";
import { shellImage } from "../../local/providers/testing/base-image.ts";
import { lastN8n, n8nContainers } from "./n8n-containers.ts";

/** Real containers, in which a shell stands for n8n and for the list of its backups. */

const stack = `n8n-containers-${randomUUID().slice(0, 8)}`;
let docker: Docker;
let socket: string;
let image: string;

beforeAll(async () => {
  image = await shellImage();
  socket = (await findDocker())!.socket;
  docker = new Docker({ socketPath: socket });
});
afterEach(() => removeLeftovers(socket, stack));

async function start(
  name: string,
  role: string,
  script = "exec sleep 1000",
  healthy?: boolean,
): Promise<Docker.Container> {
  const container = await docker.createContainer({
    name: `${stack}-${name}`,
    Image: image,
    Entrypoint: ["/bin/sh", "-c", script],
    Labels: { "hybrid-mcp": stack, "hybrid-mcp-role": role },
    ...(healthy && { Healthcheck: { Test: ["CMD-SHELL", "true"], Interval: 1e8 } }),
  });
  await container.start();
  return container;
}
const n8n = (name: string, healthy?: boolean) => start(name, "n8n", undefined, healthy);
const stop = (container: Docker.Container) => container.stop({ t: 0 });
/** A backup container whose newest backup before a change is made now. */
const backedUp = () => {
  const listed = JSON.stringify([{ short_id: "0a1b2c3d", time: new Date().toISOString(), tags: ["before-upgrade"] }]);
  const backup = `#!/bin/sh\ncat <<'END'\n${listed}\nEND\n`;
  return start(
    "backup",
    "backup",
    `cat >/bin/backup <<'SCRIPT'\n${backup}SCRIPT\nchmod 755 /bin/backup\nexec sleep 1000`,
  );
};
const last = async () => {
  const { last, cutOff } = await lastN8n(docker, stack);
  return { last: last?.Name.slice(stack.length + 2), cutOff: cutOff?.snapshot };
};

test("the n8n that runs is the last one, whichever was stopped after it began", async () => {
  const [one] = [await n8n("one"), await n8n("two")];
  await stop(one);
  await backedUp();
  expect(await last()).toEqual({ last: "two", cutOff: undefined });
});

test("of those that are stopped it is the one that was the last to, and never one that was replaced", async () => {
  const [one, two, old] = [await n8n("one"), await n8n("two"), await n8n("three-replaced")];
  await backedUp();
  for (const each of [two, one, old]) await stop(each);
  expect((await n8nContainers(docker, stack)).map(({ Id }) => Id)).toEqual([one.id, two.id]);
  expect(await last()).toEqual({ last: "one", cutOff: undefined });
});

test("what a change has begun that was cut off is not taken for the n8n whose data is there", async () => {
  await stop(await n8n("old"));
  await backedUp();
  await n8n("new");
  expect(await last()).toEqual({ last: "old", cutOff: "0a1b2c3d" });
});

test("a new one that was ready counts, though its change was cut off then", async () => {
  await stop(await n8n("old"));
  await backedUp();
  const ready = await n8n("new", true);
  await expect.poll(async () => (await ready.inspect()).State.Health?.Status, { timeout: 10_000 }).toBe("healthy");
  expect(await last()).toEqual({ last: "new", cutOff: undefined });
});
