import { catalogue } from "@hybrid-mcp/catalogue";
import type { Resource } from "../digest.ts";
import { durations } from "../durations.ts";
import { droplets } from "../prices.ts";
import { added, type Change, change, isOf, listed, type Scene } from "../scene.ts";

/** Whatever is in the droplet's Docker Engine or belongs to the machine. */
const isOfMachine = ({ type, name }: Resource) =>
  /^(docker|digitalocean):/.test(type) || type === "pulumi:providers:docker" || name === "machine";

/** A droplet that is made anew, with all that is on it. */
export function replacedDroplet(scene: Scene): Change[] {
  const droplet = theDroplet(scene);
  if (droplet?.op !== "replace") return [];
  const volume = scene.one("Volume", "data");
  const loss = scene.lossOf(droplet);
  const away = awayOf(scene);
  const hasVolume = volume?.type.startsWith("digitalocean:") === true && volume.before !== undefined;
  const keepsVolume = hasVolume && volume.op !== "delete" && volume.op !== "replace";
  const taken = scene.take((each) => each === droplet || isCauseOf(droplet)(each));
  const changedImages = scene
    .open((each) => isOf("RemoteImage")(each) && !followsMachine(each))
    .map(({ name }) => name);
  taken.push(
    ...scene.take(
      (each) => followsMachine(each) && !changedImages.includes(`${each.name}-image`) && !scene.lossOf(each),
    ),
  );
  return [
    change(taken, {
      title: `The droplet is replaced${reasons(droplet)}: it is deleted, and a new one is made and set up`,
      calls: { fail: true, text: `${away} for the whole time` },
      data: loss
        ? { risk: true, text: `lost: ${loss.lost}` }
        : keepsVolume
          ? { risk: false, text: "kept: the volume moves to the new droplet" }
          : { risk: false, text: hasVolume ? "what becomes of its volume is told by itself" : "none is on it" },
      losses: loss ? [loss] : [],
      seconds: added(
        durations.dropletMade.seconds,
        durations.containerStart.seconds,
        keepsVolume ? durations.volumeMoved.seconds : [0, 0],
      ),
      notes: [`The update gives up when the new one is not ready within ${scene.deadlines.readySeconds} s.`],
    }),
  ];
}

/** Inputs by which a resource knows the droplet, or what is made anew on it: they change because the droplet does. */
const following: [type: RegExp, inputs: string[]][] = [
  [/^digitalocean:/, ["dropletId", "dropletIds", "entities", "resources"]],
  [/^docker:.*:RemoteImage$/, ["triggers", "build"]],
  [/^docker:/, ["labels", "image", "name", "networksAdvanced", "volumes", "mounts"]],
];

/** Whether it is made anew, or points to another droplet, for no other reason than that the droplet is made anew. */
function followsMachine({ type, name, op, changed }: Resource): boolean {
  if (type === "pulumi:providers:docker" || name === "machine") return true;
  if (type.startsWith("docker:") ? op !== "replace" : op !== "replace" && op !== "update") return false;
  const inputs = following.find(([pattern]) => pattern.test(type))?.[1];
  return inputs !== undefined && changed.every((key) => inputs.includes(key));
}

/** What is replaced, and the droplet with it: its deploy key, its network. */
const isCauseOf =
  ({ because }: Resource) =>
  (each: Resource) =>
    (because.includes("sshKeys") && isOf("SshKey")(each)) || (because.includes("vpcUuid") && isOf("Vpc")(each));

