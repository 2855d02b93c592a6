import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Engine, ensureEngine } from "../engine/ensure-engine.ts";
import { liveOwner } from "../engine/pid-lock.mjs";
import { cloudPid } from "./cloud-process.ts";
import type { ConfigValue, RunCli, Update } from "./placement-history.ts";
import { type CloudflareAccess, cloudflareAccess, realStack } from "./real-stack.ts";
import { ended, output, pulumiOutput, stackEnvironment } from "./run-pulumi.ts";
import { LocalStack } from "./stack.ts";
import { configOfNow } from "./stack-config.ts";
import { type Deployed, deployed } from "./update.ts";
import { UserError } from "./user-error.ts";

/** A stack as those commands see it that only look at one, local or real. */
export interface StackView {
  /** As Pulumi names it. */
  name: string;
  /** False for a local stack whose cloud is stopped: nothing of it can be asked. */
  running: boolean;
  /** Where the containers of a local stack run. */
  containers?: "docker" | "processes" | undefined;
  /** Runs the CLI on the stack. */
  run: RunCli;
  /** What the last update left. */
  deployed(): Promise<Deployed>;
  /** The config of now, by key with its namespace. @throws {UserError} when it cannot be read */
  config(): Promise<Update["config"]>;
  /**
   * What the engine tells while it compares the stack with what is there (`pulumi refresh --preview-only`): its events, a line
   * of JSON each. Nothing is changed by it, the state neither.
   *
   * @throws {UserError} when the stack is being worked on, or not running
   */
  compare(signal?: AbortSignal): Promise<{ code: number; stdout: string; stderr: string }>;
  /** Origin to connect to for hostnames of the edge, instead of looking them up; see `cutover.dial`. */
  dial: string | undefined;
  /** Cloudflare's API as the stack uses it; no token: nobody gave one. */
  cloudflare(): Promise<CloudflareAccess>;
  /** The commands of this stack, for messages. */
  commands: { up: string; repair: string };
}

const REFRESH = ["refresh", "--preview-only", "--json", "--non-interactive"];
/** Makes `--json` a stream of the engine's events; without it what a refresh found is left out where a provider gives no detailed diff. */
const AS_EVENTS = { PULUMI_ENABLE_STREAMING_JSON_PREVIEW: "true" };

/** @throws {UserError} when there is no such stack, or it cannot be reached */
export async function viewStack(stack: string, log: (line: string) => void): Promise<StackView> {
  return stack === "local" ? viewLocal(log) : viewReal(stack, log);
}

async function viewLocal(log: (line: string) => void): Promise<StackView> {
  const stack = new LocalStack(undefined, { asItIs: true });
  if (!stack.exists()) throw new UserError("There is no local stack yet: npm run up");
  const engine = await ensureEngine({ log });
  return {
    name: "local",
    get running() {
      return cloudPid(stack) !== undefined;
    },
    containers: stack.identity.containers,
    run: (args) => pulumiOutput(stack, engine, [...args, "--stack", "local"]),
    deployed: async () => (existsSync(stack.path("state", ".pulumi")) ? deployed({ stack, engine }) : { services: {} }),
    config: async () => configOfNow(new LocalStack(stack.dir)),
    compare: (signal) => compareLocally(stack, engine, signal),
    dial: stack.dial,
    cloudflare: async () => ({
      baseUrl: `http://127.0.0.1:${stack.ports.api}/client/v4`,
      token: stack.identity.cloudflareToken,
    }),
    commands: { up: "npm run up", repair: "npm run pulumi -- up --refresh --stack local" },
  };
}

/**
 * On a copy of the state: the engine locks the one that it works on, and an `up` that begins meanwhile would be refused.
 */
async function compareLocally(stack: LocalStack, engine: Engine, signal?: AbortSignal) {
  const busy = () => {
    const pid = liveOwner(stack.path("lock"));
    if (pid !== undefined) {
      throw new UserError(`Another command (pid ${pid}) is working on this stack; ask again when it is done.`);
    }
  };
  if (cloudPid(stack) === undefined) throw new UserError("The local cloud does not run: npm run up");
  busy();
  const copy = mkdtempSync(stack.path("look-"));
  try {
    for (const file of [[".pulumi", "meta.yaml"], STATE_FILE]) {
      mkdirSync(dirname(join(copy, ...file)), { recursive: true });
      cpSync(stack.path("state", ...file), join(copy, ...file));
    }
    const env = {
      ...stackEnvironment(stack, engine),
      PULUMI_BACKEND_URL: `file://${copy}?metadata=skip`,
      TMPDIR: copy,
      ...AS_EVENTS,
    };
    const args = ["--cwd", stack.path("project"), ...REFRESH, "--stack", "local"];
    const compared = await ended(engine, args, { env }, { signal });
    busy();
    return compared;
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

const STATE_FILE = [".pulumi", "stacks", "hybrid-mcp", "local.json"];

async function viewReal(name: string, log: (line: string) => void): Promise<StackView> {
  const { engine, options, outputs } = await realStack(name, log);
  const run: RunCli = (args) => output(engine, [...args, "--stack", name], options);
  const read = async () => JSON.parse(await run(["config", "--json"])) as Record<string, ConfigValue>;
  const config = await read();
  const cutover = config["hybrid-mcp:cutover"]?.objectValue as { dial?: string } | undefined;
  let access: Promise<CloudflareAccess> | undefined;
  let first: Record<string, unknown> | undefined = outputs;
  return {
    name,
    running: true,
    run,
    deployed: async () => {
      const now = first ?? (JSON.parse(await run(["stack", "output", "--json"])) as Record<string, unknown>);
      first = undefined;
      return { services: {}, ...now };
    },
    config: read,
    compare: (signal) =>
      ended(engine, [...REFRESH, "--stack", name], { ...options, env: { ...options.env, ...AS_EVENTS } }, { signal }),
    dial: cutover?.dial,
    cloudflare: () => {
      access ??= cloudflareAccess({ engine, options }, name);
      return access;
    },
    commands: { up: `pulumi up --stack ${name}`, repair: `pulumi up --refresh --stack ${name}` },
  };
}
