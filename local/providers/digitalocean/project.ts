import { createHash } from "node:crypto";
import type { OperationContext, Properties, ResourceType } from "../core/resource-type.ts";
import { digitalOceanApi, orGone, path } from "./client.ts";
import { plainResource } from "./plain.ts";

const base = plainResource({
  inputs: {
    name: { required: true },
    description: {},
    purpose: { default: "Web Application", same: samePurpose },
    environment: { same: (wanted, actual) => String(wanted).toLowerCase() === String(actual).toLowerCase() },
    isDefault: { default: false },
    resources: { computed: true, set: true },
  },
  outputs: ["createdAt", "ownerId", "ownerUuid", "updatedAt"],
  volatile: ["updatedAt"],
  collection: () => "/projects",
  one: "project",
  many: "projects",
  named: "name",
  toApi: ({ resources: _, ...rest }) => ({ description: "", environment: "", ...rest }),
});

/** The API writes a purpose that is not on its list as `Other: <purpose>`. */
function samePurpose(wanted: unknown, actual: unknown): boolean {
  return wanted === actual || `Other: ${wanted}` === actual;
}

/** https://docs.digitalocean.com/reference/api/reference/projects/ */
export const project: ResourceType = {
  ...base,
  async create(inputs, context) {
    const made = await base.create(inputs, context);
    await assign(made.id, (inputs.resources ?? []) as string[], context);
    return { ...made, outputs: { ...made.outputs, resources: inputs.resources ?? [] } };
  },
  async read(id, state, context) {
    const found = await base.read(id, state, context);
    return found && { id, outputs: { ...found.outputs, resources: await assigned(id, context) } };
  },
  async update(id, inputs, state, context) {
    const outputs = await base.update?.(id, inputs, state, context);
    if (inputs.resources === undefined) return { ...outputs };
    await reassign(id, inputs.resources as string[], (state.resources ?? []) as string[], context);
    return { ...outputs, resources: inputs.resources };
  },
  async delete(id, state, context) {
    // A project with resources cannot be deleted; they go to the default project.
    await unassign(await assigned(id, context), context);
    await base.delete(id, state, context);
  },
};

/** https://docs.digitalocean.com/reference/api/reference/project-resources/ */
export const projectResources: ResourceType = {
  inputs: {
    project: { required: true, replaces: true },
    resources: { required: true, set: true },
  },
  outputs: [],
  async create(inputs, context) {
    const resources = inputs.resources as string[];
    await assign(String(inputs.project), resources, context);
    const hash = createHash("sha256")
      .update([...resources].sort().join(","))
      .digest("hex")
      .slice(0, 12);
    return { id: `${inputs.project}-${hash}`, outputs: {} };
  },
  async read(id, state, context) {
    const actual = await assigned(String(state.project), context);
    const mine = ((state.resources ?? []) as string[]).filter((urn) => actual.includes(urn));
    return mine.length === 0 ? undefined : { id, outputs: { project: state.project, resources: mine } };
  },
  async update(_id, inputs, state, context) {
    await reassign(String(inputs.project), inputs.resources as string[], (state.resources ?? []) as string[], context);
    return {};
  },
  async delete(_id, state, context) {
    const actual = await assigned(String(state.project), context);
    await unassign(
      ((state.resources ?? []) as string[]).filter((urn) => actual.includes(urn)),
      context,
    );
  },
};

async function assign(id: string, resources: string[], context: OperationContext): Promise<void> {
  if (resources.length > 0) await digitalOceanApi(context).post(path`/projects/${id}/resources`, { resources });
}

async function unassign(resources: string[], context: OperationContext): Promise<void> {
  if (resources.length === 0) return;
  const api = digitalOceanApi(context);
  const { project: standard } = await api.get<{ project: Properties }>("/projects/default");
  await api.post(path`/projects/${standard.id}/resources`, { resources });
}

async function reassign(id: string, wanted: string[], before: string[], context: OperationContext): Promise<void> {
  await unassign(
    before.filter((urn) => !wanted.includes(urn)),
    context,
  );
  await assign(
    id,
    wanted.filter((urn) => !before.includes(urn)),
    context,
  );
}

async function assigned(id: string, context: OperationContext): Promise<string[]> {
  const found = await orGone(
    digitalOceanApi(context).list<{ urn: string }>(path`/projects/${id}/resources`, "resources"),
  );
  return (found ?? []).map((resource) => resource.urn);
}
