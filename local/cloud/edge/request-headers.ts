import { randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";

/** A new value for `CF-Ray`: the request's id and a data centre, which is this machine. */
export function newRay(): string {
  return `${randomBytes(8).toString("hex")}-LOC`;
}

/**
 * A client's headers as the edge hands them on
 * (https://developers.cloudflare.com/fundamentals/reference/http-headers/): `CF-` headers are the edge's only.
 * @param scheme of the client's connection.
 * @returns raw headers: name, value, name, value …
 */
export function forwardedHeaders(request: IncomingMessage, scheme: "http" | "https", ray: string): string[] {
  const address = (request.socket.remoteAddress ?? "").replace(/^::ffff:/, "");
  const headers: string[] = [];
  const forwardedFor: string[] = [];
  for (let index = 0; index < request.rawHeaders.length; index += 2) {
    const name = request.rawHeaders[index] ?? "";
    const value = request.rawHeaders[index + 1] ?? "";
    const lower = name.toLowerCase();
    if (lower === "x-forwarded-for") forwardedFor.push(value);
    else if (!lower.startsWith("cf-") && lower !== "x-forwarded-proto") headers.push(name, value);
  }
  headers.push("X-Forwarded-For", [...forwardedFor, address].join(", "));
  headers.push("X-Forwarded-Proto", scheme);
  headers.push("CF-Ray", ray);
  headers.push("CF-Connecting-IP", address);
  headers.push("CF-Visitor", JSON.stringify({ scheme }));
  return headers;
}
