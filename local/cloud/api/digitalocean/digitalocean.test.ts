import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createApiClient } from "dots-wrapper";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { startTestApi, type TestApi } from "../test-api.ts";

let cloud: TestApi;
beforeEach(async () => {
  cloud = await startTestApi();
});
afterEach(() => cloud.close());

const publicKey = `ssh-ed25519 ${Buffer.concat([
  Buffer.from([0, 0, 0, 11]),
  Buffer.from("ssh-ed25519"),
  Buffer.from([0, 0, 0, 32]),
  Buffer.alloc(32, 1),
]).toString("base64")} test@example.com`;

/** The status and body with which the client sees a call refused. */
async function refusal(call: Promise<unknown>): Promise<{ status: number; id: string; message: string }> {
  try {
    await call;
  } catch (error) {
    const { response } = error as { response?: { status: number; data: { id: string; message: string } } };
    if (!response) throw error;
    expect(response.data).toMatchObject({ request_id: expect.any(String) });
    return { status: response.status, id: response.data.id, message: response.data.message };
  }
  throw new Error("the call was not refused");
}

const unprocessable = { status: 422, id: "unprocessable_entity" };
const gone = { status: 404, id: "not_found" };

async function droplet(fields: Record<string, unknown> = {}) {
  const body = { name: "host", region: "fra1", size: "s-1vcpu-2gb", image: "debian-12-x64", ...fields };
  return (await cloud.digitalocean.droplet.createDroplet(body as never)).data.droplet;
}

async function volume(fields: Record<string, unknown> = {}) {
  const body = { name: "data", region: "fra1", size_gigabytes: 10, ...fields };
  return (await cloud.digitalocean.volume.createVolume(body as never)).data.volume;
}

describe("requests as such", () => {
  test("a wrong token is a 401", async () => {
    const wrong = createApiClient({ token: "wrong", endpoint: `${cloud.origin}/v2` });
    expect(await refusal(wrong.account.getAccount())).toMatchObject({ status: 401, id: "Unauthorized" });
  });

  test("the account is active", async () => {
    expect((await cloud.digitalocean.account.getAccount()).data.account).toMatchObject({ status: "active" });
  });

  test("a path that the API does not have is a logged 404, a method that a path does not have a logged 405", async () => {
    expect(await refusal(cloud.digitalocean.domain.listDomains({}))).toMatchObject(gone);
    expect((await cloud.request("PATCH", "/v2/account")).status).toBe(405);
    expect(cloud.log).toEqual([
      "digitalocean: no route for GET /v2/domains (404)",
      "digitalocean: PATCH is not known for /v2/account (405)",
    ]);
  });

  test("a body that is no JSON object is a 400", async () => {
    expect(await cloud.request("POST", "/v2/vpcs", "{")).toMatchObject({ status: 400, body: { id: "bad_request" } });
  });

  test("lists come a page at a time, with links to the others", async () => {
    for (const name of ["a", "b", "c"]) await volume({ name });
    const page = async (number: number) =>
      (await cloud.digitalocean.volume.listVolumes({ page: number, per_page: 2 })).data;
    const first = await page(1);
    expect(first.volumes.map(({ name }) => name)).toEqual(["a", "b"]);
    expect(first.meta).toEqual({ total: 3 });
    expect(first.links?.pages?.next).toBe(`${cloud.origin}/v2/volumes?page=2&per_page=2`);
    const second = await page(2);
    expect(second.volumes.map(({ name }) => name)).toEqual(["c"]);
    expect(Object.keys(second.links?.pages ?? {})).toEqual(["first", "prev"]);
    expect((await cloud.digitalocean.volume.listVolumes({})).data.links).toEqual({});
  });

  test("regions, sizes and images can be chosen from", async () => {
    const { region, size, image } = cloud.digitalocean;
    expect((await region.listRegions({})).data.regions.map(({ slug }) => slug)).toContain("fra1");
    expect((await size.listSizes({ per_page: 200 })).data.sizes).toContainEqual(
      expect.objectContaining({ slug: "s-1vcpu-2gb", memory: 2048, vcpus: 1 }),
    );
    expect((await image.getImage({ image_id: "debian-12-x64" as never })).data.image).toMatchObject({
      distribution: "Debian",
    });
    expect(await refusal(image.getImage({ image_id: "none" as never }))).toMatchObject(gone);
  });
});

