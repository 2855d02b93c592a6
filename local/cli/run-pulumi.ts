import { type SpawnOptions, spawn } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { delimiter, join } from "node:path";
import { type Engine, ensureEngine } from "../engine/ensure-engine.ts";
import { installPlugins } from "../providers/install.ts";
import { RUN_VARIABLE, runMark } from "./killed-runs.ts";
import { type LocalStack, repositoryRoot } from "./stack.ts";
import { say } from "./user-error.ts";

/** `PATH` with the bundled Node and the engine's own programs in front. */
export function searchPath(engine: Engine): string {
  return [join(repositoryRoot, "node_modules", ".bin"), ...engine.binDirs, process.env.PATH].join(delimiter);
}

/** The environment in which the CLI and the program work on the local stack. */
export function stackEnvironment(stack: LocalStack, engine: Engine): NodeJS.ProcessEnv {
  const { identity, ports, tls } = stack;
  return {
    ...process.env,
    PATH: searchPath(engine),
    [RUN_VARIABLE]: runMark(stack.dir),
    // What the engine leaves there, e.g. after it was killed, goes with the stack.
    TMPDIR: stack.tmpDir,
    // A home for each kind of plugins: they have the same names and versions.
    PULUMI_HOME: stack.path(useOfficialPlugins() ? "pulumi-official" : "pulumi"),
    // Without metadata files: one that a kill left half-written would make the state unreadable.
    PULUMI_BACKEND_URL: `file://${stack.path("state")}?metadata=skip`,
    PULUMI_CONFIG_PASSPHRASE: identity.passphrase,
    PULUMI_SKIP_UPDATE_CHECK: "true",
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: String(!useOfficialPlugins()),
    CLOUDFLARE_BASE_URL: `http://127.0.0.1:${ports.api}/client/v4`,
    CLOUDFLARE_API_TOKEN: identity.cloudflareToken,
    DIGITALOCEAN_API_URL: `http://127.0.0.1:${ports.api}`,
    DIGITALOCEAN_TOKEN: identity.digitaloceanToken,
    DOCKER_HOST: `unix://${stack.engineSocket}`,
    ...(tls?.ca && { NODE_EXTRA_CA_CERTS: tls.ca }),
  };
}

/** With `HYBRID_MCP_PLUGINS=official` the stack is driven by the official provider plugins; they are downloaded. */
function useOfficialPlugins(): boolean {
  return process.env.HYBRID_MCP_PLUGINS === "official";
}

/** Gets the engine and the plugins, and makes the stack in its backend if it is not there. */
export async function preparePulumi(stack: LocalStack, log: (line: string) => void = say): Promise<Engine> {
  const engine = await ensureEngine({ log });
  mkdirSync(stack.path("state"), { recursive: true });
  if (!useOfficialPlugins()) await installPlugins(stack.path("pulumi"));
  if (!existsSync(stack.path("state", ".pulumi", "stacks", "hybrid-mcp", "local.json"))) {
    await pulumiOutput(stack, engine, ["stack", "init", "local"]);
  }
  return engine;
}

/** Command line and environment of a run of the CLI on the local stack. */
function onStack(
  stack: LocalStack,
  engine: Engine,
  args: string[],
  env: NodeJS.ProcessEnv = {},
): [args: string[], options: SpawnOptions] {
  mkdirSync(stack.tmpDir, { recursive: true });
  return [["--cwd", stack.path("project"), ...args], { env: { ...stackEnvironment(stack, engine), ...env } }];
}

/**
 * Runs the CLI on the stack with the person's terminal.
 *
 * @param env variables besides those that every run has
 * @returns its exit code
 */
export function pulumi(
  stack: LocalStack,
  engine: Engine,
  args: string[],
  env: NodeJS.ProcessEnv = {},
): Promise<number> {
  return withTerminal(engine, ...onStack(stack, engine, args, env));
}

/**
 * Runs the CLI with the person's terminal, and waits for it through Ctrl-C.
 *
 * @returns its exit code
 */
export function withTerminal(engine: Engine, args: string[], options: SpawnOptions): Promise<number> {
  const child = spawn(engine.command, args, { ...options, stdio: "inherit" });
  // Ctrl-C reaches the CLI too: it ends what it is doing in its own way, and this waits for it.
  const ignore = () => {};
  process.on("SIGINT", ignore);
  const terminate = () => child.kill("SIGTERM");
  process.on("SIGTERM", terminate);
  return new Promise<number>((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code) => resolve(code ?? 1));
  }).finally(() => {
    process.off("SIGINT", ignore);
    process.off("SIGTERM", terminate);
  });
}

/** What a run of the CLI printed and how it ended. */
export interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

/**
 * Runs the CLI on the stack to its end, well or not.
 *
 * @param env besides the stack's own
 */
export function pulumiEnded(
  stack: LocalStack,
  engine: Engine,
  args: string[],
  env: NodeJS.ProcessEnv = {},
): Promise<Ended> {
  return ended(engine, ...onStack(stack, engine, args, env));
}

/**
 * Runs the CLI on the stack and collects what it prints.
 *
 * @param input text for its standard input
 * @throws {Error} with its stderr when it fails
 */
export function pulumiOutput(stack: LocalStack, engine: Engine, args: string[], input = ""): Promise<string> {
  return output(engine, ...onStack(stack, engine, args), input);
}

/** As `pulumiOutput`, anywhere. */
export async function output(engine: Engine, args: string[], options: SpawnOptions, input = ""): Promise<string> {
  const { code, stdout, stderr } = await ended(engine, args, options, { input });
  if (code === 0) return stdout;
  const words = args.filter((arg) => !arg.startsWith("-")).slice(-3);
  throw new Error(`pulumi ${words.join(" ")} failed: ${stderr.trim() || stdout.trim()}`);
}

/**
 * Runs the CLI anywhere to its end, well or not, and collects what it prints.
 *
 * @param more.input text for its standard input
 * @param more.signal ends it before, as Ctrl-C does
 */
export async function ended(
  engine: Engine,
  args: string[],
  options: SpawnOptions,
  { input = "", signal }: { input?: string; signal?: AbortSignal | undefined } = {},
): Promise<Ended> {
  // A process that handles Ctrl-C itself goes on after it, and needs the answer: a terminal reaches no other group than its own.
  const detached = process.listenerCount("SIGINT") > 0;
  const child = spawn(engine.command, args, { ...options, detached, stdio: ["pipe", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  child.stdout!.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr!.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  // One that ends without having read it says why by itself.
  child.stdin!.on("error", () => {}).end(input);
  const end = () => child.kill("SIGINT");
  signal?.addEventListener("abort", end);
  const [code, by] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (...how) => resolve(how));
  }).finally(() => signal?.removeEventListener("abort", end));
  // A Ctrl-C that came before it was in its group: nothing of it has run.
  if (detached && by === "SIGINT" && !signal?.aborted) return ended(engine, args, options, { input, signal });
  return { code: code ?? 1, stdout, stderr };
}
