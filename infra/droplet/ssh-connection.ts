import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Socket } from "node:net";
import { Duplex, type Readable, type Writable } from "node:stream";

/** How much of what ssh says is kept for an error, in characters. */
const KEPT_CHARS = 2_000;

/**
 * A connection to the Docker Engine behind an `ssh://` URL: the machine's own `ssh` client, with its keys, agent and config,
 * runs `docker system dial-stdio` there, as the docker CLI does
 * (https://github.com/docker/cli/blob/master/cli/connhelper/connhelper.go).
 */
export class SshConnection extends Duplex {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  #said = "";

  /**
   * @param url `ssh://[user@]host[:port][/path of the engine's socket]`
   * @param options of ssh, e.g. `["-o", "BatchMode=yes"]`
   */
  constructor(url: string, options: readonly string[]) {
    super();
    this.#child = spawn("ssh", sshArguments(url, options), { stdio: ["pipe", "pipe", "pipe"] });
    const { stdin, stdout, stderr } = this.#child;
    let answered = false;
    stdout.on("data", (chunk) => {
      answered = true;
      if (!this.push(chunk)) stdout.pause();
    });
    // An ssh that never got through has its reason on stderr, which may come later.
    stdout.on("end", () => {
      if (answered) this.push(null);
    });
    stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#said = (this.#said + text).slice(-KEPT_CHARS);
    });
    // Why it cannot be written to any more is said when ssh ends.
    stdin.on("error", () => {});
    this.#child.on("error", (error: NodeJS.ErrnoException) => {
      this.destroy(error.code === "ENOENT" ? new Error("ssh is not installed on this machine.") : error);
    });
    this.#child.on("close", (code) => {
      if (code === 0 && !answered) this.push(null);
      else if (code !== 0) this.destroy(new Error(`${hostOf(url)} cannot be reached over SSH: ${this.#reason(code)}`));
    });
  }

  #reason(code: number | null): string {
    return this.#said.trim() || `ssh ended with ${code === null ? "a signal" : `exit code ${code}`}`;
  }

  override _read(): void {
    this.#child.stdout.resume();
  }

  override _write(chunk: Buffer, _: BufferEncoding, done: (error?: Error | null) => void): void {
    // When ssh is gone its end is told by "close", with what it said.
    this.#child.stdin.write(chunk, () => done());
  }

  override _final(done: () => void): void {
    this.#child.stdin.end(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#child.kill();
    done(error);
  }

  // What Node's HTTP agent asks of a socket that it keeps for the next request.
  setKeepAlive(): this {
    return this;
  }
  setTimeout(): this {
    return this;
  }
  ref(): this {
    for (const each of this.#handles()) each.ref();
    return this;
  }
  unref(): this {
    for (const each of this.#handles()) each.unref();
    return this;
  }

  #handles(): { ref(): void; unref(): void }[] {
    const { stdin, stdout, stderr } = this.#child;
    return [this.#child, ...([stdin, stdout, stderr] as unknown as Socket[])];
  }
}

function sshArguments(url: string, options: readonly string[]): string[] {
  const { username, hostname, port, pathname } = new URL(url);
  return [
    ...(username ? ["-l", decodeURIComponent(username)] : []),
    ...(port ? ["-p", port] : []),
    ...options,
    ...(options.some((option) => option.includes("ConnectTimeout")) ? [] : ["-o", "ConnectTimeout=30"]),
    "-T",
    "--",
    // An IPv6 address is in brackets in a URL only.
    hostname.replace(/^\[(.*)\]$/, "$1"),
    "docker",
    ...(/^\/*$/.test(pathname) ? [] : [`--host=unix://${pathname}`]),
    "system",
    "dial-stdio",
  ];
}

function hostOf(url: string): string {
  return new URL(url).host;
}
