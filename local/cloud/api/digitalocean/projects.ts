import { randomUUID } from "node:crypto";
import { type Context, Hono } from "hono";
import { timestamp } from "./actions.ts";
import { type Fields, isText, list, readFields, requiredText, without } from "./body.ts";
import { ApiError, conflict, notFound, page, unprocessable } from "./envelope.ts";
import type { DigitalOceanContext, Project } from "./records.ts";

const readOnly = ["id", "owner_uuid", "owner_id", "is_default", "created_at", "updated_at"];
const environments = ["Development", "Staging", "Production"];

/** `/v2/projects` (DigitalOcean API, Projects). Every droplet and volume is in the default project until it is moved. */
export function projectRoutes(context: DigitalOceanContext): Hono {
  const { projects, assignments } = context;
  const project = (c: Context): Project => {
    const asked = c.req.param("project_id") ?? "";
    const found = asked === "default" ? defaultProject(context) : projects.get(asked);
    if (!found) throw notFound();
    return found;
  };
  const check = (fields: Fields, except?: string): { name: string } => {
    const name = requiredText(fields, "name");
    requiredText(fields, "purpose");
    if (fields.environment && !environments.includes(String(fields.environment))) {
      throw unprocessable(`environment must be one of ${environments.join(", ")}`);
    }
    if (projects.find((other) => other.name === name && other.id !== except)) {
      throw conflict("name is already in use");
    }
    return { name };
  };
  const change = async (c: Context): Promise<Response> => {
    const body = await readFields(c);
    const before = project(c);
    const fields = { ...before, ...without(body, ...readOnly) };
    if (body.is_default === true) {
      for (const other of projects.list((one) => one.is_default)) projects.put({ ...other, is_default: false });
    }
    const is_default = before.is_default || body.is_default === true;
    const changed = projects.put({
      ...fields,
      ...check(fields, before.id),
      id: before.id,
      is_default,
      updated_at: timestamp(),
    });
    return c.json({ project: changed });
  };
  const resourcesOf = ({ id, is_default, created_at }: Project): Fields[] =>
    urns(context)
      .filter((urn) => (assignments.get(urn)?.project ?? (is_default ? id : undefined)) === id)
      .map((urn) => ({ ...describeResource(urn, "ok"), assigned_at: assignments.get(urn)?.assigned_at ?? created_at }));

  return new Hono()
    .get("/", (c) => {
      defaultProject(context);
      return page(c, "projects", projects.list());
    })
    .post("/", async (c) => {
      const body = await readFields(c);
      return c.json({ project: make(context, { ...without(body, ...readOnly), ...check(body) }, false) }, 201);
    })
    .get("/:project_id", (c) => c.json({ project: project(c) }))
    .put("/:project_id", change)
    .patch("/:project_id", change)
    .delete("/:project_id", (c) => {
      const gone = project(c);
      if (gone.is_default) throw new ApiError(412, "precondition_failed", "cannot delete the default project");
      if (resourcesOf(gone).length > 0) {
        throw new ApiError(
          412,
          "precondition_failed",
          "cannot delete a project with resources. move or remove the resources first",
        );
      }
      projects.delete(gone.id);
      return c.body(null, 204);
    })
    .get("/:project_id/resources", (c) => page(c, "resources", resourcesOf(project(c))))
    .post("/:project_id/resources", async (c) => {
      const resources = list(await readFields(c), "resources", isText);
      const { id } = project(c);
      const existing = urns(context);
      const answers = resources.map((urn) => {
        if (!existing.includes(urn)) return describeResource(urn, "not_found");
        const already = assignments.get(urn)?.project === id;
        const { assigned_at } = assignments.put({ id: urn, project: id, assigned_at: timestamp() });
        return { ...describeResource(urn, already ? "already_assigned" : "assigned"), assigned_at };
      });
      return c.json({ resources: answers, links: {}, meta: { total: answers.length } });
    });
}

function defaultProject(context: DigitalOceanContext): Project {
  const found = context.projects.find((one) => one.is_default);
  return (
    found ??
    make(
      context,
      { name: "first-project", description: "", purpose: "Just trying out DigitalOcean", environment: "" },
      true,
    )
  );
}

function make({ projects }: DigitalOceanContext, fields: Fields & { name: string }, is_default: boolean): Project {
  return projects.put({
    description: "",
    environment: "",
    ...fields,
    id: randomUUID(),
    owner_id: 1,
    owner_uuid: "00000000-0000-4000-8000-000000000001",
    is_default,
    created_at: timestamp(),
    updated_at: timestamp(),
  });
}

/** What can be in a project, by uniform resource name. */
function urns({ droplets, volumes }: DigitalOceanContext): string[] {
  return [...droplets.list().map(({ id }) => `do:droplet:${id}`), ...volumes.list().map(({ id }) => `do:volume:${id}`)];
}

function describeResource(urn: string, status: string): Fields {
  const [, kind, id] = urn.split(":");
  return { urn, links: { self: `https://api.digitalocean.com/v2/${kind}s/${id}` }, status };
}
