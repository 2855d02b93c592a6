import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { checkConfig } from "./check-config.ts";
import { LocalStack } from "./stack.ts";
import { writeProject } from "./stack-config.ts";
import { UserError } from "./user-error.ts";

let stack: LocalStack;
beforeEach(() => {
  stack = new LocalStack(mkdtempSync(join(tmpdir(), "hybrid-mcp-config-")));
  stack.create();
});
afterEach(() => rmSync(stack.dir, { recursive: true }));

const projectFile = () => stack.path("project", "Pulumi.local.yaml");

/** Puts a value into the project as the CLI does. */
function set(key: string, value: unknown): void {
  mkdirSync(dirname(projectFile()), { recursive: true });
  writeFileSync(projectFile(), stringify({ encryptionsalt: "v1:salt", config: { [`hybrid-mcp:${key}`]: value } }));
}

const ADDED = {
  name: "weather",
  title: "Weather",
  url: "https://weather.example.com/mcp",
  auth: { kind: "header" },
  scopes: [{ name: "weather:read", description: "Read the weather" }],
};

test("the tracked file with the local cloud's values is a good config", () => {
  expect(() => checkConfig(stack)).not.toThrow();
});

test("every bad value is told at once, by its key", () => {
  stack.setFlag(["domain"], "not a domain");
  stack.setFlag(["services", "coda", "placement"], "moon");
  expect(() => checkConfig(stack)).toThrow(
    new UserError(
      "The stack config has errors; nothing was changed.\n" +
        '  hybrid-mcp:domain: "not a domain" must be a hostname such as example.com\n' +
        '  hybrid-mcp:services.coda.placement: "moon" is not allowed; allowed: workers, droplet',
    ),
  );
});

test.each([
  ["as a whole", { secure: "v1:abc" }],
  ["one by one", { weather: { secure: "v1:abc" } }],
])("secrets that were set with the CLI, %s, are taken for given, and kept", (_, value) => {
  stack.setFlag(["gateway", "servers"], [ADDED]);
  set("serverSecrets", value);
  expect(() => checkConfig(stack)).not.toThrow();
  writeProject(stack, { base: "scratch", cloudflared: "scratch" });
  expect(parse(readFileSync(projectFile(), "utf8"))).toMatchObject({
    encryptionsalt: "v1:salt",
    config: { "hybrid-mcp:serverSecrets": value },
  });
});

test("a stack as it is goes by the settings of its last update", () => {
  writeProject(stack, { base: "scratch", cloudflared: "scratch" });
  stack.setFlag(["local", "portOffset"], 500);
  const asItIs = new LocalStack(stack.dir, { asItIs: true });
  expect([stack.portOffset, asItIs.portOffset]).toEqual([500, 0]);
});

test("a file that is no YAML is told by its name and line", () => {
  writeFileSync(stack.path("flags.yaml"), "services:\n  coda: [\n");
  expect(() => stack.settings).toThrow(/flags\.yaml is not valid YAML at line \d+, column \d+: Flow sequence/);
});

test("only flags that differ from the tracked file are overrides of it", () => {
  stack.setFlag(["services", "coda", "placement"], "droplet");
  stack.setFlag(["services", "github", "placement"], "workers");
  stack.setFlag(["services", "firecrawl", "enabled"], false);
  expect(stack.overrides).toEqual([{ key: "services.coda.placement", flag: "droplet", tracked: "workers" }]);
});

test("an n8n that is taken away leaves its backups' passphrase in the config, which is no error", () => {
  set("backupSecrets", { secure: "v1:encrypted" });
  stack.setFlag(["services", "n8n", "enabled"], false);
  expect(() => checkConfig(stack)).not.toThrow();
});
