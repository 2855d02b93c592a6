import { isIPv4, isIPv6 } from "node:net";
import { type Context, Hono } from "hono";
import { type Fields, readFields, text, without } from "./body.ts";
import type { CloudflareContext } from "./context.ts";
import { ApiError, page, success } from "./envelope.ts";
import { hexId, now } from "./identifiers.ts";
import type { DnsRecord } from "./records.ts";

const types =
  "A AAAA CAA CERT CNAME DNSKEY DS HTTPS LOC MX NAPTR NS OPENPGPKEY PTR SMIMEA SRV SSHFP SVCB TLSA TXT URI".split(" ");
const proxiable = ["A", "AAAA", "CNAME"];
/** Seconds; 1 stands for automatic. */
const ttlRange = { least: 60, most: 86_400 };
const readOnly = ["id", "zone_id", "zone_name", "proxiable", "created_on", "modified_on"];

/** `/zones/{zone_id}/dns_records` (Cloudflare API, DNS Records for a Zone). */
export function dnsRoutes(context: CloudflareContext): Hono {
  const { dns, zone } = context;

  const record = (c: Context): DnsRecord => {
    const found = dns.get(c.req.param("dns_record_id") ?? "");
    if (!found) throw new ApiError(404, 81044, "Record does not exist.");
    return found;
  };
  const save = (id: string, fields: Fields, created: string): DnsRecord => {
    const checked = checkRecord(fields, zone.name);
    refuseConflict(
      checked,
      dns.list((other) => other.id !== id && other.name === checked.name),
    );
    return dns.put({ ...checked, id, created_on: created, modified_on: now() });
  };

  return new Hono()
    .get("/", (c) => {
      const order = c.req.query("order") ?? "type";
      const found = dns
        .list((one) => matches(one, new URL(c.req.url).searchParams))
        .sort((a, b) => String(a[order]).localeCompare(String(b[order])));
      if (c.req.query("direction") === "desc") found.reverse();
      return page(c, found, { default: 100, max: 5000 });
    })
    .post("/", async (c) => success(c, save(hexId(), await readFields(c), now())))
    .get("/:dns_record_id", (c) => success(c, record(c)))
    .put("/:dns_record_id", async (c) => {
      const body = await readFields(c);
      const before = record(c);
      return success(c, save(before.id, body, String(before.created_on)));
    })
    .patch("/:dns_record_id", async (c) => {
      const body = await readFields(c);
      const before = record(c);
      // The content of a record with `data` follows from it.
      const kept = body.data === undefined ? before : without(before, "content");
      return success(c, save(before.id, { ...kept, ...body }, String(before.created_on)));
    })
    .delete("/:dns_record_id", (c) => {
      const { id } = record(c);
      dns.delete(id);
      return success(c, { id });
    });
}

/** Fills in what the API fills in. @throws {ApiError} 400 for a record that is none */
function checkRecord(fields: Fields, zone: string): DnsRecord {
  const type = text(fields, "type")?.toUpperCase();
  if (type === undefined || !types.includes(type)) throw new ApiError(400, 9002, "Invalid DNS record type.");
  const name = fullName(text(fields, "name"), zone);
  const proxied = fields.proxied ?? false;
  if (typeof proxied !== "boolean") throw new ApiError(400, 9003, "Invalid 'proxied' value, must be a boolean.");
  if (proxied && !proxiable.includes(type)) throw new ApiError(400, 9004, "This record type cannot be proxied.");
  const ttl = fields.ttl ?? 1;
  if (typeof ttl !== "number" || !(ttl === 1 || (ttl >= ttlRange.least && ttl <= ttlRange.most))) {
    throw new ApiError(400, 9021, "Invalid TTL. Must be between 60 and 86400 seconds, or 1 for Automatic.");
  }
  return {
    comment: null,
    tags: [],
    settings: {},
    meta: {},
    ...without(fields, ...readOnly),
    id: "",
    name,
    type,
    content: checkContent(type, fields, name),
    proxiable: proxiable.includes(type),
    proxied,
    ttl: proxied ? 1 : ttl,
  };
}

