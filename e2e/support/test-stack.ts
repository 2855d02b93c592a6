import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { addressOf, catalogue, hostNames, type ServiceName } from "@hybrid-mcp/catalogue";
import Docker from "dockerode";
import { cloudPid } from "../../local/cli/cloud-process.ts";
import { LocalStack, repositoryRoot } from "../../local/cli/stack.ts";
import type { StorageFaults } from "../../local/cloud/workers/storage-faults.ts";
import { TestBrowser } from "../../workers/oauth-broker/testing/test-browser.ts";
import { type Grant, grantFor, type SignInOptions } from "./sign-in.ts";

/** What a command printed and how it ended. */
export interface CommandResult {
  code: number | null;
  /** stdout and stderr, as they came. */
  output: string;
  seconds: number;
}

/** Flags of a stack with one service: what most tests need, and quick to bring up. */
export const ONLY_CODA = { "services.github.enabled": false, "services.firecrawl.enabled": false };

/** A local stack of a test's own: its own directory, ports and names, driven by the real commands. */
export class TestStack {
  readonly stack: LocalStack;
  /** The checkout whose commands and program are used; tests that break the program use a copy. */
  checkout = repositoryRoot;
  readonly portOffset: number;
  /** Environment of its commands, besides this process's own. */
  env: Record<string, string> = {};

  private constructor(dir: string, portOffset: number) {
    this.stack = new LocalStack(dir);
    this.portOffset = portOffset;
  }

  /**
   * A stack that is not up yet, with `flags` as if they had been set before.
   *
   * @param folder in which its directory is made
   */
  static async create(flags: Record<string, unknown> = ONLY_CODA, folder = tmpdir()): Promise<TestStack> {
    const stack = new TestStack(mkdtempSync(join(folder, "hybrid-mcp-e2e-")), await freePortOffset());
    stack.begin(flags);
    return stack;
  }

  /** Makes the stack's directory; also again, after it was purged. */
  begin(flags: Record<string, unknown>): void {
    this.stack.create();
    // The network is made later: a subnet that is free now can be another file's by then.
    const { identity } = this.stack;
    this.stack.saveIdentity({ ...identity, subnet: (identity.subnet & ~1) | SLOT });
    this.stack.setFlag(["local", "portOffset"], this.portOffset);
    for (const [key, value] of Object.entries(flags)) this.stack.setFlag(key.split("."), value);
  }

  get codaUrl(): string {
    return `http://localhost:${catalogue.coda.localPort + this.portOffset}`;
  }

  get standInsUrl(): string {
    return `http://127.0.0.1:${this.stack.ports.standIns}`;
  }

  /** Runs a command on another directory, to its end. */
  async runIn(dir: string, command: string): Promise<CommandResult> {
    return new TestStack(dir, this.portOffset).run(command);
  }

  /** Starts one of the stack's commands, e.g. `start("flip", "coda", "droplet")`. */
  start(command: string, ...args: string[]): ChildProcess {
    return this.#spawn([command, ...args]);
  }

  /** As `start`, in a process group of its own with its engine, as a shell does. */
  startJob(command: string, ...args: string[]): { child: ChildProcess; finished: Promise<CommandResult> } {
    const child = this.#spawn([command, ...args], { detached: true });
    return { child, finished: collect(child, () => {}) };
  }