/** A droplet that gets another size, backups or name, in place. */
export function changedDroplet(scene: Scene): Change[] {
  const droplet = theDroplet(scene);
  if (droplet?.op !== "update") return [];
  const { before, after, changed } = droplet;
  const taken = scene.take((each) => each === droplet);
  const changes: Change[] = [];
  const [from, to] = [before?.inputs?.size, after?.inputs?.size].map(String) as [string, string];
  if (from !== to) {
    const [fromDisk, toDisk] = [droplets.sizes[from]?.[1], droplets.sizes[to]?.[1]];
    const shrinks = fromDisk !== undefined && toDisk !== undefined && toDisk < fromDisk;
    changes.push(
      change(taken, {
        title: `The droplet gets another size: ${from} → ${to}`,
        calls: { fail: true, text: `${awayOf(scene)} while it is off` },
        data: { risk: false, text: "kept: disk and volume stay; a larger disk can never be made smaller again" },
        seconds: durations.dropletResized.seconds,
        notes: [
          "DigitalOcean shuts the droplet down, resizes it and starts it: about a minute for each GB that is used on its disk.",
        ],
        fails: shrinks
          ? [
              `The disk of ${to} is smaller (${toDisk} GB, ${from} has ${fromDisk} GB): DigitalOcean refuses that, and the update will fail.`,
            ]
          : [],
      }),
    );
  }
  const others = changed.filter((key) => key !== "size");
  if (others.length > 0 || changes.length === 0) {
    const text = others.every((key) => /^backup/.test(key))
      ? `DigitalOcean's backups of the droplet: ${backups(before?.inputs)} → ${backups(after?.inputs)}`
      : `The droplet changes in place (${listed(others)})`;
    changes.push(change(changes.length === 0 ? taken : [], { title: text }));
  }
  return changes;
}

/** A droplet that is made because something is placed on it, or goes because nothing is any more. */
export function madeDroplet(scene: Scene): Change[] {
  const droplet = theDroplet(scene);
  if (droplet?.op === "create" || droplet?.op === "import") {
    const imported = droplet.op === "import";
    const size = droplet.after?.inputs?.size;
    return [
      change(
        scene.take((each) => isOfMachine(each) && ["create", "import"].includes(each.op) && !ofData(each)),
        {
          title: imported
            ? "A droplet that is there already is taken into the stack; nothing about it is changed"
            : `A droplet is made (${size}) and set up, with the tunnel's connector`,
          seconds: imported ? durations.apiCall.seconds : durations.dropletMade.seconds,
          notes: imported ? [] : [`The update gives up when it is not ready within ${scene.deadlines.readySeconds} s.`],
        },
      ),
    ];
  }
  if (droplet?.op !== "delete") return [];
  const loss = scene.lossOf(droplet);
  const taken = scene.take(
    (each) => isOfMachine(each) && each.op === "delete" && (each === droplet || !scene.lossOf(each)),
  );
  return [
    change(taken, {
      title: droplet.before?.retainOnDelete
        ? "The stack lets go of the droplet; it is not deleted"
        : "The droplet is deleted: nothing is placed on it any more",
      ...(loss && { losses: [loss], data: { risk: true, text: `lost: ${loss.lost}` } }),
      seconds: [10, 60],
    }),
  ];
}

/** The data volume: it is made, or grows. */
export function dataVolume(scene: Scene): Change[] {
  const isVolume = (each: Resource) =>
    each.type.startsWith("digitalocean:") && isOf("Volume", "VolumeAttachment")(each);
  const taken = scene.take(isVolume);
  const volume = taken.find(isOf("Volume"));
  if (taken.length === 0) return [];
  const [from, to] = [volume?.before?.inputs?.size, volume?.after?.inputs?.size];
  if (volume?.op === "update" && from !== to) {
    return [
      change(taken, {
        title: `The data volume grows from ${from} to ${to} GB, while it is used`,
        data: { risk: false, text: "kept: it grows in place; it can never be made smaller" },
      }),
    ];
  }
  const what =
    volume?.op === "create" ? `A data volume is made (${to} GB) and attached` : "The data volume is attached anew";
  return [change(taken, { title: what, seconds: durations.volumeMoved.seconds })];
}

/** Who gets to the machine, and who is told about it. */
export function around(scene: Scene): Change[] {
  const firewall = scene.take(isOf("Firewall"));
  const told = scene.take(
    (each) => each.type.startsWith("digitalocean:") && isOf("MonitorAlert", "UptimeCheck", "UptimeAlert")(each),
  );
  const shown = scene.take(isOf("Project", "ProjectResources"));
  const network = scene.take(isOf("Vpc", "SshKey"));
  const provider = scene.take(({ type }) => type === "pulumi:providers:docker");
  return [
    ...firewall.map((each) =>
      change([each], {
        title: `SSH to the droplet is open for ${addresses(each.after)} (before: ${addresses(each.before)})`,
      }),
    ),
    ...(told.length > 0
      ? [change(told, { title: `What is watched, and who is told (${told.length} alerts and checks)` })]
      : []),
    ...(shown.length > 0
      ? [change(shown, { title: "Where DigitalOcean's control panel shows droplet and volume" })]
      : []),
    ...(network.length > 0 ? [change(network, { title: "The droplet's private network or deploy key" })] : []),
    ...(provider.length > 0
      ? [change(provider, { title: "How this program reaches the droplet's Docker Engine", seconds: [0, 0] })]
      : []),
  ];
}