describe("SSH keys", () => {
  test("a key is made with its fingerprint, read by it, renamed and deleted", async () => {
    const { sshKey } = cloud.digitalocean;
    const { id, fingerprint } = (await sshKey.createSshKey({ name: "key", public_key: publicKey })).data.ssh_key;
    expect(fingerprint).toMatch(/^([0-9a-f]{2}:){15}[0-9a-f]{2}$/);
    expect((await sshKey.getSshKey({ ssh_key_id: fingerprint as never })).data.ssh_key.id).toBe(id);
    expect((await sshKey.updateSshKey({ ssh_key_id: id, name: "new" })).data.ssh_key).toMatchObject({ name: "new" });
    expect((await sshKey.destroySshKey({ ssh_key_id: id })).status).toBe(204);
    expect(await refusal(sshKey.getSshKey({ ssh_key_id: id }))).toMatchObject(gone);
  });

  test("a key in use and a text that is no key are refused", async () => {
    const create = (public_key: string) => cloud.digitalocean.sshKey.createSshKey({ name: "key", public_key });
    await create(publicKey);
    expect(await refusal(create(publicKey))).toEqual({
      ...unprocessable,
      message: "SSH Key is already in use on your account",
    });
    expect(await refusal(create("ssh-ed25519 AAAA"))).toMatchObject(unprocessable);
  });
});

describe("droplets", () => {
  test("a droplet is new in the answer, active with addresses when it is read, and gone after its deletion", async () => {
    const made = await droplet({ tags: ["mcp"], monitoring: true });
    expect(made).toMatchObject({ status: "new", id: expect.any(Number) });
    const read = (await cloud.digitalocean.droplet.getDroplet({ droplet_id: made.id })).data.droplet;
    expect(read).toMatchObject({ status: "active", size_slug: "s-1vcpu-2gb", memory: 2048, vcpus: 1, disk: 50 });
    expect(read.features).toContain("monitoring");
    expect(read.networks.v4.map(({ type, ip_address }) => [type, ip_address])).toEqual([
      ["private", "10.100.0.4"],
      ["public", "203.0.113.4"],
    ]);
    const list = async (query: object) =>
      (await cloud.request("GET", `/v2/droplets?${new URLSearchParams({ ...query })}`)).body;
    expect((await list({ name: "host" })).droplets).toHaveLength(1);
    expect((await list({ name: "other" })).droplets).toHaveLength(0);
    expect((await list({ tag_name: "mcp" })).droplets).toHaveLength(1);
    expect((await cloud.digitalocean.droplet.deleteDroplet({ droplet_id: made.id })).status).toBe(204);
    expect(await refusal(cloud.digitalocean.droplet.getDroplet({ droplet_id: made.id }))).toMatchObject(gone);
    expect(await refusal(cloud.digitalocean.droplet.deleteDroplet({ droplet_id: made.id }))).toMatchObject(gone);
    expect((await droplet()).id).toBeGreaterThan(made.id);
  });

  test("its creation is an action that can be followed, and user data is never told", async () => {
    const body = { name: "h", region: "fra1", size: "s-1vcpu-1gb", image: "debian-12-x64", user_data: "s3cr3t" };
    const created = await cloud.request("POST", "/v2/droplets", body);
    expect(created.status).toBe(202);
    const [link] = created.body.links.actions;
    expect(link).toMatchObject({ rel: "create", href: `${cloud.origin}/v2/actions/${link.id}` });
    const { action } = (await cloud.digitalocean.action.getAction({ action_id: link.id })).data;
    expect(action).toMatchObject({ status: "completed", type: "create", resource_id: created.body.droplet.id });
    expect(JSON.stringify(cloud.store.collection("digitalocean.droplets").list())).not.toContain("s3cr3t");
  });

  test("actions change it", async () => {
    const { id: droplet_id } = await droplet();
    const api = cloud.digitalocean.droplet;
    const status = async () => (await api.getDroplet({ droplet_id })).data.droplet.status;
    expect((await api.powerOffDroplet({ droplet_id })).data.action).toMatchObject({ status: "in-progress" });
    expect(await status()).toBe("off");
    await api.powerOnDroplet({ droplet_id });
    expect(await status()).toBe("active");
    await api.renameDroplet({ droplet_id, name: "renamed" });
    await api.resizeDroplet({ droplet_id, size: "s-2vcpu-4gb", disk: true } as never);
    expect((await api.getDroplet({ droplet_id })).data.droplet).toMatchObject({ name: "renamed", memory: 4096 });
    const { actions } = (await api.listDropletActions({ droplet_id })).data;
    expect(actions.map(({ type, status: state }) => [type, state])).toEqual(
      ["resize", "rename", "power_on", "power_off", "create"].map((type) => [type, "completed"]),
    );
    expect(await refusal(api.snapshotDroplet({ droplet_id, name: "s" }))).toMatchObject(unprocessable);
  });

  test("what it is made of must exist", async () => {
    expect(await refusal(droplet({ size: "huge" }))).toMatchObject({
      ...unprocessable,
      message: expect.stringContaining("size"),
    });
    expect(await refusal(droplet({ region: "mars" }))).toMatchObject(unprocessable);
    expect(await refusal(droplet({ image: "none" }))).toMatchObject(unprocessable);
    expect(await refusal(droplet({ name: "" }))).toMatchObject(unprocessable);
    expect(await refusal(droplet({ ssh_keys: ["aa:bb"] }))).toMatchObject(unprocessable);
    expect(await refusal(droplet({ vpc_uuid: "none" }))).toMatchObject(unprocessable);
    expect(await refusal(droplet({ volumes: ["none"] }))).toMatchObject(unprocessable);
    expect(await refusal(droplet({ tags: "mcp" }))).toMatchObject(unprocessable);
    expect((await cloud.digitalocean.droplet.listDroplets({})).data.droplets).toEqual([]);
  });
});

