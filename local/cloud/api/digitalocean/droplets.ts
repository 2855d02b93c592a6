import { type Context, Hono } from "hono";
import { findSshKey } from "./account.ts";
import { getActionOf, listActionsOf, recordAction, timestamp } from "./actions.ts";
import { type Fields, isFields, isText, list, readFields, requiredText } from "./body.ts";
import { image, region, size } from "./catalog.ts";
import { addressAt, parseRange, size as rangeSize } from "./cidr.ts";
import { notFound, page, unprocessable } from "./envelope.ts";
import type { DigitalOceanContext, Droplet } from "./records.ts";
import { defaultVpc } from "./vpcs.ts";

/** RFC 5737: addresses for documentation, so that nobody reaches a foreign machine by a droplet's address. */
const publicRange = "203.0.113.0/24";
/** The network's own address, its router and a spare one come first. */
const firstHost = 4;

/** `/v2/droplets` (DigitalOcean API, Droplets and Droplet Actions). A droplet is active when it is first asked for. */
export function dropletRoutes(context: DigitalOceanContext): Hono {
  const { droplets } = context;
  const droplet = (c: Context): Droplet => {
    const found = droplets.get(c.req.param("droplet_id") ?? "");
    if (!found) throw notFound();
    return found;
  };
  const answerCreated = (made: Droplet): { shown: Fields; action: Fields } => {
    const action = recordAction(context, "create", { kind: "droplet", ...made });
    return { shown: { ...describe(context, made), status: "new", networks: { v4: [], v6: [] } }, action };
  };
  const link = (c: Context, { id }: Fields) => ({
    id,
    rel: "create",
    href: new URL(`/v2/actions/${String(id)}`, c.req.url).href,
  });

  return new Hono()
    .get("/", (c) => {
      const { name, tag_name } = c.req.query();
      const found = droplets.list(
        (one) => (name === undefined || one.name === name) && (tag_name === undefined || one.tags.includes(tag_name)),
      );
      return page(
        c,
        "droplets",
        found.map((one) => describe(context, one)),
      );
    })
    .post("/", async (c) => {
      const body = await readFields(c);
      const several = body.names !== undefined;
      const names = several ? list(body, "names", isText) : [requiredText(body, "name")];
      if (names.length === 0 || names.length > 10) throw unprocessable("names must have one to ten entries");
      const made = names.map((name) => checkDroplet(context, { ...body, name })).map((make) => answerCreated(make()));
      const links = { actions: made.map(({ action }) => link(c, action)) };
      const shown = made.map((one) => one.shown);
      return c.json(several ? { droplets: shown, links } : { droplet: shown[0], links }, 202);
    })
    .delete("/", (c) => {
      const tag = c.req.query("tag_name");
      if (!tag) throw unprocessable("tag_name is required");
      for (const one of droplets.list(({ tags }) => tags.includes(tag))) remove(context, one);
      return c.body(null, 204);
    })
    .get("/:droplet_id", (c) => c.json({ droplet: describe(context, droplet(c)) }))
    .delete("/:droplet_id", (c) => {
      remove(context, droplet(c));
      return c.body(null, 204);
    })
    .get("/:droplet_id/backups/policy", (c) => {
      const { id, backup_policy = null } = droplet(c);
      return c.json({ policy: { droplet_id: Number(id), backup_enabled: backup_policy !== null, backup_policy } });
    })
    .get("/:droplet_id/actions", (c) => listActionsOf(c, context, `droplet:${droplet(c).id}`))
    .post("/:droplet_id/actions", async (c) => {
      const body = await readFields(c);
      const before = droplet(c);
      const type = requiredText(body, "type");
      const changed = droplets.put({ ...before, ...effect(type, body, before) });
      return c.json({ action: recordAction(context, type, { kind: "droplet", ...changed }) }, 201);
    })
    .get("/:droplet_id/actions/:action_id", (c) => getActionOf(c, context, `droplet:${droplet(c).id}`));
}

/** Checks everything before anything is made. @returns what makes the droplet */
function checkDroplet(context: DigitalOceanContext, body: Fields): () => Droplet {
  const name = requiredText(body, "name");
  if (!/^[a-zA-Z0-9.-]+$/.test(name)) {
    throw unprocessable("Only valid hostname characters are allowed. (a-z, A-Z, 0-9, . and -)");
  }
  const slug = requiredText(body, "region");
  if (!region(slug)) throw unprocessable("You specified an invalid region for Droplet creation.");
  const sizeSlug = requiredText(body, "size");
  if (!size(sizeSlug)) throw unprocessable("You specified an invalid size for Droplet creation.");
  const chosen = image(typeof body.image === "number" ? body.image : requiredText(body, "image"));
  if (!chosen) throw unprocessable("You specified an invalid image for Droplet creation.");
  const unknown = list(body, "ssh_keys", isKey).filter((key) => !findSshKey(context, key));
  if (unknown.length > 0)
    throw unprocessable(`${unknown.join(", ")} are invalid key identifiers for Droplet creation.`);
  const vpcId = body.vpc_uuid || undefined;
  const vpc = vpcId === undefined ? undefined : context.vpcs.get(String(vpcId));
  if (vpcId !== undefined && vpc?.region !== slug) {
    throw unprocessable("Failed to resolve VPC: the VPC does not exist or is in another region");
  }
  const volumes = list(body, "volumes", isText).map((id) => {
    const volume = context.volumes.get(id);
    if (!volume || volume.region !== slug || volume.droplet !== null) {
      throw unprocessable(`volume ${id} does not exist, is in another region, or is attached to another droplet`);
    }
    return volume;
  });
  const tags = list(body, "tags", isText);
  const features = ["droplet_agent", "private_networking"];
  for (const feature of ["backups", "ipv6", "monitoring"]) if (body[feature] === true) features.push(feature);
  return () => {
    const network = vpc ?? defaultVpc(context, slug);
    const made = context.droplets.put({
      id: String(context.next("droplet")),
      name,
      region: slug,
      size: sizeSlug,
      image: chosen.slug,
      status: "active",
      created_at: timestamp(),
      features,
      ...(body.backups === true && { backup_policy: backupPolicy(body) }),
      tags,
      vpc_uuid: network.id,
      publicAddress: freeAddress(
        publicRange,
        context.droplets.list().map((one) => one.publicAddress),
      ),
      privateAddress: freeAddress(
        network.ip_range,
        context.droplets.list((one) => one.vpc_uuid === network.id).map((one) => one.privateAddress),
      ),
    });
    for (const volume of volumes) context.volumes.put({ ...volume, droplet: made.id });
    return made;
  };
}

