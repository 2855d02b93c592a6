import { randomUUID } from "node:crypto";
import { type Context, Hono } from "hono";
import { getActionOf, listActionsOf, recordAction, timestamp } from "./actions.ts";
import { type Fields, isText, list, optionalText, readFields, requiredText } from "./body.ts";
import { region } from "./catalog.ts";
import { conflict, notFound, page, unprocessable } from "./envelope.ts";
import type { DigitalOceanContext, Volume } from "./records.ts";

const largestGigabytes = 16_384;

/** `/v2/volumes` (DigitalOcean API, Block Storage and Block Storage Actions). */
export function volumeRoutes(context: DigitalOceanContext): Hono {
  const { volumes } = context;
  const volume = (c: Context): Volume => {
    const found = volumes.get(c.req.param("volume_id") ?? "");
    if (!found) throw notFound();
    return found;
  };
  const remove = (gone: Volume): void => {
    if (gone.droplet !== null) {
      throw conflict("A volume that's attached to a Droplet cannot be deleted. Please detach it first.");
    }
    volumes.delete(gone.id);
    context.assignments.delete(`do:volume:${gone.id}`);
  };
  const act = (c: Context, target: Volume, body: Fields): Response => {
    const type = requiredText(body, "type");
    const changed = volumes.put(effect(context, type, body, target));
    return c.json({ action: recordAction(context, actionTypes[type] ?? type, { kind: "volume", ...changed }) }, 202);
  };
  const byName = (name: unknown, slug: unknown): Volume => {
    const found = volumes.find((one) => one.name === name && one.region === slug);
    if (!found) throw notFound();
    return found;
  };

  return new Hono()
    .get("/", (c) => {
      const { name, region: slug } = c.req.query();
      const found = volumes.list(
        (one) => (name === undefined || one.name === name) && (slug === undefined || one.region === slug),
      );
      return page(c, "volumes", found.map(describe));
    })
    .post("/", async (c) => {
      const body = await readFields(c);
      const name = requiredText(body, "name");
      if (!/^[a-z][a-z0-9-]{0,63}$/.test(name)) {
        throw unprocessable(
          "name must begin with a letter and have only lower-case letters, digits and hyphens, at most 64",
        );
      }
      const slug = requiredText(body, "region");
      if (!region(slug)) throw unprocessable("region is invalid");
      if (volumes.find((other) => other.name === name && other.region === slug)) {
        throw conflict(`failed to create volume: a volume with the name ${name} already exists in ${slug}`);
      }
      const made = volumes.put({
        id: randomUUID(),
        name,
        region: slug,
        description: optionalText(body, "description"),
        size_gigabytes: checkSize(body.size_gigabytes, 1),
        filesystem_type: optionalText(body, "filesystem_type"),
        filesystem_label: optionalText(body, "filesystem_label"),
        droplet: null,
        tags: list(body, "tags", isText),
        created_at: timestamp(),
      });
      return c.json({ volume: describe(made) }, 201);
    })
    .delete("/", (c) => {
      remove(byName(c.req.query("name"), c.req.query("region")));
      return c.body(null, 204);
    })
    .post("/actions", async (c) => {
      const body = await readFields(c);
      return act(c, byName(body.volume_name, body.region), body);
    })
    .get("/:volume_id", (c) => c.json({ volume: describe(volume(c)) }))
    .delete("/:volume_id", (c) => {
      remove(volume(c));
      return c.body(null, 204);
    })
    .get("/:volume_id/actions", (c) => listActionsOf(c, context, `volume:${volume(c).id}`))
    .post("/:volume_id/actions", async (c) => {
      const body = await readFields(c);
      return act(c, volume(c), body);
    })
    .get("/:volume_id/actions/:action_id", (c) => getActionOf(c, context, `volume:${volume(c).id}`));
}

/** How the API calls in the action what was asked for. */
const actionTypes: Record<string, string> = { attach: "attach_volume", detach: "detach_volume", resize: "resize" };

function effect({ droplets }: DigitalOceanContext, type: string, body: Fields, before: Volume): Volume {
  switch (type) {
    case "attach": {
      const droplet = droplets.get(String(body.droplet_id));
      if (!droplet) throw unprocessable("droplet not found");
      if (droplet.region !== before.region) throw unprocessable("droplet and volume must be in the same region");
      if (before.droplet !== null) throw unprocessable("Volume is already attached to a Droplet");
      return { ...before, droplet: droplet.id };
    }
    case "detach":
      if (before.droplet === null || before.droplet !== String(body.droplet_id)) {
        throw unprocessable("Attachment not found");
      }
      return { ...before, droplet: null };
    case "resize":
      return { ...before, size_gigabytes: checkSize(body.size_gigabytes, before.size_gigabytes) };
    default:
      throw unprocessable(`${type} is not an action of a volume: use attach, detach or resize`);
  }
}

function checkSize(asked: unknown, least: number): number {
  if (typeof asked !== "number" || !Number.isInteger(asked) || asked < least || asked > largestGigabytes) {
    throw unprocessable(`size_gigabytes must be a whole number from ${least} to ${largestGigabytes}`);
  }
  return asked;
}

function describe({ droplet, region: slug, ...volume }: Volume): Fields {
  return { ...volume, region: region(slug), droplet_ids: droplet === null ? [] : [Number(droplet)] };
}
