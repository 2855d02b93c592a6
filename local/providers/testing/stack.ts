import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { ensureEngine } from "../../engine/ensure-engine.ts";
import { installPlugins } from "../install.ts";

export interface CommandResult {
  code: number;
  output: string;
}

/** One step of a preview or update, as the engine tells it. */
export interface Step {
  op: string;
  urn: string;
  /** Last part of the URN. */
  name: string;
}

export interface StackState {
  resources: {
    urn: string;
    type: string;
    id?: string;
    /** It is to be deleted by the next update. */
    delete?: boolean;
    /** Why it did not become ready. */
    initErrors?: string[];
    inputs: Record<string, unknown>;
    outputs: Record<string, unknown>;
  }[];
  pendingOperations?: { resource: { urn: string }; type: string }[];
}

/** A throw-away stack that the real engine runs with the plugins of this folder. */
export interface TestStack extends AsyncDisposable {
  readonly dir: string;
  readonly env: NodeJS.ProcessEnv;
  /** Replaces the program; it may import any package of the repository. */
  program(source: string): Promise<void>;
  run(...args: string[]): Promise<CommandResult>;
  /** Runs `pulumi up`; the test fails with its output if it does not succeed. */
  up(...args: string[]): Promise<string>;
  preview(...args: string[]): Promise<Step[]>;
  outputs(): Promise<Record<string, unknown>>;
  /** The state as text, secrets encrypted. */
  exportText(): Promise<string>;
  export(): Promise<StackState>;
}

const repository = resolve(import.meta.dirname, "../../..");

/**
 * @param env - endpoints of the provider under test
 * @throws Error when no engine can be had
 */
export async function createTestStack(env: Record<string, string>): Promise<TestStack> {
  const engine = await ensureEngine({ log: () => {} });
  const dir = await mkdtemp(join(tmpdir(), "provider-test-"));
  const home = join(dir, "home");
  await Promise.all([mkdir(join(dir, "state")), mkdir(join(dir, "program")), installPlugins(home)]);
  await symlink(join(repository, "node_modules"), join(dir, "node_modules"));
  await writeFile(join(dir, "package.json"), JSON.stringify({ type: "module", name: "test", version: "1.0.0" }));
  await writeFile(
    join(dir, "Pulumi.yaml"),
    "name: test\nmain: program/index.ts\nruntime:\n  name: nodejs\n  options:\n    typescript: false\n    packagemanager: npm\n",
  );
  const bin = join(repository, "node_modules", ".bin");
  const environment: NodeJS.ProcessEnv = {
    HOME: process.env.HOME,
    PATH: [bin, ...engine.binDirs, process.env.PATH].join(delimiter),
    PULUMI_BACKEND_URL: `file://${join(dir, "state")}`,
    PULUMI_CONFIG_PASSPHRASE: "test",
    PULUMI_HOME: home,
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    PULUMI_SKIP_UPDATE_CHECK: "true",
    ...env,
  };

  const run = (...args: string[]) =>
    new Promise<CommandResult>((done) => {
      const options = { cwd: dir, env: environment, maxBuffer: 64 * 1024 * 1024 };
      execFile("pulumi", [...args, "--non-interactive"], options, (error, stdout, stderr) => {
        done({ code: error ? (typeof error.code === "number" ? error.code : 1) : 0, output: stdout + stderr });
      });
    });
  const succeed = async (...args: string[]) => {
    const result = await run(...args);
    if (result.code !== 0) throw new Error(`pulumi ${args.join(" ")} failed:\n${result.output}`);
    return result.output;
  };

  await succeed("stack", "init", "test");
  return {
    dir,
    env: environment,
    program: (source) => writeFile(join(dir, "program", "index.ts"), source),
    run,
    up: (...args) => succeed("up", "--yes", "--skip-preview", ...args),
    preview: async (...args) => stepsOf(await succeed("preview", "--json", ...args)),
    outputs: async () =>
      JSON.parse(await succeed("stack", "output", "--json", "--show-secrets")) as Record<string, unknown>,
    exportText: () => succeed("stack", "export"),
    export: async () =>
      (JSON.parse(await succeed("stack", "export", "--show-secrets")) as { deployment: StackState }).deployment,
    async [Symbol.asyncDispose]() {
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** The steps of `pulumi preview --json`, without those that change nothing and without stack and providers. */
function stepsOf(json: string): Step[] {
  const { steps = [] } = JSON.parse(json) as { steps?: { op: string; urn: string }[] };
  return steps
    .filter(
      (step) =>
        step.op !== "same" &&
        step.op !== "refresh" &&
        !step.urn.includes("pulumi:pulumi:Stack") &&
        !step.urn.includes("pulumi:providers:"),
    )
    .map((step) => ({ op: step.op, urn: step.urn, name: step.urn.split("::").pop() ?? "" }));
}
