import { catalogue, type Placement, platform, type ServiceName, serviceNames } from "@hybrid-mcp/catalogue";
import type { Resource, ResourceState } from "../digest.ts";
import { durations } from "../durations.ts";
import { added, type Change, change, isOf, listed, type Scene } from "../scene.ts";
import { settingsOf } from "./settings.ts";

const home: Record<Placement, string> = { workers: "Workers", droplet: "the droplet" };

/** Services that move. */
export function flips(scene: Scene): Change[] {
  return serviceNames.flatMap((service) => {
    const from = scene.placement(service, "before");
    const to = scene.placement(service, "after");
    if (!from || !to || from === to || scene.one("WorkersRoute", `${service}-route`)!.op !== "update") return [];
    const { gateSeconds, confirmSeconds, drainSeconds } = scene.deadlines;
    const version = versions(scene, `${service}-script`);
    const taken = [
      ...scene.take((each) => isOf("WorkersRoute")(each) && each.name === `${service}-route`),
      ...scene.take(isPartOf(service)),
    ];
    // The tunnel's rules name the container of a changed service.
    if (version) taken.push(...scene.take(isOf("ZeroTrustTunnelCloudflaredConfig")));
    const toDroplet = to === "droplet";
    const keepsContainer = scene.one("Container", service)?.op === "same";
    const start = toDroplet && !keepsContainer ? durations.containerStart.seconds : durations.apiCall.seconds;
    const confirmed = [confirmSeconds, confirmSeconds] as const;
    const drained = toDroplet || keepsContainer ? ([0, 0] as const) : ([1, drainSeconds] as const);
    return [
      change(taken, {
        title: `${catalogue[service].title} moves from ${home[from]} to ${home[to]}${version ? `, with a new version (${version})` : ""}`,
        calls: callsOfFlip(scene, to) ?? {
          fail: false,
          text: `no call fails: new calls go to ${home[to]} once it has answered as it should; those that run on ${home[from]} end there`,
        },
        data: { risk: false, text: "not touched: the service keeps nothing, sign-ins and connections stay" },
        seconds: added(start, confirmed, drained),
        notes: [
          `If ${home[to]} is not healthy within ${gateSeconds} s, nothing moves and the update fails.`,
          ...(toDroplet || keepsContainer
            ? []
            : [`The container has up to ${drainSeconds} s to finish the calls that run on it.`]),
        ],
      }),
    ];
  });
}

/** Beside a droplet that goes off, a flip away from it cannot promise what it promises else. */
function callsOfFlip(scene: Scene, to: Placement): Change["calls"] | undefined {
  if (to === "droplet" || !scene.dropletIsAway) return undefined;
  return { fail: true, text: `calls can fail: the droplet may go off before they go to ${home[to]}` };
}

/** Services that are new, or taken away. */
export function comingAndGoing(scene: Scene): Change[] {
  return serviceNames.flatMap((service) => {
    const { title, subdomain } = catalogue[service];
    const op = scene.one("WorkersScript", `${service}-script`)?.op;
    if (op !== "create" && op !== "delete") return [];
    const placed = scene.placement(service, op === "create" ? "after" : "before") ?? "workers";
    const taken = scene.take(
      (each) =>
        isPartOf(service)(each) ||
        (isOf("WorkersRoute")(each) && each.name === `${service}-route`) ||
        (isOf("DnsRecord")(each) &&
          (each.name.startsWith(`${subdomain}.`) || each.name.startsWith(`gate-${service}.`))),
    );
    const start = placed === "droplet" ? durations.containerStart.seconds : durations.workerUpload.seconds;
    return op === "create"
      ? [change(taken, { title: `${title} is new, on ${home[placed]}`, seconds: start })]
      : [
          change(taken, {
            title: `${title} is taken away`,
            calls: { fail: true, text: `every call to ${title} fails from then on` },
            data: { risk: false, text: "kept: people's connections to it stay, should it come back" },
          }),
        ];
  });
}

/** Services, broker and gateway that get a new version, or other settings. */
export function newVersions(scene: Scene): Change[] {
  const services = serviceNames.map((name) => [name, catalogue[name].title] as const);
  const broker = ["oauth-broker", platform["oauth-broker"].title] as const;
  const gateway = ["mcp-gateway", platform["mcp-gateway"].title] as const;
  const found = [broker, gateway, ...services].flatMap(([name, title]) => {
    const script = scene.open((each) => isOf("WorkersScript")(each) && each.name === `${name}-script`)[0];
    const container = scene.open((each) => isOf("Container")(each) && each.name === name)[0];
    if (!script && !container) return [];
    if (script && script.op !== "update") return [platformScript(scene, name, title, script)];
    if (!script && ["create", "delete"].includes(container!.op)) return [standby(scene, name, title, container!)];
    const version = versions(scene, `${name}-script`);
    const settings = settingsOf(scene, name);
    const hidden = isHidden(script, container);
    const isKnown = scene.settings !== undefined;
    const what = [
      version ? `gets a new version: ${version}` : [],
      settings.words ? `gets other settings: ${settings.words}` : [],
    ].flat();
    const explained = what.length > 0;
    if (!explained) what.push(isKnown && hidden ? "gets other settings: what changes is secret" : otherwise(script));
    const how = [script ? ON_WORKERS : [], container ? onDroplet(container) : []].flat();
    const away = scene.dropletIsReplaced && scene.placement(name as ServiceName, "after") === "droplet";
    const usual =
      explained || (isKnown && !hidden)
        ? { fail: false, text: `no call fails: ${how.join("; on the droplet ")}` }
        : { fail: true, text: `calls can fail if what changes is wrong: ${isKnown ? "it is secret" : WAS_NOT_KNOWN}` };
    return [
      change(scene.take(isPartOf(name)), {
        title: `${title} ${what.join(", and ")}`,
        calls: away
          ? { fail: true, text: "it does not answer until the new droplet has it" }
          : (settings.calls ?? usual),
        data: settings.data ?? (isKnown || version ? KEPT : { risk: false, text: `not known here: ${WAS_NOT_KNOWN}` }),
        losses: settings.losses,
        seconds: container
          ? added(durations.containerStart.seconds, [1, scene.deadlines.drainSeconds])
          : durations.workerUpload.seconds,
        notes: [
          name === "oauth-broker" && version
            ? "The audit trail's schema is brought up to date first; steps only add to it."
            : [],
          version && !isKnown ? `Whether it gets other settings as well is not known: ${WAS_NOT_KNOWN}.` : [],
          settings.words && hidden ? "Whether a secret changes as well is not known: secrets are not compared." : [],
        ].flat(),
      }),
    ];
  });
  const last = found.at(-1);
  // Where the tunnel leads follows the containers.
  const rules = scene.open(isOf("ZeroTrustTunnelCloudflaredConfig"));
  if (last && rules.length > 0 && rules[0]!.op === "update") {
    for (const { op, type, name } of scene.take(isOf("ZeroTrustTunnelCloudflaredConfig"))) {
      last.resources.push({ op, type, name });
    }
  }
  return found;
}