describe("VPCs", () => {
  test("a VPC is made, listed, renamed and deleted", async () => {
    const { vpc } = cloud.digitalocean;
    const made = (await vpc.createVpc({ name: "net", region: "fra1", ip_range: "10.10.0.0/24" } as never)).data.vpc;
    expect(made).toMatchObject({ urn: `do:vpc:${made.id}`, default: false, ip_range: "10.10.0.0/24" });
    expect((await vpc.updateVpc({ vpc_id: made.id, name: "renamed", description: "why" } as never)).data.vpc.name).toBe(
      "renamed",
    );
    expect((await vpc.listVpcs({})).data.vpcs).toHaveLength(1);
    expect((await vpc.deleteVpc({ vpc_id: made.id })).status).toBe(204);
    expect(await refusal(vpc.getVpc({ vpc_id: made.id }))).toMatchObject(gone);
  });

  test("a name in use, a range that overlaps or is none, and the deletion of one with members are refused", async () => {
    const { vpc } = cloud.digitalocean;
    const create = (name: string, ip_range: string) => vpc.createVpc({ name, region: "fra1", ip_range } as never);
    const { id } = (await create("net", "10.10.0.0/24")).data.vpc;
    expect(await refusal(create("net", "10.11.0.0/24"))).toMatchObject({ status: 409, id: "conflict" });
    expect(await refusal(create("other", "10.10.0.0/16"))).toMatchObject(unprocessable);
    for (const range of ["8.8.8.0/24", "10.0.0.0/8", "10.10.1.1/24", "nonsense"]) {
      expect(await refusal(create("other", range)), range).toMatchObject(unprocessable);
    }
    const { id: droplet_id } = await droplet({ vpc_uuid: id });
    expect(await refusal(vpc.deleteVpc({ vpc_id: id }))).toEqual({
      status: 409,
      id: "conflict",
      message: "Can not delete VPC with members",
    });
    expect((await vpc.listVpcResources({ vpc_id: id } as never)).data.members).toMatchObject([
      { urn: `do:droplet:${droplet_id}` },
    ]);
    await cloud.digitalocean.droplet.deleteDroplet({ droplet_id });
    await vpc.deleteVpc({ vpc_id: id });
  });

  test("a droplet without a VPC is in the default one of its region, which cannot be deleted", async () => {
    const { vpc_uuid } = await droplet();
    const { vpc } = (await cloud.digitalocean.vpc.getVpc({ vpc_id: vpc_uuid })).data;
    expect(vpc).toMatchObject({ name: "default-fra1", default: true });
    expect(await refusal(cloud.digitalocean.vpc.deleteVpc({ vpc_id: vpc_uuid }))).toMatchObject({ status: 403 });
  });
});

