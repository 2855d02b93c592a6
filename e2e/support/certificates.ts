import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { connect } from "node:tls";
import { Agent, fetch as undiciFetch } from "undici";

/**
 * A certificate authority and a certificate of it for a stack's domain and workers.dev.
 *
 * @param dir an empty folder for them
 * @returns paths as `hybrid-mcp:local.tls` takes them
 */
export function makeCertificates(dir: string, domain: string): { key: string; cert: string; ca: string } {
  const path = (name: string) => join(dir, name);
  const openssl = (...args: string[]) => execFileSync("openssl", args, { cwd: dir, stdio: "pipe" });
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc"];
  openssl("req", "-x509", ...newKey, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=Test CA");
  openssl("req", ...newKey, "-keyout", "edge.key", "-out", "edge.csr", "-subj", `/CN=*.${domain}`);
  writeFileSync(path("names"), `subjectAltName=DNS:*.${domain},DNS:*.local.workers.dev`);
  openssl(
    ...["x509", "-req", "-in", "edge.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"],
    ...["-out", "edge.pem", "-days", "2", "-extfile", "names"],
  );
  return { key: path("edge.key"), cert: path("edge.pem"), ca: path("ca.pem") };
}

/** A fetch for which every https name is at the local edge, as DNS would say. @param ca file of the authority to trust */
export function throughEdge(port: number, ca: string): typeof fetch {
  const agent = new Agent({
    connect: ({ hostname }, done) => {
      const socket = connect({ host: "127.0.0.1", port, servername: hostname, ca: readFileSync(ca) });
      socket.once("secureConnect", () => done(null, socket)).once("error", (error) => done(error, null));
    },
  });
  return ((input: URL | string, init: object) =>
    new URL(input).protocol === "https:"
      ? undiciFetch(input, { ...init, dispatcher: agent })
      : fetch(input, init)) as unknown as typeof fetch;
}