/** The broker's or the gateway's Worker, made or taken away. */
function platformScript(scene: Scene, name: string, title: string, script: Resource): Change {
  const created = script.op === "create";
  const taken = scene.take(
    (each) => isPartOf(name)(each) || each.name === `${name}-route` || each.name === "oauth-broker-sweep",
  );
  return change(taken, {
    title: `${title}: its Worker is ${created ? "new" : script.op === "delete" ? "taken away" : "made anew"}`,
    seconds: durations.workerUpload.seconds,
    calls: created
      ? { fail: false, text: "no call fails" }
      : {
          fail: true,
          text:
            created || script.op === "replace"
              ? `calls of ${title} fail for some seconds`
              : "calls fail unless something else answers at its hostname",
        },
  });
}

/** Everything of a service's two homes but its route and its names. */
function isPartOf(service: ServiceName | (string & {})): (resource: Resource) => boolean {
  return (each) =>
    (isOf("WorkersScript")(each) && each.name === `${service}-script`) ||
    (isOf("WorkersScriptSubdomain")(each) && each.name === `${service}-workers-dev`) ||
    (isOf("RemoteImage")(each) && each.name === `${service}-image`) ||
    (isOf("Container")(each) && each.name === service);
}

type Binding = { name: string; text?: string } & Record<string, unknown>;

const bindings = (state: ResourceState | undefined) => {
  const all = state?.inputs?.bindings;
  return Array.isArray(all) ? (all as Binding[]) : [];
};

/** `0.1.0+abc → 0.1.0+def`, if a Worker's bundle changes. */
function versions(scene: Scene, script: string): string | undefined {
  const { before, after, op } = scene.one("WorkersScript", script) ?? {};
  if (op !== "update" || before?.inputs?.contentSha256 === after?.inputs?.contentSha256) return undefined;
  const [from, to] = [before, after].map((state) => bindings(state).find(({ name }) => name === "VERSION")?.text);
  return from && to ? `${from} → ${to}` : "another bundle";
}

const KEPT = { risk: false, text: "not touched" };
const ON_WORKERS = "Cloudflare hands new calls to it at once, those that run end on the old one";
const WAS_NOT_KNOWN = "the last update did not register what the settings were";

/** What happens to the calls of a container that changes together with its Worker, or alone. */
function onDroplet({ op }: Resource): string {
  if (op === "create") return "a container is made that takes no call yet";
  if (op === "delete") return "the container goes, to which no call went";
  return "the new container starts beside the old one, which ends what runs on it";
}

/** A container of a service on Workers, which is there for a quicker way back (`cutover.keepStandby`). */
function standby(scene: Scene, name: string, title: string, { op }: Resource): Change {
  const isNew = op === "create";
  return change(scene.take(isPartOf(name)), {
    title: `${title} ${isNew ? "gets a standby on the droplet: a container" : "has no standby on the droplet any more: its container goes"}`,
    calls: { fail: false, text: "no call fails: calls go to Workers, before and after" },
    seconds: isNew ? durations.containerStart.seconds : durations.apiCall.seconds,
  });
}

/** Whether what differs is hidden, for secrets among it. */
function isHidden(script: Resource | undefined, container: Resource | undefined): boolean {
  const states = script?.changed.includes("bindings") ? [script.before, script.after] : [];
  const ofContainer = container?.op === "replace" && container.changed.includes("envs");
  return ofContainer || states.some((state) => !Array.isArray(state?.inputs?.bindings));
}

/** What changes where neither a version nor a setting of the config does: names of bindings, never what they hold. */
function otherwise(script: Resource | undefined): string {
  if (!script) return "gets other settings on the droplet";
  const { before, after, changed } = script;
  const [from, to] = [bindings(before), bindings(after)];
  const names = [...new Set([...from, ...to].map(({ name }) => name))].filter(
    (name) =>
      JSON.stringify(from.find((each) => each.name === name)) !== JSON.stringify(to.find((each) => each.name === name)),
  );
  const all = [...names, ...changed.filter((key) => key !== "bindings")];
  return `gets other settings${all.length > 0 ? ` (${listed(all)})` : ""}`;
}