describe("volumes", () => {
  test("a volume is attached, detached, resized and deleted", async () => {
    const { volume: api } = cloud.digitalocean;
    const { id: volume_id } = await volume();
    const { id: droplet_id } = await droplet();
    const attached = (await api.attachVolumeToDroplet({ volume_id, droplet_id } as never)).data.action;
    expect(attached).toMatchObject({ type: "attach_volume", status: "in-progress" });
    expect((await cloud.digitalocean.action.getAction({ action_id: attached.id })).data.action.status).toBe(
      "completed",
    );
    expect((await api.getVolumeAction({ volume_id, action_id: attached.id } as never)).data.action.status).toBe(
      "completed",
    );
    expect((await api.getVolume({ volume_id })).data.volume.droplet_ids).toEqual([droplet_id]);
    expect((await cloud.digitalocean.droplet.getDroplet({ droplet_id })).data.droplet.volume_ids).toEqual([volume_id]);
    expect(await refusal(api.deleteVolume({ volume_id }))).toMatchObject({ status: 409, id: "conflict" });
    expect(await refusal(api.attachVolumeToDroplet({ volume_id, droplet_id } as never))).toMatchObject(unprocessable);
    await api.detachVolumeFromDroplet({ volume_id, droplet_id } as never);
    expect(await refusal(api.detachVolumeFromDroplet({ volume_id, droplet_id } as never))).toEqual({
      ...unprocessable,
      message: "Attachment not found",
    });
    await api.resizeVolume({ volume_id, size_gigabytes: 20 } as never);
    expect(await refusal(api.resizeVolume({ volume_id, size_gigabytes: 5 } as never))).toMatchObject(unprocessable);
    expect((await api.getVolume({ volume_id })).data.volume.size_gigabytes).toBe(20);
    await api.deleteVolume({ volume_id });
    expect(await refusal(api.getVolume({ volume_id }))).toMatchObject(gone);
  });

  test("a name is unique in its region, and found by it", async () => {
    await volume();
    expect(await refusal(volume())).toMatchObject({ status: 409, id: "conflict" });
    await volume({ region: "nyc3" });
    expect((await cloud.digitalocean.volume.listVolumes({ name: "data" })).data.volumes).toHaveLength(2);
    expect(await refusal(volume({ name: "Data" }))).toMatchObject(unprocessable);
    expect(await refusal(volume({ name: "x", size_gigabytes: "10" }))).toMatchObject(unprocessable);
  });

  test("it cannot be attached across regions, and outlives its droplet", async () => {
    const { id: volume_id } = await volume();
    const far = await droplet({ region: "nyc3" });
    const attach = (droplet_id: number) =>
      cloud.digitalocean.volume.attachVolumeToDroplet({ volume_id, droplet_id } as never);
    expect(await refusal(attach(far.id))).toMatchObject(unprocessable);
    const near = await droplet({ volumes: [volume_id] });
    expect((await cloud.digitalocean.volume.getVolume({ volume_id })).data.volume.droplet_ids).toEqual([near.id]);
    await cloud.digitalocean.droplet.deleteDroplet({ droplet_id: near.id });
    expect((await cloud.digitalocean.volume.getVolume({ volume_id })).data.volume.droplet_ids).toEqual([]);
  });
});

