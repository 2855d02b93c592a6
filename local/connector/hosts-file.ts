import { readFileSync, statSync } from "node:fs";

/**
 * Addresses of containers that run as plain processes, whose names DNS does not know.
 * @param file JSON, `{"name:port": "address:port", …}`; read again when it changes; undefined has none.
 * @returns looks a `name:port` up; what is not in the file stays as it is.
 */
export function hostsFile(file: string | undefined): (host: string) => string {
  if (file === undefined) return (host) => host;
  let seen = "";
  let hosts: Record<string, string> = {};
  return (host) => {
    try {
      const { mtimeMs, ino, size } = statSync(file);
      const state = `${mtimeMs}/${ino}/${size}`;
      if (state !== seen) {
        hosts = JSON.parse(readFileSync(file, "utf8")) as Record<string, string>;
        seen = state;
      }
    } catch {
      // Not written yet, or being written: what was read last holds, and the next request looks again.
    }
    return hosts[host] ?? host;
  };
}