/** @returns the policy that is asked for, else the API's own: weekly */
function backupPolicy({ backup_policy: asked }: Fields): Fields {
  if (asked === undefined) return { plan: "weekly", weekday: "SUN", hour: 0 };
  if (!isFields(asked)) throw unprocessable("backup_policy must be an object");
  const { plan, weekday, hour = 0 } = asked;
  if (plan !== "daily" && plan !== "weekly") throw unprocessable("backup policy plan must be daily or weekly");
  if (plan === "daily" && weekday !== undefined) throw unprocessable("weekday is for weekly backups only");
  if (typeof hour !== "number" || hour % 4 !== 0 || hour < 0 || hour > 20) {
    throw unprocessable("backup policy hour must be one of 0, 4, 8, 12, 16, 20");
  }
  return { plan, ...(plan === "weekly" && { weekday: weekday ?? "SUN" }), hour };
}

function isKey(value: unknown): value is string | number {
  return typeof value === "string" || typeof value === "number";
}

function freeAddress(range: string, taken: string[]): string {
  const parsed = parseRange(range);
  for (let offset = firstHost; parsed && offset < rangeSize(parsed.bits) - 1; offset++) {
    const address = addressAt(parsed, offset);
    if (!taken.includes(address)) return address;
  }
  throw unprocessable(`No address is free in ${range}`);
}

/** What an action changes about the droplet. @throws {ApiError} 422 for an action that there is not */
function effect(type: string, body: Fields, before: Droplet): Partial<Droplet> {
  switch (type) {
    case "power_on":
    case "reboot":
    case "power_cycle":
      return { status: "active" };
    case "power_off":
    case "shutdown":
      return { status: "off" };
    case "rename":
      return { name: requiredText(body, "name") };
    case "resize": {
      const slug = requiredText(body, "size");
      if (!size(slug)) throw unprocessable("You specified an invalid size for Droplet resize.");
      return { size: slug };
    }
    case "enable_backups":
      return { features: [...new Set([...before.features, "backups"])], backup_policy: backupPolicy(body) };
    case "change_backup_policy":
      if (!before.features.includes("backups")) throw unprocessable("backups are not enabled for this Droplet.");
      return { backup_policy: backupPolicy(body) };
    case "disable_backups":
      return { features: before.features.filter((feature) => feature !== "backups"), backup_policy: undefined };
    case "enable_ipv6":
      return { features: [...new Set([...before.features, "ipv6"])] };
    default:
      throw unprocessable(`${type} is not an action that a droplet of the local cloud can do`);
  }
}

/** Volumes stay and are detached; firewalls forget the droplet. */
function remove({ droplets, volumes, firewalls, assignments }: DigitalOceanContext, gone: Droplet): void {
  droplets.delete(gone.id);
  assignments.delete(`do:droplet:${gone.id}`);
  for (const volume of volumes.list((one) => one.droplet === gone.id)) volumes.put({ ...volume, droplet: null });
  for (const firewall of firewalls.list((one) => one.droplet_ids.includes(Number(gone.id)))) {
    firewalls.put({ ...firewall, droplet_ids: firewall.droplet_ids.filter((id) => id !== Number(gone.id)) });
  }
}

function describe({ volumes, vpcs }: DigitalOceanContext, droplet: Droplet): Fields {
  const { memory, vcpus, disk } = size(droplet.size) ?? { memory: 0, vcpus: 0, disk: 0 };
  const range = parseRange(vpcs.get(droplet.vpc_uuid)?.ip_range ?? "");
  const netmask = range ? addressAt({ base: 2 ** 32 - rangeSize(range.bits), bits: 0 }, 0) : "";
  return {
    id: Number(droplet.id),
    name: droplet.name,
    memory,
    vcpus,
    disk,
    locked: false,
    status: droplet.status,
    kernel: null,
    created_at: droplet.created_at,
    features: droplet.features,
    backup_ids: [],
    next_backup_window: null,
    snapshot_ids: [],
    image: image(droplet.image),
    volume_ids: volumes.list((one) => one.droplet === droplet.id).map(({ id }) => id),
    size: size(droplet.size),
    size_slug: droplet.size,
    networks: {
      v4: [
        {
          ip_address: droplet.privateAddress,
          netmask,
          gateway: range ? addressAt(range, 1) : "",
          type: "private",
        },
        { ip_address: droplet.publicAddress, netmask: "255.255.255.0", gateway: "203.0.113.1", type: "public" },
      ],
      v6: [],
    },
    region: region(droplet.region),
    tags: droplet.tags,
    vpc_uuid: droplet.vpc_uuid,
  };
}