describe("firewalls", () => {
  const inbound = { protocol: "tcp", ports: "22", sources: { addresses: ["198.51.100.1/32"] } };
  const outbound = { protocol: "tcp", ports: "1-65535", destinations: { addresses: ["0.0.0.0/0"] } };
  const create = (fields: object = {}) =>
    cloud.digitalocean.firewall.createFirewall({
      name: "fw",
      inbound_rules: [inbound],
      outbound_rules: [outbound],
      ...fields,
    } as never);

  test("a firewall is made, changed as a whole and in parts, and deleted", async () => {
    const { firewall: api } = cloud.digitalocean;
    const { id: droplet_id } = await droplet();
    const created = await create({ droplet_ids: [droplet_id] });
    expect(created.status).toBe(202);
    const firewall_id = String(created.data.firewall.id);
    const read = async () => (await api.getFirewall({ firewall_id })).data.firewall;
    expect(await read()).toMatchObject({ status: "succeeded", droplet_ids: [droplet_id], inbound_rules: [inbound] });
    await api.removeDropletsFromFirewall({ firewall_id, droplet_ids: [droplet_id] });
    expect((await read()).droplet_ids).toEqual([]);
    await api.addDropletsToFirewall({ firewall_id, droplet_ids: [droplet_id] });
    const icmp = { protocol: "icmp", ports: "", sources: { addresses: ["0.0.0.0/0"] } };
    await api.addRulesToFirewall({ firewall_id, inbound_rules: [icmp], outbound_rules: [] } as never);
    expect((await read()).inbound_rules).toEqual([inbound, icmp]);
    await api.removeRulesFromFirewall({ firewall_id, inbound_rules: [inbound], outbound_rules: [] } as never);
    expect((await read()).inbound_rules).toEqual([icmp]);
    await cloud.digitalocean.droplet.deleteDroplet({ droplet_id });
    expect((await read()).droplet_ids).toEqual([]);
    await api.updateFirewall({
      id: firewall_id,
      name: "renamed",
      inbound_rules: [],
      outbound_rules: [outbound],
    } as never);
    expect(await read()).toMatchObject({ name: "renamed", inbound_rules: [] });
    await api.deleteFirewall({ firewall_id });
    expect(await refusal(read())).toMatchObject(gone);
  });

  test("a name in use, rules that are none and droplets that do not exist are refused", async () => {
    await create();
    expect(await refusal(create())).toEqual({ status: 409, id: "conflict", message: "duplicate name" });
    expect(await refusal(create({ name: "b", droplet_ids: [1] }))).toMatchObject(unprocessable);
    expect(await refusal(create({ name: "b", inbound_rules: [], outbound_rules: [] }))).toMatchObject(unprocessable);
    expect(await refusal(create({ name: "b", inbound_rules: [{ ...inbound, ports: "x" }] }))).toMatchObject(
      unprocessable,
    );
    expect(await refusal(create({ name: "b", inbound_rules: [{ ...inbound, protocol: "gre" }] }))).toMatchObject(
      unprocessable,
    );
    expect(await refusal(create({ name: "b", inbound_rules: [{ protocol: "tcp", ports: "22" }] }))).toMatchObject(
      unprocessable,
    );
  });
});

describe("projects", () => {
  test("resources are in the default project until they are moved, and keep a project from being deleted", async () => {
    const { project: api } = cloud.digitalocean;
    const { id } = await volume();
    const urn = `do:volume:${id}`;
    const byDefault = (await api.getDefaultProject()).data.project;
    expect((await api.listDefaultProjectResources({})).data.resources).toMatchObject([{ urn, status: "ok" }]);
    const made = (
      await api.createProject({ name: "mcp", purpose: "Service or API", environment: "Production" } as never)
    ).data.project;
    const assigned = await api.assignResourcesToProject({
      project_id: made.id,
      resources: [urn, "do:droplet:1"],
    } as never);
    expect(assigned.data.resources).toMatchObject([{ urn, status: "assigned" }, { status: "not_found" }]);
    expect((await api.listProjectResources({ project_id: made.id } as never)).data.resources).toMatchObject([{ urn }]);
    expect((await api.listDefaultProjectResources({})).data.resources).toEqual([]);
    expect(await refusal(api.deleteProject({ project_id: made.id }))).toMatchObject({
      status: 412,
      id: "precondition_failed",
    });
    expect(await refusal(api.deleteProject({ project_id: byDefault.id }))).toMatchObject({ status: 412 });
    await cloud.digitalocean.volume.deleteVolume({ volume_id: id });
    await api.patchProject({ project_id: made.id, description: "changed" } as never);
    expect((await api.getProject({ project_id: made.id })).data.project).toMatchObject({
      name: "mcp",
      description: "changed",
    });
    await api.deleteProject({ project_id: made.id });
    expect((await api.listProjects({})).data.projects.map(({ name }) => name)).toEqual([byDefault.name]);
  });

  test("a name in use and a missing purpose are refused", async () => {
    const create = (fields: object) => cloud.digitalocean.project.createProject(fields as never);
    await create({ name: "mcp", purpose: "Service or API" });
    expect(await refusal(create({ name: "mcp", purpose: "Service or API" }))).toMatchObject({ status: 409 });
    expect(await refusal(create({ name: "b" }))).toMatchObject(unprocessable);
  });
});