function fullName(name: string | undefined, zone: string): string {
  const given = name?.toLowerCase().replace(/\.$/, "");
  const full =
    given === "@" || given === zone || given?.endsWith(`.${zone}`) ? given.replace("@", zone) : `${given}.${zone}`;
  if (
    given === undefined ||
    full.length > 253 ||
    !/^(\*\.)?([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9-]+$/.test(full)
  ) {
    throw new ApiError(400, 9000, "DNS name is invalid.");
  }
  return full;
}

function checkContent(type: string, fields: Fields, name: string): string {
  const data =
    typeof fields.data === "object" && fields.data !== null ? Object.values(fields.data).join(" ") : undefined;
  const content = text(fields, "content") ?? data;
  if (type === "A" && !isIPv4(content ?? "")) {
    throw new ApiError(400, 9005, "Content for A record must be a valid IPv4 address.");
  }
  if (type === "AAAA" && !isIPv6(content ?? "")) {
    throw new ApiError(400, 9006, "Content for AAAA record must be a valid IPv6 address.");
  }
  if (type !== "CNAME") {
    if (content === undefined) throw new ApiError(400, 9001, `Content for ${type} record is required.`);
    return content;
  }
  const target = content?.toLowerCase().replace(/\.$/, "");
  if (target === undefined || !/^[a-z0-9_*-]+(\.[a-z0-9_-]+)+$/.test(target)) {
    throw new ApiError(400, 9007, "Content for CNAME record is invalid.");
  }
  if (target === name) throw new ApiError(400, 9039, "A CNAME record cannot reference itself.");
  return target;
}

/** Cloudflare docs, DNS, "Records with the same name". */
function refuseConflict(record: DnsRecord, sameName: DnsRecord[]): void {
  if (record.type === "CNAME" && sameName.some((other) => proxiable.includes(other.type))) {
    throw new ApiError(400, 81053, "An A, AAAA, or CNAME record with that host already exists.");
  }
  if ((record.type === "A" || record.type === "AAAA") && sameName.some((other) => other.type === "CNAME")) {
    throw new ApiError(400, 81054, "A CNAME record with that host already exists.");
  }
  if (sameName.some((other) => other.type === record.type && other.content === record.content)) {
    throw new ApiError(400, 81058, "An identical record already exists.");
  }
}

/** The list's filters: `type`, `proxied`, and text filters such as `name`, `name.exact`, `content.startswith`, `comment.contains`. */
function matches(record: DnsRecord, query: URLSearchParams): boolean {
  const answers: boolean[] = [];
  for (const [filter, wanted] of query) {
    const [, field = "", operator = "exact"] = /^(name|content|comment|type|proxied)(?:\.(\w+))?$/.exec(filter) ?? [];
    if (field === "") continue;
    answers.push(compare(String(record[field] ?? "").toLowerCase(), operator, wanted.toLowerCase()));
  }
  return query.get("match") === "any" && answers.length > 0 ? answers.some(Boolean) : answers.every(Boolean);
}

function compare(value: string, operator: string, wanted: string): boolean {
  switch (operator) {
    case "exact":
      return value === wanted;
    case "contains":
      return value.includes(wanted);
    case "startswith":
      return value.startsWith(wanted);
    case "endswith":
      return value.endsWith(wanted);
    case "present":
      return value !== "";
    case "absent":
      return value === "";
    default:
      throw new ApiError(400, 1004, `Unknown DNS record filter '.${operator}'.`);
  }
}

/**
 * The record that answers for a hostname: its own, else the wildcard of the closest name above it (RFC 4592, sections 2.2 and
 * 3.3.1): a name that exists with any record, and names below one, take no wildcard from further up.
 */
export function resolve(records: DnsRecord[], hostname: string, zone: string): DnsRecord | undefined {
  const name = hostname.toLowerCase();
  if (name !== zone && !name.endsWith(`.${zone}`)) return undefined;
  const at = (owner: string) => records.filter((record) => record.name === owner);
  const address = (found: DnsRecord[]) => found.find((record) => proxiable.includes(record.type));
  const exists = (owner: string) =>
    records.some((record) => record.name === owner || record.name.endsWith(`.${owner}`));
  if (exists(name)) return address(at(name));
  for (let above = name; above !== zone; ) {
    above = above.slice(above.indexOf(".") + 1);
    const wildcard = at(`*.${above}`);
    if (wildcard.length > 0) return address(wildcard);
    if (exists(above)) return undefined;
  }
  return undefined;
}