  #spawn([command, ...args]: string[], options: { detached?: boolean } = {}): ChildProcess {
    return spawn(process.execPath, [join(this.checkout, "local/cli", `${command}.ts`), ...args], {
      cwd: this.checkout,
      env: {
        ...process.env,
        PATH: `${join(repositoryRoot, "node_modules/.bin")}${delimiter}${process.env.PATH}`,
        ...this.env,
        HYBRID_MCP_LOCAL_DIR: this.stack.dir,
        // The CLI's own colours and progress dots are for terminals.
        NO_COLOR: "1",
      },
      stdio: ["ignore", "pipe", "pipe"],
      ...options,
    });
  }

  /** Runs one of the stack's commands to its end. */
  async run(command: string, ...args: string[]): Promise<CommandResult> {
    return (await this.runUntil(/^/, command, ...args)).finished;
  }

  /** Starts a command and returns as soon as its output matches, while it goes on. */
  async runUntil(
    moment: RegExp,
    command: string,
    ...args: string[]
  ): Promise<{ child: ChildProcess; finished: Promise<CommandResult> }> {
    const child = this.start(command, ...args);
    const reached = Promise.withResolvers<void>();
    const finished = collect(child, (output) => {
      if (moment.test(output)) reached.resolve();
    });
    void finished.then(({ output }) => reached.reject(new Error(`it ended before ${moment}:\n${output}`)));
    await reached.promise;
    return { child, finished };
  }

  /** As `run`, for a command that has to succeed. */
  async must(command: string, ...args: string[]): Promise<CommandResult> {
    const result = await this.run(command, ...args);
    if (result.code !== 0) {
      throw new Error(`npm run ${command} ${args.join(" ")} ended with ${result.code}:\n${result.output}`);
    }
    return result;
  }

  /**
   * Starts a command and kills it, as `kill -9` does, once its output matches, or `moment` has come.
   *
   * @param what `command`: that process alone, so that its engine goes on; `job`: the command and its engine, which is
   *   their process group; either way what the engine started in groups of its own goes on
   */
  async killWhen(
    what: "command" | "job",
    moment: RegExp | (() => Promise<void>),
    command: string,
    ...args: string[]
  ): Promise<void> {
    const { child } = await this.runUntil(moment instanceof RegExp ? moment : /^/, command, ...args);
    if (!(moment instanceof RegExp)) await moment();
    const gone = once(child, "exit");
    for (const pid of [...(what === "job" ? sameGroupBelow(child.pid!) : []), child.pid!]) {
      try {
        process.kill(pid, "SIGKILL");
      } catch (error) {
        // It ended with its parent.
        if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
      }
    }
    await gone;
  }

  /**
   * Command lines of the processes that belong to the stack: they name its directory in their arguments, work in it, have
   * it in their environment, or descend from one that does (the local cloud's workerds).
   */
  processes(): string[] {
    const all = readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
      .filter((pid) => pid !== process.pid)
      .flatMap(describeProcess);
    const mine = new Set(all.filter(({ traces }) => traces.includes(this.stack.dir)).map(({ pid }) => pid));
    for (let found = 0; found !== mine.size; ) {
      found = mine.size;
      for (const { pid, parent } of all) if (mine.has(parent)) mine.add(pid);
    }
    return all.filter(({ pid }) => mine.has(pid)).map(({ pid, command }) => `${pid} ${command}`);
  }

  /** The stack's containers on Docker Engine that do something, e.g. `coda`. */
  async containers(role: string): Promise<Docker.Container[]> {
    const docker = new Docker({ socketPath: this.stack.engineSocket });
    const filters = { label: [`hybrid-mcp=${this.stack.name}`, `hybrid-mcp-role=${role}`] };
    return (await docker.listContainers({ all: true, filters })).map(({ Id }) => docker.getContainer(Id));
  }

  /** The one container that does something. */
  async container(role: string): Promise<Docker.Container> {
    const found = await this.containers(role);
    if (found.length !== 1) throw new Error(`there are ${found.length} containers for ${role}`);
    return found[0]!;
  }

  get cloudPid(): number | undefined {
    return cloudPid(this.stack);
  }

  /** What the local cloud and its Workers have said: why a call failed that should not have. */
  get cloudLog(): string {
    return readFileSync(this.stack.path("cloud.log"), "utf8");
  }

  /** Origin of the broker. */
  get authUrl(): string {
    return this.stack.publicUrl("oauth-broker");
  }

  /** Signs in as one of the stand-in's people, and answers with an access token for a service. */
  async token(service: ServiceName | "mcp-gateway" = "coda", options: SignInOptions = {}): Promise<string> {
    return (await this.grant(service, options)).accessToken;
  }

  /** URL of the gateway's MCP endpoint. */
  get gatewayUrl(): string {
    return `${this.stack.publicUrl("mcp-gateway")}/mcp`;
  }

  /** The same, with all that a client holds afterwards. */
  grant(service: ServiceName | "mcp-gateway", options: SignInOptions = {}): Promise<Grant> {
    return grantFor(this.authUrl, `${this.stack.publicUrl(service)}/mcp`, options);
  }

  /** Connects GitHub for one of the stand-in's people, on the broker's page. */
  async connectGitHub(person = "ada"): Promise<void> {
    const browser = new TestBrowser();
    const page = `${this.authUrl}/auth/github`;
    await browser.signIn(page, person);
    const begun = await browser.submit(page, {});
    const back = await browser.submit(begun.location, { person });
    await browser.open(back.location);
  }

  /** Asks the Cloudflare API of the local cloud: GET, or POST of a body. */
  async cloudflare<Result>(path: string, body?: object): Promise<Result> {
    const response = await fetch(`http://127.0.0.1:${this.stack.ports.api}/client/v4${path}`, {
      headers: {
        authorization: `Bearer ${this.stack.identity.cloudflareToken}`,
        ...(body && { "content-type": "application/json" }),
      },
      ...(body && { method: "POST", body: JSON.stringify(body) }),
    });
    return ((await response.json()) as { result: Result }).result;
  }

  /** Events of the audit trail, newest first. @param where an SQL condition @throws when D1 answers with an error */
  async trail(where: string): Promise<Record<string, unknown>[]> {
    const { accountId } = this.stack.identity;
    const [database] = await this.cloudflare<{ uuid: string }[]>(`/accounts/${accountId}/d1/database`);
    const path = `/accounts/${accountId}/d1/database/${database!.uuid}/query`;
    const sql = `SELECT * FROM audit WHERE ${where} ORDER BY id DESC`;
    const answers = await this.cloudflare<{ results: Record<string, unknown>[] }[] | null>(path, { sql });
    if (!answers) throw new Error("D1 refused to read the audit trail");
    return answers[0]!.results;
  }

  /** Makes KV or D1 of the local cloud fail or slow; see local/cloud/workers/storage-faults.ts. */
  async storageFaults(faults: StorageFaults): Promise<void> {
    const response = await fetch(`http://127.0.0.1:${this.stack.ports.api}/_control/storage`, {
      method: "PUT",
      headers: { authorization: `Bearer ${this.stack.identity.cloudflareToken}` },
      body: JSON.stringify(faults),
    });
    if (!response.ok) throw new Error(`faults were refused: ${await response.text()}`);
  }

  /** Sets the stand-in's faults; see local/standins/faults.ts. */
  async codaFaults(faults: object): Promise<void> {
    const response = await fetch(`${this.standInsUrl}/coda/_control`, { method: "PUT", body: JSON.stringify(faults) });
    if (!response.ok) throw new Error(`faults were refused: ${await response.text()}`);
  }

  /** Ends the stack and removes every file of it, whatever state it is in. */
  async destroy(): Promise<void> {
    this.checkout = repositoryRoot;
    if (existsSync(this.stack.dir)) await this.must("down", "--purge");
    rmSync(this.stack.dir, { recursive: true, force: true });
    rmSync(`${this.stack.dir}-backups`, { recursive: true, force: true });
  }
}

