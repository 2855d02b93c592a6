/**
 * The reason in what Miniflare and workerd say when a Worker does not start, without internals of either, as
 * Cloudflare gives it in error 10021.
 * @param error what Miniflare threw.
 * @param output the lines that workerd wrote meanwhile.
 */
export function startMessage(error: unknown, output: string[]): string {
  const thrown = error instanceof Error ? error.message : String(error);
  const text = [thrown.split("Runtime stderr:\n")[1] ?? "", ...output].join("\n");
  const lines = text
    .split("\n")
    .flatMap((line) => readLine(line).split("\n"))
    .map((line) => line.replace(/^service core:user:[^:]+: /, ""))
    .filter((line) => line !== "" && !line.startsWith("stack:") && !/^(workerd|kj|capnp)\//.test(line))
    // The place in the script stays, workerd's own frames go.
    .filter((line) => !/^\s+at .*(node-internal|cloudflare-internal|miniflare)/.test(line));
  const unique = lines.filter((line, index) => lines.indexOf(line) === index);
  return unique.length > 0 ? unique.join("\n") : thrown;
}

/** workerd writes JSON lines (`{timestamp, level, message}`) or plain ones. */
function readLine(line: string): string {
  try {
    const parsed: unknown = JSON.parse(line);
    if (typeof parsed === "object" && parsed !== null && "message" in parsed) return String(parsed.message);
  } catch {
    // A plain line.
  }
  return line;
}