/** Connectors, and what containers share. */
export function sharedContainers(scene: Scene): Change[] {
  const connectors = scene.take((each) => isOf("Container", "RemoteImage")(each) && /^cloudflared/.test(each.name));
  const networks = scene.take((each) => isOf("Network")(each) && each.type.startsWith("docker:"));
  const images = scene.take(isOf("RemoteImage"));
  const containers = connectors.filter(isOf("Container"));
  const replaced = networks.some(({ op }) => op === "replace");
  return [
    ...(containers.length > 0
      ? [
          change(connectors, {
            title: connectorTitle(containers),
            calls: scene.dropletIsReplaced
              ? { fail: true, text: `${awayOf(scene)} until the new droplet has it` }
              : { fail: false, text: "no call fails: a new one is connected before the old one goes" },
            seconds: added(durations.connectorStart.seconds, [1, scene.deadlines.drainSeconds]),
          }),
        ]
      : connectors.length > 0
        ? [change(connectors, { title: "The image of the tunnel's connector is fetched" })]
        : []),
    ...(networks.length > 0
      ? [
          change(networks, {
            title: `The containers' network ${replaced ? "is made anew" : "changes"}`,
            ...(replaced && { calls: { fail: true, text: `${awayOf(scene)} until its container is in the new one` } }),
            seconds: durations.containerStart.seconds,
          }),
        ]
      : []),
    ...(images.length > 0
      ? [
          change(images, {
            title: `Images are built or fetched on the droplet (${listed(images.map(({ name }) => name))})`,
          }),
        ]
      : []),
  ];
}

function connectorTitle(containers: Resource[]): string {
  const ops = new Set(containers.map(({ op }) => op));
  if (ops.size === 1 && ops.has("create")) return `Connectors of the tunnel are added (${containers.length})`;
  if (ops.size === 1 && ops.has("delete")) return `Connectors of the tunnel are taken away (${containers.length})`;
  return "The tunnel's connector is made anew";
}

function theDroplet(scene: Scene): Resource | undefined {
  const droplet = scene.one("Droplet", "droplet");
  return droplet && scene.open((each) => each === droplet)[0];
}

const ofData = ({ name, type }: Resource) =>
  isOf("Volume", "VolumeAttachment")({ type }) || /^(n8n|backup|postgres|firecrawl-)/.test(name);

function awayOf(scene: Scene): string {
  const away = scene.onDroplet((service) => catalogue[service].title);
  return away.length > 0
    ? `${listed(away)} ${away.length === 1 ? "does" : "do"} not answer`
    : "nothing is on it that could be away";
}

const words: Record<string, string> = {
  userData: "it is set up in another way",
  image: "another image",
  region: "another region",
  vpcUuid: "another private network",
  sshKeys: "another deploy key",
  name: "another name",
};

function reasons({ because }: Resource): string {
  // A network cannot leave its region.
  const own = because.includes("region") ? because.filter((key) => key !== "vpcUuid") : because;
  return own.length > 0 ? ` (${listed(own.map((key) => words[key] ?? key))})` : "";
}

function backups(inputs: Record<string, unknown> | undefined): string {
  if (!inputs?.backups) return "none";
  const { plan } = (inputs.backupPolicy ?? {}) as { plan?: string };
  return plan ?? "daily";
}

function addresses(state: Resource["after"]): string {
  const rules = (state?.inputs?.inboundRules ?? []) as { sourceAddresses?: string[] }[];
  return listed(rules.flatMap(({ sourceAddresses = [] }) => sourceAddresses)) || "nobody";
}