describe("monitoring", () => {
  test("an alert policy is made, read, changed, listed and deleted", async () => {
    const policy = {
      type: "v1/insights/droplet/cpu",
      description: "busy",
      compare: "GreaterThan",
      value: 80,
      window: "5m",
      alerts: { email: ["a@example.com"], slack: [] },
      entities: [],
      tags: ["mcp"],
      enabled: true,
    };
    const { uuid } = (await cloud.request("POST", "/v2/monitoring/alerts", policy)).body.policy;
    const path = `/v2/monitoring/alerts/${uuid}`;
    expect((await cloud.request("GET", path)).body.policy).toEqual({ uuid, ...policy });
    expect((await cloud.request("PUT", path, { ...policy, value: 90 })).body.policy).toMatchObject({ uuid, value: 90 });
    expect((await cloud.request("GET", "/v2/monitoring/alerts")).body.policies).toHaveLength(1);
    expect((await cloud.request("POST", "/v2/monitoring/alerts", { ...policy, window: "2m" })).status).toBe(422);
    expect((await cloud.request("DELETE", path)).status).toBe(204);
    expect((await cloud.request("GET", path)).status).toBe(404);
  });

  test("an uptime check and its alerts are made, changed and deleted together", async () => {
    const check = {
      name: "coda",
      type: "https",
      target: "https://coda-mcp.example.com/health",
      regions: ["eu_west"],
      enabled: true,
    };
    const made = await cloud.request("POST", "/v2/uptime/checks", check);
    expect(made).toMatchObject({ status: 201, body: { check } });
    const path = `/v2/uptime/checks/${made.body.check.id}`;
    expect((await cloud.request("PUT", path, { name: "renamed" })).body.check).toMatchObject({
      ...check,
      name: "renamed",
    });
    const alert = { name: "down", type: "down", period: "2m", notifications: { email: ["a@example.com"], slack: [] } };
    const { id } = (await cloud.request("POST", `${path}/alerts`, alert)).body.alert;
    expect((await cloud.request("GET", `${path}/alerts/${id}`)).body.alert).toEqual({ id, ...alert });
    expect((await cloud.request("PUT", `${path}/alerts/${id}`, { period: "5m" })).body.alert).toMatchObject({
      period: "5m",
      name: "down",
    });
    expect((await cloud.request("GET", `${path}/alerts`)).body.alerts).toHaveLength(1);
    expect((await cloud.request("POST", `${path}/alerts`, { ...alert, type: "odd" })).status).toBe(422);
    expect((await cloud.request("DELETE", path)).status).toBe(204);
    expect((await cloud.request("GET", `${path}/alerts/${id}`)).status).toBe(404);
    expect(cloud.store.collection("digitalocean.uptime.alerts").list()).toEqual([]);
  });
});

test("what an answer tells is on disk before it is given", async () => {
  const { id } = await volume();
  expect(await readFile(join(cloud.store.dir, "state.json"), "utf8")).toContain(id);
});

test("a restart keeps everything, numbers go on", async () => {
  const { id: droplet_id } = await droplet();
  const { id: volume_id } = await volume();
  await cloud.digitalocean.volume.attachVolumeToDroplet({ volume_id, droplet_id } as never);
  cloud = await cloud.restart();
  expect((await cloud.digitalocean.droplet.getDroplet({ droplet_id })).data.droplet).toMatchObject({
    status: "active",
    volume_ids: [volume_id],
  });
  expect((await droplet({ name: "second" })).id).toBe(droplet_id + 1);
});
