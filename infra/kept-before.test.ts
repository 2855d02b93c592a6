import { expect, test } from "vitest";
import { keptHere } from "./kept-before.ts";
import { configWith, type Values } from "./testing/config.ts";
import { one, run } from "./testing/program.ts";

const ssh = { sshPublicKey: "ssh-ed25519 AAAA me", sshAllow: ["198.51.100.1/32"] };
const engine = { ...ssh, storage: "engine" };
const volume = { ...ssh, storage: "volume" };
const adopted = { adopt: { id: "4711", hostKey: "ssh-ed25519 AAAA" } };
const n8n = { enabled: true };
const adoptedN8n = { enabled: true, adopt: { volume: "n8n_data", databaseVolume: "n8n_db" } };
const tunnel = { adopt: "6ff42ae2-765d-4adf-8112-31c55c1551ef" };

const withKey = (settings: Values): Values => ({ n8nEncryptionKey: "the-key-of-that-n8n-is-long", ...settings });
/** What an update with these settings leaves as its output. */
const keptOf = (settings: Values) => keptHere(configWith(withKey(settings)));

const update = (settings: Values, before: Values) =>
  run(withKey(settings), { preview: true, last: { kept: keptOf(before) } });

test.each([
  ["tunnel.adopt", {}, { tunnel }, ["tunnel"]],
  [
    "droplet.storage",
    { services: { n8n }, droplet: engine },
    { services: { n8n }, droplet: volume },
    ["droplet", "n8n-data", "postgres-data", "backups-data"],
  ],
  ["droplet.adopt", { services: { n8n }, droplet: engine }, { droplet: adopted }, ["droplet"]],
  [
    "services.n8n.adopt",
    { services: { n8n }, droplet: engine },
    { services: { n8n: adoptedN8n }, droplet: engine },
    ["n8n-data", "postgres-data"],
  ],
] satisfies [string, Values, Values, string[]][])(
  "%s does not put something else in the place of what has data, unless that is allowed by name",
  async (setting, before, after, names) => {
    const refused = await update(after, before).catch((error: Error) => error.message);
    expect(refused).toMatch(/^Data would be lost; nothing was changed\.\n/);
    expect(
      String(refused)
        .split("\n")
        .filter((line) => line.startsWith("  "))
        .map((line) => /^ {2}(\S+): with hybrid-mcp:(\S+), the .+ would be replaced, and .+$/.exec(line)?.slice(1)),
    ).toEqual(names.map((name) => [name, setting]));
    expect(refused).toMatch(
      `\nWhere that is meant, name it for one update: hybrid-mcp:allowDataLoss: [${names.join(", ")}].`,
    );
    expect(
      one(await update({ ...after, allowDataLoss: names }, before), "WorkersKvNamespace", "sessions"),
    ).toBeDefined();
  },
);

test.each([
  ["the first update", undefined, { services: { n8n }, droplet: volume }],
  ["one as before", { services: { n8n }, droplet: engine }, { services: { n8n }, droplet: engine }],
  ["n8n that is switched off: the engine refuses that by itself", { services: { n8n }, droplet: engine }, {}],
  [
    "a tunnel that was somebody else's before",
    { tunnel },
    { tunnel: { adopt: "7ff42ae2-765d-4adf-8112-31c55c1551ef" } },
  ],
  ["a droplet with nothing on its own disk", { services: { n8n }, droplet: volume }, { droplet: adopted }],
] satisfies [string, Values | undefined, Values][])("%s goes on", async (_, before, after) => {
  const resources = before ? await update(after, before) : await run(withKey(after), { preview: true });
  expect(one(resources, "WorkersKvNamespace", "sessions")).toBeDefined();
});