/** What a command prints and how it ends. @param onOutput gets all that it has printed, from the beginning on */
function collect(child: ChildProcess, onOutput: (output: string) => void): Promise<CommandResult> {
  const start = performance.now();
  let output = "";
  const take = (text: string) => {
    output += text;
    onOutput(output);
  };
  child.stdout!.setEncoding("utf8").on("data", take);
  child.stderr!.setEncoding("utf8").on("data", take);
  take("");
  return new Promise((resolve) => {
    child.on("close", (code) => resolve({ code, output, seconds: (performance.now() - start) / 1000 }));
  });
}

/** What `/proc` tells of a process; nothing of one that is gone or a zombie. */
function describeProcess(pid: number): { pid: number; parent: number; command: string; traces: string }[] {
  try {
    const read = (file: string) => readFileSync(`/proc/${pid}/${file}`, "utf8").replaceAll("\0", " ");
    const [state, parent] = read("stat")
      .replace(/^.*\) /s, "")
      .split(" ");
    if (state === "Z") return [];
    const command = read("cmdline").trim();
    const traces = [command, read("environ"), readlinkSync(`/proc/${pid}/cwd`)].join("\n");
    return [{ pid, parent: Number(parent), command, traces }];
  } catch {
    return [];
  }
}

/** The processes that a process started, and theirs, but not what is in a process group of its own. */
function sameGroupBelow(pid: number): number[] {
  const { stdout } = spawnSync("ps", ["-eo", "pid=,ppid=,pgid="], { encoding: "utf8" });
  const all = stdout
    .trim()
    .split("\n")
    .map((line) => line.trim().split(/\s+/).map(Number) as [pid: number, parent: number, group: number]);
  const group = all.find(([each]) => each === pid)?.[2];
  const below = (parent: number): number[] =>
    all
      .filter(([each, its, itsGroup]) => its === parent && itsGroup === group && each !== parent)
      .flatMap(([each]) => [each, ...below(each)]);
  return below(pid);
}

/** Which of the files that run at the same time this is (vitest's number for it): 0 or 1. */
const SLOT = Number(process.env.VITEST_POOL_ID ?? 0) % 2;

/** An offset at which every local port is free now, and that no file beside this one takes. */
async function freePortOffset(): Promise<number> {
  for (let tries = 0; tries < 50; tries++) {
    // Below 32768: from there on Linux takes the ports of outgoing connections.
    const offset = 1000 + 20 * (2 * Math.floor(Math.random() * 550) + SLOT);
    const ports = [8780, 8781, 8782, 8785, ...hostNames.map((name) => addressOf(name).localPort)];
    const free = await Promise.all(ports.map((port) => isFree(port + offset)));
    if (free.every(Boolean)) return offset;
  }
  throw new Error("No free ports were found.");
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
