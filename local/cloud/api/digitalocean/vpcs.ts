import { randomUUID } from "node:crypto";
import { type Context, Hono } from "hono";
import { timestamp } from "./actions.ts";
import { type Fields, optionalText, readFields, requiredText } from "./body.ts";
import { region } from "./catalog.ts";
import { overlap, parseRange } from "./cidr.ts";
import { ApiError, conflict, notFound, page, unprocessable } from "./envelope.ts";
import type { DigitalOceanContext, Vpc } from "./records.ts";

const privateRanges = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"];
/** Network sizes that DigitalOcean allows, in bits of prefix. */
const prefix = { shortest: 16, longest: 28 };

/** `/v2/vpcs` (DigitalOcean API, VPCs). */
export function vpcRoutes(context: DigitalOceanContext): Hono {
  const { vpcs, droplets } = context;
  const vpc = (c: Context): Vpc => {
    const found = vpcs.get(c.req.param("vpc_id") ?? "");
    if (!found) throw notFound();
    return found;
  };
  const checkName = (name: string, except?: string): string => {
    if (!/^[a-zA-Z0-9.-]+$/.test(name)) {
      throw unprocessable("Name may only contain alphanumeric characters, dashes, and periods");
    }
    if (vpcs.find((other) => other.name === name && other.id !== except)) {
      throw conflict(`A VPC with the name ${name} already exists`);
    }
    return name;
  };
  const change = async (c: Context, complete: boolean): Promise<Response> => {
    const body = await readFields(c);
    const before = vpc(c);
    const name = complete || body.name !== undefined ? checkName(requiredText(body, "name"), before.id) : before.name;
    const description = body.description === undefined ? before.description : optionalText(body, "description");
    if (body.default === true) {
      for (const other of vpcs.list((one) => one.region === before.region && one.default)) {
        vpcs.put({ ...other, default: false });
      }
    }
    const changed = vpcs.put({ ...before, name, description, default: body.default === true || before.default });
    return c.json({ vpc: describe(changed) });
  };

  return new Hono()
    .get("/", (c) => page(c, "vpcs", vpcs.list().map(describe)))
    .post("/", async (c) => {
      const body = await readFields(c);
      const name = checkName(requiredText(body, "name"));
      const slug = requiredText(body, "region");
      if (!region(slug)) throw unprocessable("Region is invalid");
      const ip_range = checkRange(context, optionalText(body, "ip_range"));
      const description = optionalText(body, "description");
      return c.json({ vpc: describe(make(context, { name, description, region: slug, ip_range })) }, 201);
    })
    .get("/:vpc_id", (c) => c.json({ vpc: describe(vpc(c)) }))
    .put("/:vpc_id", (c) => change(c, true))
    .patch("/:vpc_id", (c) => change(c, false))
    .delete("/:vpc_id", (c) => {
      const before = vpc(c);
      if (before.default) throw new ApiError(403, "forbidden", "Can not delete default VPCs");
      if (droplets.find((one) => one.vpc_uuid === before.id)) throw conflict("Can not delete VPC with members");
      vpcs.delete(before.id);
      return c.body(null, 204);
    })
    .get("/:vpc_id/members", (c) => {
      const { id } = vpc(c);
      const members = droplets
        .list((one) => one.vpc_uuid === id)
        .map((one) => ({ urn: `do:droplet:${one.id}`, name: one.name, created_at: one.created_at }));
      return page(c, "members", members);
    });
}

/** The VPC of droplets that name none; made with the first droplet of its region. */
export function defaultVpc(context: DigitalOceanContext, slug: string): Vpc {
  const found = context.vpcs.find((one) => one.region === slug && one.default);
  if (found) return found;
  const ip_range = checkRange(context, "");
  return make(context, { name: `default-${slug}`, description: "", region: slug, ip_range }, true);
}

function make(
  { vpcs }: DigitalOceanContext,
  fields: Omit<Vpc, "id" | "default" | "created_at">,
  isDefault = false,
): Vpc {
  return vpcs.put({ id: randomUUID(), ...fields, default: isDefault, created_at: timestamp() });
}

/** @param asked empty for a free range of the API's choice */
function checkRange({ vpcs }: DigitalOceanContext, asked: string): string {
  const taken = vpcs.list().flatMap((other) => parseRange(other.ip_range) ?? []);
  if (asked === "") {
    for (let second = 100; second < 256; second++) {
      const candidate = `10.${second}.0.0/20`;
      const range = parseRange(candidate);
      if (range && !taken.some((other) => overlap(range, other))) return candidate;
    }
    throw unprocessable("No IP range is free for another VPC");
  }
  const range = parseRange(asked);
  const allowed = privateRanges.flatMap((one) => parseRange(one) ?? []);
  const inside = allowed.some((one) => range && overlap(range, one) && range.bits >= one.bits);
  if (!range || !inside || range.bits < prefix.shortest || range.bits > prefix.longest) {
    throw unprocessable(`IP range ${asked} is invalid: it must be private, with a prefix from /16 to /28`);
  }
  if (taken.some((other) => overlap(range, other))) {
    throw unprocessable("This range/size overlaps with another VPC network in your account");
  }
  return asked;
}

function describe(vpc: Vpc): Fields {
  return { ...vpc, urn: `do:vpc:${vpc.id}` };
}
